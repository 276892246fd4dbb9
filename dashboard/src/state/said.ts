import { signal } from '@preact/signals'
import { call } from './api.ts'
import { subscribe } from './live.ts'

/** What devices say: events, and lines of their log. */

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

export interface Said {
  /** Rises; the same live and by pages. */
  readonly id: number
  readonly at: number
  readonly device: string
  readonly kind: 'event' | 'log'
  readonly name?: string
  readonly data?: unknown
  readonly level?: Level
  readonly text?: string
}

export interface SaidFilter {
  /** '' for all. */
  readonly device: string
  readonly kind: 'all' | 'event' | 'log'
  /** Of events; '' for all. */
  readonly name: string
  /** The mildest of log lines. */
  readonly level: Level
}

interface Page {
  readonly items: readonly Said[]
  readonly next: number | null
}

/** Some ten thousand rows are no burden for a browser; more are. The oldest go, and can be read again. */
const KEPT_MAX = 10_000
const PAGE = 200

/** What matches the filter, newest first: the latest at once, what is said from now on, and older ones when asked for. */
export class SaidFeed {
  readonly list = signal<readonly Said[]>([])
  readonly isLoaded = signal(false)
  /** Whether the gateway may have older ones. */
  readonly hasOlder = signal(false)
  readonly #filter: SaidFilter
  readonly #mayReadLogs: boolean
  /** Came live since the last frame. */
  #fresh: Said[] = []
  #scheduled = false
  /** All from this id on is known; what is older comes by pages. */
  #knownFrom = Number.POSITIVE_INFINITY

  constructor(filter: SaidFilter, mayReadLogs: boolean) {
    this.#filter = filter
    this.#mayReadLogs = mayReadLogs
  }

  /** Listens until the returned function is called. */
  watch(): () => void {
    const { kind, device } = this.#filter
    const wanted: readonly Said['kind'][] = kind === 'all' ? ['event', 'log'] : [kind]
    const stops = wanted.flatMap((one) => {
      if (one === 'log' && !this.#mayReadLogs) return []
      const changes = (items: readonly unknown[]) => this.#hear(one, items)
      const snapshot = (items: readonly unknown[], isFirst: boolean) => {
        if (isFirst && this.isLoaded.value) this.#fillGap().catch(() => {}) // the line is gone again, and comes with a snapshot
        changes(items)
      }
      return subscribe(`${one}s${device === '' ? '' : `:${device}`}`, { snapshot, changes })
    })
    return () => {
      for (const stop of stops) stop()
    }
  }

  /** Reads the next older page, at first the newest. Rejects with ApiError. */
  async older(): Promise<void> {
    const { items, next } = await this.#page(this.#knownFrom)
    this.#knownFrom = next ?? 0
    this.hasOlder.value = next !== null && this.list.value.length + items.length < KEPT_MAX
    this.isLoaded.value = true
    this.#merge(items)
  }

  /** After a long break the live socket does not tell all of it: what was said meanwhile is read by pages. */
  async #fillGap(): Promise<void> {
    const newest = this.list.value[0]?.id ?? this.#knownFrom
    let before: number | null = Number.POSITIVE_INFINITY
    while (before !== null && before > newest) {
      const { items, next }: Page = await this.#page(before)
      this.#merge(items)
      before = next
    }
  }

  #page(before: number): Promise<Page> {
    const { device, kind, name, level } = this.#filter
    const query = new URLSearchParams({ limit: String(PAGE) })
    if (Number.isFinite(before)) query.set('before', String(before))
    if (device !== '') query.set('device', device)
    if (kind !== 'all') query.set('kind', kind)
    if (kind === 'event' && name !== '') query.set('name', name)
    if (kind === 'log') query.set('level', level)
    return call<Page>('GET', `/events?${query}`)
  }

  #hear(kind: Said['kind'], items: readonly unknown[]): void {
    for (const item of items as Omit<Said, 'kind'>[]) {
      const said: Said = { ...item, kind }
      if (this.#matches(said)) this.#fresh.push(said)
    }
    if (this.#scheduled || this.#fresh.length === 0) return
    this.#scheduled = true
    requestAnimationFrame(() => {
      this.#scheduled = false
      const fresh = this.#fresh
      this.#fresh = []
      this.#merge(fresh)
    })
  }

  #matches({ kind, name, level = 'debug' }: Said): boolean {
    const filter = this.#filter
    if (filter.kind === 'event') return filter.name === '' || name === filter.name
    return filter.kind === 'all' || kind !== 'log' || LEVELS.indexOf(level) >= LEVELS.indexOf(filter.level)
  }

  /** A snapshot after a lost line says again what is known; and it may begin before what was read by pages. */
  #merge(items: readonly Said[]): void {
    if (!this.isLoaded.value) {
      this.#fresh = [...this.#fresh, ...items].slice(-KEPT_MAX) // waits for the first page
      return
    }
    const byId = new Map(this.list.value.map((one) => [one.id, one]))
    for (const one of items) if (one.id >= this.#knownFrom) byId.set(one.id, one)
    for (const one of this.#fresh.splice(0)) if (one.id >= this.#knownFrom) byId.set(one.id, one)
    this.list.value = [...byId.values()].sort((a, b) => b.id - a.id).slice(0, KEPT_MAX)
  }
}
