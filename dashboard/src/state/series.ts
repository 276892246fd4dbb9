import { signal } from '@preact/signals'
import { subscribe } from './live.ts'

/** What one device sent lately, in columns as the plots want it. */

export type Value = number | string | boolean
interface Point {
  readonly ts: number
  readonly values: Readonly<Record<string, Value>>
}

export interface Last {
  readonly value: Value
  readonly ts: number
}

/** Points kept per key: an hour at one per second. */
const POINTS_MAX = 3_600
/** `probe_2` before `probe_10`. */
const BY_NUMBER = new Intl.Collator('en', { numeric: true }).compare
/** Keys of one device; the gateway keeps no more either. */
const KEYS_MAX = 128

export class Series {
  /** Rises when there is something new to draw. */
  readonly version = signal(0)
  readonly last = new Map<string, Last>()
  readonly #columns = new Map<string, { x: number[]; y: (number | null)[] }>()
  #scheduled = false

  /** Seconds and values of a key that was a number at least once, oldest first; null where it was something else. */
  column(key: string): { readonly x: readonly number[]; readonly y: readonly (number | null)[] } {
    return this.#columns.get(key) ?? { x: [], y: [] }
  }

  get numericKeys(): string[] {
    return [...this.#columns.keys()].sort(BY_NUMBER)
  }

  /** What is neither plotted nor forgotten. */
  get otherKeys(): string[] {
    return [...this.last.keys()].filter((key) => !this.#columns.has(key)).sort(BY_NUMBER)
  }

  watch(device: string): () => void {
    return subscribe(`telemetry:${device}`, {
      snapshot: (items, isFirst) => {
        if (isFirst) this.#columns.clear()
        this.add(items as Point[])
      },
      changes: (items) => this.add(items as Point[]),
    })
  }

  /** The last values that the gateway knows, for a device that has not sent since it started. */
  seed(values: Readonly<Record<string, Value>>): void {
    for (const [key, value] of Object.entries(values)) if (!this.last.has(key)) this.last.set(key, { value, ts: 0 })
    this.#changed()
  }

  add(points: readonly Point[]): void {
    for (const { ts, values } of points) {
      for (const [key, value] of Object.entries(values)) this.#take(key, value, ts)
    }
    this.#changed()
  }

  #take(key: string, value: Value, ts: number): void {
    if (!this.last.has(key) && this.last.size >= KEYS_MAX) return
    const known = this.last.get(key)
    if (known === undefined || known.ts <= ts) this.last.set(key, { value, ts })
    const isNumber = typeof value === 'number'
    if (!isNumber && !this.#columns.has(key)) return
    const column = this.#columns.get(key) ?? { x: [], y: [] }
    this.#columns.set(key, column)
    // Points of an earlier hour come late, after an outage: each has its place in time.
    let at = column.x.length
    while (at > 0 && (column.x[at - 1] ?? 0) > ts / 1000) at -= 1
    column.x.splice(at, 0, ts / 1000)
    column.y.splice(at, 0, isNumber ? value : null)
    if (column.x.length > POINTS_MAX) {
      column.x.shift()
      column.y.shift()
    }
  }

  #changed(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    requestAnimationFrame(() => {
      this.#scheduled = false
      this.version.value += 1
    })
  }
}
