import { History } from './history.ts'
import type { LiveRecord } from './record.ts'

/** Of one device, so that a page begins with the last minutes. */
const MESSAGES_MAX = 600
const DEVICE_MAX_BYTES = 64 * 1024
/** Of all devices together; beyond it each keeps its newest message alone. */
const TOTAL_MAX_BYTES = 16 * 1024 * 1024
/** How many devices more than there are now the shares are made for, so that they seldom shrink. */
const ROOM_FACTOR = 1.25

/** Telemetry of each device, for plots. All devices have the same share of the whole, also those that are silent. */
export class KeptTelemetry {
  readonly #byDevice = new Map<string, History<LiveRecord>>()
  /** Devices that the shares are made for. */
  #room = TOTAL_MAX_BYTES / DEVICE_MAX_BYTES

  of(device: string): History<LiveRecord> | undefined {
    return this.#byDevice.get(device)
  }

  add(device: string, record: LiveRecord, bytes: number): void {
    const history = this.#byDevice.get(device) ?? this.#begin(device)
    history.push(record, bytes, this.#shareBytes)
  }

  forget(device: string): void {
    this.#byDevice.delete(device)
  }

  get #shareBytes(): number {
    return TOTAL_MAX_BYTES / this.#room
  }

  #begin(device: string): History<LiveRecord> {
    const history = new History<LiveRecord>(MESSAGES_MAX)
    this.#byDevice.set(device, history)
    if (this.#byDevice.size > this.#room) {
      this.#room = Math.ceil(this.#byDevice.size * ROOM_FACTOR)
      for (const each of this.#byDevice.values()) each.shrinkTo(this.#shareBytes)
    }
    return history
  }
}
