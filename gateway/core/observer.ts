import type { DeviceEvent, DeviceLog, Progress, TelemetryPoint } from '../../protocol/messages.ts'
import type { BatchTarget } from './batch-store.ts'
import type { CommandRecord } from './command-machine.ts'
import type { RecentEvent } from './recent-events.ts'
import type { DeadLetter, DeviceRow, Presence } from './records.ts'

/** The place of an event or a log line among all that devices said. */
export type Heard = Pick<RecentEvent, 'id' | 'atMs'>

/**
 * Hears what happens, in the midst of it: every method returns at once and never throws. What it is given it may keep
 * and must not change.
 */
export interface Observer {
  presence(row: Presence): void
  /** A device was added, or something that is known of it changed. */
  device(row: DeviceRow): void
  deleted(device: string): void
  /** Taken, not yet confirmed by the bus. `bytes` is the size of the frame. */
  telemetry(device: string, points: readonly TelemetryPoint[], receivedAtMs: number, bytes: number): void
  event(device: string, event: DeviceEvent, heard: Heard, bytes: number): void
  log(device: string, log: DeviceLog, heard: Heard): void
  command(command: CommandRecord): void
  /** A batch was stored or cancelled, or this became of one of its devices while none of its commands changed. */
  batch(id: string, target?: BatchTarget): void
  progress(device: string, progress: Progress, atMs: number): void
  /** It is kept. */
  deadLetter(letter: DeadLetter): void
}
