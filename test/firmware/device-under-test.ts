import type { JsonObject } from '../../protocol/json.ts'

/** What the scenarios ask of a device, whatever it is made of. */
export interface DeviceUnderTest {
  /** The id of the present boot. */
  readonly boot: string
  readonly state: 'ready' | 'waiting' | 'busy' | 'left'
  /** Sessions that became ready, since the device was made. */
  readonly sessions: number
  /** Records without an acknowledgement. */
  readonly unacknowledged: number
  /** The last `bye` of the gateway. */
  readonly lastBye: { readonly code: number; readonly reason: string } | undefined
  /** Every status by which a connect was refused, in order. */
  readonly refusals: readonly number[]
  readonly settings: JsonObject
  /** Digests of the new tokens that it confirmed, in order. */
  readonly confirmedTokens: readonly string[]

  start(): void
  telemetry(values: Readonly<Record<string, number | boolean | string>>): Promise<Born>
  event(name: string, data: JsonObject): Promise<Born>
  /** Opaque bytes on a binary channel [B-1]. */
  channel(name: string, payload: Uint8Array): Promise<Born>
  log(level: 'info' | 'warn', text: string): void
  /** A planned restart: what waits is kept, the boot id is new. Resolves when it runs again. */
  restart(): Promise<void>
  /** Leaves with the promise to be back. */
  sleep(seconds: number): void
  /** Leaves. */
  leave(): void
  /** How often the command with this id ran. */
  runsOf(commandId: string): number
}

export interface Born {
  readonly boot: string
  readonly seq: number
}

export interface DeviceSetup {
  readonly port: number
  readonly ca: string
  readonly token: string
  /** In the second slot. */
  readonly otherToken?: string
}

/** Makes one that is not started; it ends with the test. */
export type MakeDevice = (setup: DeviceSetup) => DeviceUnderTest

/** Waits are this much shorter, so that 15 minutes are 1.8 s. */
export const TIME_SCALE = 0.002
