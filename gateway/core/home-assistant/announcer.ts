import type { JsonObject } from '../../../protocol/json.ts'
import type { DeviceCounters } from '../device-counters.ts'
import type { DeviceWatcher } from '../device-watcher.ts'
import { GatewayError } from '../errors.ts'
import type { Duty } from '../periodic.ts'
import type { Bus, Clock, Log } from '../ports.ts'
import type { DeviceRow } from '../records.ts'
import type { Registry } from '../registry.ts'
import { type Discovery, discover, type Origin } from './discovery.ts'
import type { Announcement, AnnouncementStore, HomeAssistantSettings } from './ports.ts'
import { configTopic } from './topic.ts'

const TICK_MS = 250
/** A device shows its keys one after the other when it is new: they are announced together. */
const SETTLE_MS = 2_000
/** A device that makes up keys all day costs one announcement in this time. */
const REPEAT_AFTER_MS = 10_000
const RETRY_AFTER_MS = 5_000
/** After Home Assistant's birth message: it has subscribed to much at that moment, and so has everybody else. */
const BIRTH_SPREAD_MS = 5_000
/** With TICK_MS 100 a second, whatever the fleet: each is some KiB that Home Assistant must work through. */
const PER_TICK_MAX = 25
/** Announcements being read, stored or published at once. */
const AT_WORK_MAX = 16

export interface AnnouncerNeeds extends Origin {
  readonly registry: Pick<Registry, 'device'>
  readonly store: AnnouncementStore
  readonly bus: Pick<Bus, 'publish'>
  readonly values: { of(device: string): JsonObject }
  readonly clock: Clock
  readonly log: Log
  readonly counters: Pick<DeviceCounters, 'count'>
  readonly random: () => number
  /** Undefined: nothing is announced, and what was is cleared. */
  readonly settings: HomeAssistantSettings | undefined
}

/** What the bus holds of a device, as far as this process knows. */
interface Known {
  stored: readonly string[] | undefined
  /** Of the payload that was published last; undefined before the first. */
  digest: string | undefined
  atMs: number
}

/**
 * [U-15] Tells Home Assistant of devices: announced when their keys are known or change, again when it starts, taken back when
 * they are deleted, lose their tag or the settings change. Nothing waits for it.
 */
export class Announcer implements DeviceWatcher {
  readonly #needs: AnnouncerNeeds
  readonly #known = new Map<string, Known>()
  /** When to look at a device, on the monotonic clock; or at a topic of other settings, which has a slash. */
  readonly #due = new Map<string, number>()
  readonly #atWork = new Set<string>()

  constructor(needs: AnnouncerNeeds) {
    this.#needs = needs
  }

  /** Loads what was announced before, to be looked at again: under other settings it is cleared. */
  async restore(): Promise<void> {
    const nowMs = this.#needs.clock.monotonicMs()
    for (const { topic, device, components } of await this.#needs.store.announcements()) {
      const stands = topic === this.#topic(device)
      if (stands) this.#known.set(device, { stored: components, digest: undefined, atMs: Number.NEGATIVE_INFINITY })
      this.#due.set(stands ? device : topic, nowMs)
    }
  }

  rowChanged(row: DeviceRow): void {
    if (this.#isWanted(row) || this.#known.has(row.id)) this.#lookSoon(row.id)
  }

  gone(device: string): void {
    if (this.#known.has(device)) this.#lookSoon(device)
  }

  keysChanged(device: string): void {
    if (this.#needs.settings === undefined || this.#due.has(device)) return
    const lastMs = this.#known.get(device)?.atMs ?? Number.NEGATIVE_INFINITY
    this.#due.set(device, Math.max(this.#needs.clock.monotonicMs() + SETTLE_MS, lastMs + REPEAT_AFTER_MS))
  }

  /** Home Assistant said something about itself. After `online` it has forgotten what was not retained. */
  heard(payload: Uint8Array): void {
    if (new TextDecoder().decode(payload).trim() !== 'online') return
    const { clock, random, log } = this.#needs
    for (const [device, known] of this.#known) {
      known.digest = undefined
      this.#due.set(device, clock.monotonicMs() + random() * BIRTH_SPREAD_MS)
    }
    log.info({ devices: this.#known.size }, 'home assistant started: devices are announced again')
  }

  /** To be done again and again. */
  get duty(): Duty {
    return { name: 'home assistant', everyMs: TICK_MS, run: () => this.#tick() }
  }

  #tick(): void {
    const nowMs = this.#needs.clock.monotonicMs()
    let begun = 0
    for (const [key, dueMs] of this.#due) {
      if (this.#atWork.size >= AT_WORK_MAX || begun >= PER_TICK_MAX) return
      if (dueMs > nowMs || this.#atWork.has(key)) continue
      this.#due.delete(key) // a change from here on is another turn
      begun += 1
      this.#begin(key)
    }
  }

  #lookSoon(device: string): void {
    const soonMs = this.#needs.clock.monotonicMs() + SETTLE_MS
    this.#due.set(device, Math.min(soonMs, this.#due.get(device) ?? soonMs))
  }

  #begin(key: string): void {
    this.#atWork.add(key)
    const work = key.includes('/') ? this.#clear(key) : this.#show(key)
    work
      .catch((error: unknown) => {
        const again = error instanceof GatewayError && error.retry
        if (again) this.#due.set(key, this.#needs.clock.monotonicMs() + RETRY_AFTER_MS)
        this.#needs.log.warn({ error, about: key, again }, 'home assistant not told')
      })
      .finally(() => this.#atWork.delete(key))
  }

  async #show(device: string): Promise<void> {
    const { registry, values } = this.#needs
    const row = await registry.device(device)
    const discovery =
      row !== undefined && this.#isWanted(row) ? discover(row, values.of(device), this.#needs) : undefined
    const topic = this.#topic(device)
    if (topic === undefined) return
    if (discovery !== undefined && discovery.components.length > 0) await this.#publish(device, topic, discovery)
    else if (this.#known.has(device)) {
      await this.#clear(topic)
      this.#known.delete(device)
    }
  }

  async #publish(device: string, topic: string, discovery: Discovery): Promise<void> {
    const { clock, counters } = this.#needs
    const known = this.#known.get(device) ?? { stored: undefined, digest: undefined, atMs: 0 }
    this.#known.set(device, known)
    const digest = digestOf(discovery.payload)
    if (known.digest === digest) return
    known.digest = digest // before the waiting: a birth message in between makes it undefined again
    known.atMs = clock.monotonicMs()
    try {
      await this.#replace(known, device, topic, discovery)
    } catch (error) {
      known.digest = undefined
      throw error
    }
    if (discovery.leftOut > 0) counters.count(device, 'dropped', 'discovery_full', discovery.leftOut)
  }

  /** Stored before it is published, so that nothing is on the bus that would not be cleared after a crash. */
  async #replace(known: Known, device: string, topic: string, discovery: Discovery): Promise<void> {
    const { bus } = this.#needs
    const old = known.stored ?? []
    await this.#store(known, { topic, device, components: [...new Set([...old, ...discovery.components])] })
    const farewell = discovery.farewell(old)
    if (farewell !== undefined) await bus.publish(topic, farewell, { retain: true, expendable: true })
    await bus.publish(topic, discovery.payload, { retain: true, expendable: true })
    await this.#store(known, { topic, device, components: discovery.components })
  }

  async #store(known: Known, announcement: Announcement): Promise<void> {
    const { components } = announcement
    if (known.stored?.length === components.length && components.every((id) => known.stored?.includes(id))) return
    await this.#needs.store.saveAnnouncement(announcement)
    known.stored = components
  }

  /** [U-6] The row goes last: until then a crash makes the next start clear it again. */
  async #clear(topic: string): Promise<void> {
    await this.#needs.bus.publish(topic, '', { retain: true, expendable: true })
    await this.#needs.store.dropAnnouncement(topic)
  }

  #topic(device: string): string | undefined {
    const { settings, base } = this.#needs
    return settings && configTopic(settings.prefix, base, device)
  }

  #isWanted({ tags, model }: DeviceRow): boolean {
    const { settings } = this.#needs
    if (settings === undefined) return false
    if (settings.models.includes('*') || (model !== undefined && settings.models.includes(model))) return true
    return tags.some((tag) => settings.tags.includes(tag))
  }
}

/** Two times FNV-1a over the text, to notice a change without keeping some KiB for each device. */
function digestOf(text: string): string {
  let a = 0x811c9dc5
  let b = 0x01000193
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ (unit + i), 0x01000193)
  }
  return `${text.length}:${a}:${b}`
}
