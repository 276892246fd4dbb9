/** Resolution: each bucket is this much wider than the one before, so a percentile is at most 5 % too high. */
const GROWTH = 1.05
const FIRST_MS = 0.1
/** Up to 0.1 ms · 1.05^320, about ten minutes; what is longer counts in the last one. */
const BUCKETS = 320

/** Durations in a fixed amount of memory, however many there are. */
export class Histogram {
  readonly #buckets = new Uint32Array(BUCKETS)
  #count = 0
  #maxMs = 0

  get count(): number {
    return this.#count
  }
  get maxMs(): number {
    return this.#maxMs
  }

  record(ms: number): void {
    const index = Math.ceil(Math.log(Math.max(ms, FIRST_MS) / FIRST_MS) / Math.log(GROWTH))
    const bucket = Math.min(index, BUCKETS - 1)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count++
    this.#maxMs = Math.max(this.#maxMs, ms)
  }

  /** Not less than what `share` (0 … 1) of all durations stayed at or under; 0 when there are none. */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.#count * share))
    let seen = 0
    for (const [index, count] of this.#buckets.entries()) {
      seen += count
      if (seen >= wanted) return Math.min(FIRST_MS * GROWTH ** index, this.#maxMs)
    }
    return this.#maxMs
  }
}
