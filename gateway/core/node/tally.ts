import type { Clock, CounterName, Metrics, TimerName } from '../ports.ts'
import { RecentDurations } from './recent-durations.ts'

/** Reasons are words of this program; the bound is for the case that one is not. */
const REASONS_MAX = 64

/** What people look at among all that is counted. */
export class Tally implements Metrics {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #refusals = new Map<string, number>()
  readonly #publishing = new RecentDurations()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  count(name: CounterName, reason = 'other', by = 1): void {
    if (name !== 'handshakes_refused') return
    const isKnown = this.#refusals.has(reason) || this.#refusals.size < REASONS_MAX
    const word = isKnown ? reason : 'other'
    this.#refusals.set(word, (this.#refusals.get(word) ?? 0) + by)
  }

  observe(name: TimerName, ms: number): void {
    if (name === 'publish_ms') this.#publishing.add(ms, this.#clock.monotonicMs())
  }

  /** Connections refused since the start, the most frequent reason first. */
  refusals(): { readonly reason: string; readonly count: number }[] {
    return [...this.#refusals].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count)
  }

  /** How long the bus took to confirm lately, in ms; undefined when nothing was published. */
  publishMs(share: number): number | undefined {
    return this.#publishing.quantile(share, this.#clock.monotonicMs())
  }
}
