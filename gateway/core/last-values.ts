import { type JsonObject, utf8Length } from '../../protocol/json.ts'
import type { TelemetryPoint, TelemetryValue } from '../../protocol/messages.ts'
import type { Topics } from '../../protocol/topics.ts'
import type { DeviceCounters } from './device-counters.ts'
import type { DeviceWatcher } from './device-watcher.ts'
import { GatewayError } from './errors.ts'
import type { Bus, Clock, Log } from './ports.ts'
import type { Registry } from './registry.ts'
import { stamp } from './telemetry.ts'

/** [U-5] Small MQTT clients and people read this topic. */
const KEYS_MAX = 128
const STATE_MAX_BYTES = 8 * 1024
const PUBLISH_EVERY_MS = 1_000
/** Only a convenience is lost when the process dies, so the disk is spared. */
const SAVE_EVERY_MS = 10_000

interface DeviceState {
  readonly values: Map<string, { value: TelemetryValue; ts: number }>
  dirtyToPublish: boolean
  publishing: boolean
  dirtyToSave: boolean
  publishedAtMs: number
}

export interface LastValuesNeeds {
  readonly registry: Pick<Registry, 'saveLastValues' | 'lastValues'>
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
  readonly counters: DeviceCounters
  readonly watcher?: Pick<DeviceWatcher, 'keysChanged'>
}

/** The newest value of each telemetry key: the retained, flat `state` topic [U-5]. Never delays an acknowledgement. */
export class LastValues {
  readonly #needs: LastValuesNeeds
  readonly #byDevice = new Map<string, DeviceState>()
  readonly #dirty = new Set<string>()
  #savedAtMs = 0

  constructor(needs: LastValuesNeeds) {
    this.#needs = needs
  }

  /** Loads what was stored and publishes it, since an embedded bus forgot its retained topics [U-9]. */
  async restore(): Promise<void> {
    for (const { device, values } of await this.#needs.registry.lastValues()) {
      const state = this.#state(device)
      for (const [key, item] of Object.entries(values)) {
        const [value, ts] = item as [TelemetryValue, number]
        state.values.set(key, { value, ts })
      }
      state.dirtyToPublish = true
      this.#dirty.add(device)
    }
  }

  merge(device: string, points: readonly TelemetryPoint[], receivedAtMs: number): void {
    const state = this.#state(device)
    for (const point of points) {
      const { ts } = stamp(point, receivedAtMs)
      for (const [key, value] of Object.entries(point.values)) {
        const known = state.values.get(key)
        if (typeof known?.value !== typeof value) this.#needs.watcher?.keysChanged(device)
        if (known === undefined || known.ts <= ts) state.values.set(key, { value, ts })
        if (state.values.size > KEYS_MAX) this.#dropOldest(device, state)
      }
    }
    state.dirtyToPublish = true
    state.dirtyToSave = true
    this.#dirty.add(device)
  }

  /** The flat object. */
  of(device: string): JsonObject {
    const entries = [...(this.#byDevice.get(device)?.values ?? [])]
    return Object.fromEntries(entries.map(([key, { value }]) => [key, value]))
  }

  forget(device: string): void {
    this.#byDevice.delete(device)
    this.#dirty.delete(device)
  }

  /** Call it a few times a second: publishes what changed, a device at most once a second, and saves now and then. */
  tick(): void {
    const nowMs = this.#needs.clock.monotonicMs()
    for (const device of this.#dirty) {
      const state = this.#byDevice.get(device)
      if (state?.dirtyToPublish && !state.publishing && nowMs - state.publishedAtMs >= PUBLISH_EVERY_MS) {
        this.#publish(device, state, nowMs)
      }
    }
    if (nowMs - this.#savedAtMs < SAVE_EVERY_MS) return
    this.#savedAtMs = nowMs
    this.save().catch((error: unknown) => this.#needs.log.warn({ error }, 'last values not stored'))
  }

  /** Stores what changed since the last time. */
  async save(): Promise<void> {
    const rows: { device: string; values: JsonObject }[] = []
    for (const device of this.#dirty) {
      const state = this.#byDevice.get(device)
      if (state === undefined) continue
      if (state.dirtyToSave) {
        const stored = [...state.values].map(([key, { value, ts }]) => [key, [value, ts]])
        rows.push({ device, values: Object.fromEntries(stored) as JsonObject })
        state.dirtyToSave = false
      }
      if (!state.dirtyToPublish) this.#dirty.delete(device)
    }
    if (rows.length === 0) return
    try {
      await this.#needs.registry.saveLastValues(rows)
    } catch (error) {
      for (const { device } of rows) this.#mark(device, 'dirtyToSave') // with the next save
      throw error
    }
  }

  #mark(device: string, what: 'dirtyToSave' | 'dirtyToPublish'): void {
    const state = this.#byDevice.get(device)
    if (state === undefined) return // deleted meanwhile
    state[what] = true
    this.#dirty.add(device)
  }

  #publish(device: string, state: DeviceState, nowMs: number): void {
    state.dirtyToPublish = false
    state.publishing = true
    state.publishedAtMs = nowMs
    let payload = JSON.stringify(this.of(device))
    while (utf8Length(payload) > STATE_MAX_BYTES) {
      this.#dropOldest(device, state)
      payload = JSON.stringify(this.of(device))
    }
    this.#needs.bus
      .publish(this.#needs.topics.state(device), payload, { retain: true })
      .catch((error: unknown) => {
        if (error instanceof GatewayError && error.retry) this.#mark(device, 'dirtyToPublish')
        else this.#needs.log.warn({ error, device }, 'state not published')
      })
      .finally(() => {
        state.publishing = false
      })
  }

  /** The key with the oldest value loses. */
  #dropOldest(device: string, state: DeviceState): void {
    let oldest = ''
    let oldestTs = Number.POSITIVE_INFINITY
    for (const [key, { ts }] of state.values) {
      if (ts >= oldestTs) continue
      oldest = key
      oldestTs = ts
    }
    state.values.delete(oldest)
    this.#needs.watcher?.keysChanged(device)
    this.#needs.counters.count(device, 'dropped', 'state_full')
  }

  #state(device: string): DeviceState {
    let state = this.#byDevice.get(device)
    if (state === undefined) {
      state = {
        values: new Map(),
        dirtyToPublish: false,
        publishing: false,
        dirtyToSave: false,
        publishedAtMs: Number.NEGATIVE_INFINITY,
      }
      this.#byDevice.set(device, state)
    }
    return state
  }
}
