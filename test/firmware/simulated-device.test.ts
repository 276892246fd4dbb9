import { describe } from 'vitest'
import { firmwareScenarios } from './scenarios.ts'
import { SimulatedDeviceUnderTest } from './simulated-device-under-test.ts'

describe('the simulated device', () => firmwareScenarios((setup) => new SimulatedDeviceUnderTest(setup)))
