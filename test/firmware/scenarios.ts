import { describe } from 'vitest'
import { commandScenarios } from './command-scenarios.ts'
import type { MakeDevice } from './device-under-test.ts'
import { faultScenarios } from './fault-scenarios.ts'
import { settingsScenarios } from './settings-scenarios.ts'
import { telemetryScenarios } from './telemetry-scenarios.ts'
import { tokenScenarios } from './token-scenarios.ts'

/** The one list: what every device must do, be it simulated or the firmware's own core. */
export function firmwareScenarios(make: MakeDevice): void {
  describe('telemetry', () => telemetryScenarios(make))
  describe('commands', () => commandScenarios(make))
  describe('settings', () => settingsScenarios(make))
  describe('tokens', () => tokenScenarios(make))
  describe('faults', () => faultScenarios(make))
}
