import type { ChaosCase } from './case.ts'
import { brokerFrozen, brokerSlow, brokerStopped } from './cases/broker-away.ts'
import { gatewayKilled } from './cases/gateway-killed.ts'

/** Every case, in the order in which they start: the long ones first, since two run side by side. */
export const CASES: readonly ChaosCase[] = [gatewayKilled, brokerSlow, brokerStopped, brokerFrozen]
