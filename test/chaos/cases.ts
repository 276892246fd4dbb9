import type { ChaosCase } from './case.ts'
import { gatewayKilled } from './cases/gateway-killed.ts'
import { properties } from './cases/properties.ts'

/** Every case, in the order in which they start: the long ones first, since two run side by side. */
export const CASES: readonly ChaosCase[] = [gatewayKilled, properties]
