import type { CounterName, Metrics } from './ports.ts'

/** What is counted for one device since the gateway started. A fixed set: a device cannot make it grow. */
const NAMES = ['received', 'published', 'repeated', 'refused', 'dropped', 'malformed', 'gaps', 'connects'] as const
export type DeviceCounter = (typeof NAMES)[number]
export type DeviceCounts = Record<DeviceCounter, number>

/** Told of every count, thousands of times a second: it must return at once. */
export type DeviceCountListener = (
  device: string,
  counter: DeviceCounter,
  reason: string | undefined,
  by: number,
) => void

const FLEET_COUNTER: Partial<Record<DeviceCounter, CounterName>> = {
  received: 'messages_received',
  published: 'messages_published',
  repeated: 'messages_repeated',
  refused: 'messages_refused',
  dropped: 'messages_dropped',
  gaps: 'messages_missing',
}

/** Every message refused or dropped is counted for its device, and for the fleet with the reason. */
export class DeviceCounters {
  readonly #metrics: Metrics
  readonly #onCount: DeviceCountListener | undefined
  readonly #byDevice = new Map<string, DeviceCounts>()
  readonly #totals = zero()

  constructor(metrics: Metrics, onCount?: DeviceCountListener) {
    this.#metrics = metrics
    this.#onCount = onCount
  }

  count(device: string, counter: DeviceCounter, reason?: string, by = 1): void {
    const counts = this.#byDevice.get(device) ?? this.#begin(device, counter)
    if (counts !== undefined) counts[counter] += by
    this.#totals[counter] += by
    const fleet = FLEET_COUNTER[counter]
    if (fleet) this.#metrics.count(fleet, reason, by)
    this.#onCount?.(device, counter, reason, by)
  }

  of(device: string): Readonly<DeviceCounts> {
    return this.#byDevice.get(device) ?? zero()
  }

  /** Of all devices together, also of those that were deleted. */
  get totals(): Readonly<DeviceCounts> {
    return this.#totals
  }

  forget(device: string): void {
    this.#byDevice.delete(device)
  }

  #begin(device: string, counter: DeviceCounter): DeviceCounts | undefined {
    if (counter === 'published') return undefined // it was received before: the device is deleted meanwhile
    const counts = zero()
    this.#byDevice.set(device, counts)
    return counts
  }
}

function zero(): DeviceCounts {
  return { received: 0, published: 0, repeated: 0, refused: 0, dropped: 0, malformed: 0, gaps: 0, connects: 0 }
}
