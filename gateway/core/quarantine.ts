import type { Topics } from '../../protocol/topics.ts'
import type { Audit } from './audit.ts'
import type { Bus, Clock, Log, Metrics } from './ports.ts'
import type { Session } from './session.ts'

/**
 * [P-9] Comebacks within the window that prove two holders of one token. A device makes a new boot id at each start, so a
 * boot that was replaced by another one never comes back by itself; three leave room for a proxy that repeats.
 */
const COMEBACKS_MAX = 3
/** Two devices that keep to the hint of 4009 take turns every 60 to 90 s. */
const WINDOW_MS = 600_000
/** As long as the ban of a device that connects too often. */
const QUARANTINE_MS = 300_000
/** Replaced sessions remembered per device; the oldest is forgotten. */
const REPLACED_KEPT = 8
/** Devices watched at once; the one untouched for longest is forgotten. */
const DEVICES_MAX = 5_000

export interface QuarantineView {
  readonly sinceMs: number
  readonly untilMs: number
}

/** One that lasts, with where its holders came from. */
export interface QuarantinedDevice extends QuarantineView {
  readonly device: string
  readonly addresses: readonly string[]
}

export interface QuarantineNeeds {
  readonly audit: Pick<Audit, 'note'>
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

interface Replaced {
  readonly boot: string
  readonly address: string | undefined
  readonly atMs: number
}
interface Watched {
  replaced: Replaced[]
  /** Monotonic ms. */
  comebacksAtMs: number[]
  untilMs: number
  shown: QuarantineView | undefined
  addresses: readonly string[]
}

/**
 * [P-9] Two devices with one token that take the session from each other are stopped: whoever has it keeps it, and for a
 * while nobody may take it. One device with bad Wi-Fi is not concerned: it comes back with the same boot id.
 */
export class Quarantine {
  readonly #needs: QuarantineNeeds
  readonly #watched = new Map<string, Watched>()

  constructor(needs: QuarantineNeeds) {
    this.#needs = needs
  }

  /** A live session of the device was replaced by a newer one. */
  replaced(older: Session, newer: Session): void {
    if (older.boot === newer.boot) return
    const nowMs = this.#needs.clock.monotonicMs()
    const watched = this.#touch(newer.device)
    watched.replaced = watched.replaced.filter(({ atMs }) => nowMs - atMs < WINDOW_MS)
    watched.comebacksAtMs = watched.comebacksAtMs.filter((atMs) => nowMs - atMs < WINDOW_MS)
    if (watched.replaced.some((before) => isSameHolder(before, newer, older))) watched.comebacksAtMs.push(nowMs)
    watched.replaced.push({ boot: older.boot, address: older.address, atMs: nowMs })
    if (watched.replaced.length > REPLACED_KEPT) watched.replaced.shift()
    if (watched.comebacksAtMs.length >= COMEBACKS_MAX) this.#begin(newer, watched, nowMs)
  }

  /** How long handshakes of the device are still refused in ms; 0 when they are not. */
  forMs(device: string): number {
    const watched = this.#watched.get(device)
    return watched === undefined ? 0 : Math.max(0, watched.untilMs - this.#needs.clock.monotonicMs())
  }

  of(device: string): QuarantineView | undefined {
    return this.forMs(device) > 0 ? this.#watched.get(device)?.shown : undefined
  }

  /** Those that last, by device. */
  list(): QuarantinedDevice[] {
    const lasting: QuarantinedDevice[] = []
    for (const [device, { shown, addresses }] of this.#watched) {
      if (shown !== undefined && this.forMs(device) > 0) lasting.push({ device, addresses, ...shown })
    }
    return lasting.sort((a, b) => (a.device < b.device ? -1 : 1))
  }

  /** An operator has seen to it, or knows better. */
  release(device: string): void {
    if (this.forMs(device) > 0) this.#end(device, 'operator')
  }

  /** Call it now and then: shows which quarantines are over. */
  tick(): void {
    for (const [device, { shown }] of this.#watched) {
      if (shown === undefined || this.forMs(device) > 0) continue
      this.#end(device, 'time')
      this.#note(device, 'quarantine_ended')
    }
  }

  forget(device: string): void {
    this.#watched.delete(device)
  }

  #begin(newer: Session, watched: Watched, nowMs: number): void {
    const { clock, log, metrics } = this.#needs
    const { device } = newer
    const sinceMs = clock.wallMs()
    watched.untilMs = nowMs + QUARANTINE_MS
    watched.comebacksAtMs = []
    watched.shown = { sinceMs, untilMs: sinceMs + QUARANTINE_MS }
    const addresses = [...new Set([newer.address, ...watched.replaced.map(({ address }) => address)])]
    watched.addresses = addresses.filter((address) => address !== undefined)
    metrics.count('quarantines', 'begun')
    log.warn({ device, addresses }, 'two holders of one token: device quarantined')
    this.#note(device, 'device_quarantined', { until: watched.shown.untilMs, addresses })
    this.#show(device, { alert: 'quarantined', reason: 'two_holders', at: sinceMs, until: watched.shown.untilMs })
  }

  #end(device: string, by: 'operator' | 'time'): void {
    const { clock, log, metrics } = this.#needs
    this.#watched.delete(device)
    metrics.count('quarantines', `ended_by_${by}`)
    log.info({ device, by }, 'quarantine over')
    this.#show(device, { alert: 'quarantine_over', reason: by, at: clock.wallMs() })
  }

  #note(device: string, action: string, detail?: { readonly until: number; readonly addresses: unknown[] }): void {
    this.#needs.audit.note({ actor: 'gateway', action, device, target: `devices/${device}`, outcome: 'ok', detail })
  }

  #show(device: string, alert: object): void {
    const { bus, topics, log } = this.#needs
    bus.publish(topics.alert(device), JSON.stringify(alert)).catch((error: unknown) => {
      log.warn({ error, device }, 'alert not published')
    })
  }

  #touch(device: string): Watched {
    const known = this.#watched.get(device)
    const watched = known ?? { replaced: [], comebacksAtMs: [], untilMs: 0, shown: undefined, addresses: [] }
    this.#watched.delete(device) // so that insertion order is the order of last use
    this.#watched.set(device, watched)
    if (this.#watched.size > DEVICES_MAX) {
      const oldest = this.#watched.keys().next()
      if (!oldest.done) this.#watched.delete(oldest.value)
    }
    return watched
  }
}

/** The same boot again; or, from holders that start anew each time, an address that takes turns with another one. */
function isSameHolder(before: Replaced, newer: Session, older: Session): boolean {
  if (before.boot === newer.boot) return true
  return newer.address !== undefined && before.address === newer.address && older.address !== newer.address
}
