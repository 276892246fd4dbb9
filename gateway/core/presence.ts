import type { Topics } from '../../protocol/topics.ts'
import { GatewayError } from './errors.ts'
import type { Observer } from './observer.ts'
import type { Bus, Clock, Log } from './ports.ts'
import type { Presence } from './records.ts'
import type { Registry } from './registry.ts'

/** How long after its promised wake a sleeping device counts as offline: its Wi-Fi and TLS take some seconds. */
const WAKE_GRACE_MS = 30_000

const MISSED_WAKE = 'missed_wake'

export interface PresenceNeeds {
  readonly registry: Pick<Registry, 'presences' | 'savePresence'>
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
  readonly node: string
  readonly observer?: Observer
}

/**
 * Who is here [P-1] … [P-6]. The rows in memory are the truth of this node; the registry keeps them over a restart
 * and the bus shows them. A row of an older session never replaces one of a newer.
 */
export class PresenceBoard {
  readonly #needs: PresenceNeeds
  readonly #rows = new Map<string, Presence>()
  readonly #sleeping = new Set<string>()
  /** Devices that did not wake when they had promised to. */
  readonly #overslept = new Set<string>()
  readonly #publishing = new Set<string>()
  /** Devices whose row the bus had no room for. */
  readonly #unshown = new Set<string>()
  /** Devices whose row the registry could not store. */
  readonly #unstored = new Set<string>()

  constructor(needs: PresenceNeeds) {
    this.#needs = needs
  }

  /** [P-5] Loads the rows; what this node left behind as online is offline. Publishes all without waiting for the bus. */
  async restore(): Promise<void> {
    for (const row of await this.#needs.registry.presences()) {
      this.#rows.set(row.device, row)
      this.#sort(row)
      if (row.state === 'online') this.#set({ ...row, ...this.#now('offline', 'gateway_restarted') })
      else this.#publish(row.device)
    }
  }

  of(device: string): Presence {
    return this.#rows.get(device) ?? { device, session: 0, ...this.#never() }
  }

  /** Devices that are away though they promised to be back. */
  *overslept(): Generator<Presence> {
    for (const device of this.#overslept) {
      const row = this.#rows.get(device)
      if (row !== undefined) yield row
    }
  }

  /** How many devices are in each state. */
  counts(): Record<Presence['state'], number> {
    const counts = { online: 0, offline: 0, sleeping: 0 }
    for (const { state } of this.#rows.values()) counts[state] += 1
    return counts
  }

  online(device: string, session: number): void {
    this.#set({ device, session, ...this.#now('online', 'connected') })
  }

  /** [P-2] The session ended. With `sleepS` the device promised to be back. */
  left(device: string, session: number, reason: string, sleepS?: number): void {
    if (sleepS === undefined) return this.#set({ device, session, ...this.#now('offline', reason) })
    const wakeAtMs = this.#needs.clock.wallMs() + sleepS * 1000
    this.#set({ device, session, ...this.#now('sleeping', 'sleep'), wakeAtMs })
  }

  /** A device that was just registered shows as offline from the start. */
  introduce(device: string): void {
    this.#set({ device, session: 0, ...this.#now('offline', 'never_connected') })
  }

  /** [P-6] Call it now and then: sleepers that missed their wake go offline; what was not shown or stored is tried again. */
  checkSleepers(): void {
    for (const device of this.#unshown) this.#publish(device)
    for (const device of [...this.#unstored]) this.#storeAgain(device)
    const nowMs = this.#needs.clock.wallMs()
    for (const device of this.#sleeping) {
      const row = this.#rows.get(device)
      if (row?.wakeAtMs === undefined || row.wakeAtMs + WAKE_GRACE_MS > nowMs) continue
      this.#set({ device, session: row.session, ...this.#now('offline', MISSED_WAKE) })
    }
  }

  /** Forgets a deleted device; its topics are cleared by who deletes it. */
  forget(device: string): void {
    this.#rows.delete(device)
    this.#sleeping.delete(device)
    this.#overslept.delete(device)
    this.#unshown.delete(device)
    this.#unstored.delete(device)
  }

  #now(state: Presence['state'], reason: string) {
    return { state, reason, sinceMs: this.#needs.clock.wallMs(), node: this.#needs.node }
  }

  #never() {
    return { state: 'offline', sinceMs: 0, reason: 'never_connected', node: this.#needs.node } as const
  }

  #set(row: Presence): void {
    const current = this.#rows.get(row.device)
    if (current !== undefined && current.session > row.session) return // [P-3]
    this.#rows.set(row.device, row)
    this.#needs.observer?.presence(row)
    this.#sort(row)
    this.#store(row)
    this.#publish(row.device)
  }

  #sort({ device, state, reason }: Presence): void {
    if (state === 'sleeping') this.#sleeping.add(device)
    else this.#sleeping.delete(device)
    if (reason === MISSED_WAKE) this.#overslept.add(device)
    else this.#overslept.delete(device)
  }

  /** A row that is not stored would be an older one after a restart: it is tried again, and logged once. */
  #store(row: Presence, isRetry = false): void {
    this.#needs.registry.savePresence(row).catch((error: unknown) => {
      const { device } = row
      if (!isRetry) this.#needs.log.warn({ error, device }, 'presence not stored')
      if (this.#rows.has(device)) this.#unstored.add(device)
    })
  }

  /** Not asked a second time while the first answer is still to come. */
  #storeAgain(device: string): void {
    this.#unstored.delete(device)
    const row = this.#rows.get(device)
    if (row !== undefined) this.#store(row, true)
  }

  #publish(device: string): void {
    if (this.#publishing.has(device)) return // the one at work reads the row again [P-4]
    this.#publishing.add(device)
    this.#publishUntilCurrent(device).catch((error: unknown) => this.#notShown(device, error))
  }

  /** A row that is not shown is a lie that stays: it is tried again, and logged once. */
  #notShown(device: string, error: unknown): void {
    if (!this.#unshown.has(device)) this.#needs.log.warn({ error, device }, 'availability not published')
    if (error instanceof GatewayError && error.retry && this.#rows.has(device)) this.#unshown.add(device)
  }

  async #publishUntilCurrent(device: string): Promise<void> {
    let shown: Presence | undefined
    try {
      for (;;) {
        const row = this.#rows.get(device)
        if (row === undefined || row === shown) return
        const topic = this.#needs.topics.availability(device)
        await this.#needs.bus.publish(topic, JSON.stringify(availability(row)), { retain: true })
        shown = row
        this.#unshown.delete(device)
      }
    } finally {
      this.#publishing.delete(device) // in the same breath as the last look at the row
    }
  }
}

/** [P-1] [P-7] */
function availability(row: Presence): object {
  const { state, session, sinceMs, reason, node, wakeAtMs } = row
  return { state, session, since: sinceMs, reason, node, wake_at: wakeAtMs }
}
