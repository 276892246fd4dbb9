import { utf8Length } from '../../protocol/json.ts'
import { type DeviceEvent, type DeviceLog, LOG_LEVELS } from '../../protocol/messages.ts'
import type { Clock } from './ports.ts'

/** What is kept in memory: enough to see what a fleet said in the last minutes. The oldest go. */
const KEPT_MAX = 5_000
const KEPT_MAX_BYTES = 4 * 1024 * 1024
/** Ids of one millisecond of the wall clock: a gateway that starts anew goes on above the ids of the one before. */
const IDS_PER_MS = 100

export interface RecentEvent {
  /** Rises, also over a restart. */
  readonly id: number
  readonly atMs: number
  readonly device: string
  readonly kind: 'event' | 'log'
  /** Of an event. */
  readonly name?: string
  readonly data?: unknown
  /** Of a log line. */
  readonly level?: DeviceLog['level']
  readonly text?: string
}

export interface RecentQuery {
  /** Only those with a lower id. */
  readonly before?: number
  readonly limit: number
  readonly device?: string
  readonly kind?: RecentEvent['kind']
  readonly name?: string
  /** Only log lines of this level or a worse one. */
  readonly level?: DeviceLog['level']
}

/** The latest events and log lines of all devices, as this node heard them. The bus has them all; this is for a look. */
export class RecentEvents {
  readonly #clock: Clock
  readonly #kept: { readonly event: RecentEvent; readonly bytes: number }[] = []
  /** Where the oldest that is kept stands: what lies before is cut off now and then. */
  #first = 0
  #bytes = 0
  #lastId: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastId = clock.wallMs() * IDS_PER_MS
  }

  /** Returns it with its place among all. */
  event(device: string, { name, data }: DeviceEvent): RecentEvent {
    return this.#keep({ device, kind: 'event', name, data }, utf8Length(JSON.stringify(data) ?? ''))
  }

  log(device: string, { level, text }: DeviceLog): RecentEvent {
    return this.#keep({ device, kind: 'log', level, text }, utf8Length(text))
  }

  /** Newest first; `next` is the `before` of the following page. */
  list(query: RecentQuery): {
    items: RecentEvent[]
    next?: number
  } {
    const { before = Number.POSITIVE_INFINITY, limit } = query
    const items: RecentEvent[] = []
    for (let at = this.#kept.length - 1; at >= this.#first; at--) {
      const event = this.#kept[at]?.event
      if (event === undefined || event.id >= before || !matches(event, query)) continue
      if (items.length === limit) return { items, next: items.at(-1)?.id }
      items.push(event)
    }
    return { items }
  }

  /** The device is deleted. */
  forget(device: string): void {
    const left = this.#kept.slice(this.#first).filter(({ event }) => event.device !== device)
    this.#kept.splice(0, this.#kept.length, ...left)
    this.#first = 0
    this.#bytes = left.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  #keep(said: Omit<RecentEvent, 'id' | 'atMs'>, bytes: number): RecentEvent {
    this.#lastId += 1
    const event = { ...said, id: this.#lastId, atMs: this.#clock.wallMs() }
    this.#kept.push({ event, bytes })
    this.#bytes += bytes
    while (this.#kept.length - this.#first > KEPT_MAX || this.#bytes > KEPT_MAX_BYTES) this.#dropOldest()
    if (this.#first >= KEPT_MAX) {
      this.#kept.splice(0, this.#first)
      this.#first = 0
    }
    return event
  }

  #dropOldest(): void {
    this.#bytes -= this.#kept[this.#first]?.bytes ?? 0
    delete this.#kept[this.#first]
    this.#first += 1
  }
}

function matches(event: RecentEvent, { device, kind, name, level }: RecentQuery): boolean {
  if (device !== undefined && event.device !== device) return false
  if (kind !== undefined && event.kind !== kind) return false
  if (name !== undefined && event.name !== name) return false
  return (
    level === undefined || (event.level !== undefined && LOG_LEVELS.indexOf(event.level) >= LOG_LEVELS.indexOf(level))
  )
}
