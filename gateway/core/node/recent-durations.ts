/** Each bucket is a tenth longer than the one before: what is read from them is right to 10 %. */
const GROWTH = 1.1
const SHORTEST_MS = 0.05
const LONGEST_MS = 120_000
const BUCKETS = Math.ceil(Math.log(LONGEST_MS / SHORTEST_MS) / Math.log(GROWTH)) + 1
/** What is read is about the last half a minute to a minute. */
const HALF_MS = 30_000

/** How long something took lately, for thousands of times a second, in constant memory. */
export class RecentDurations {
  #now = new Uint32Array(BUCKETS)
  #before = new Uint32Array(BUCKETS)
  #half = Number.NEGATIVE_INFINITY

  add(ms: number, nowMs: number): void {
    this.#moveTo(nowMs)
    const at = Math.ceil(Math.log(Math.max(SHORTEST_MS, ms) / SHORTEST_MS) / Math.log(GROWTH))
    const bucket = Math.min(BUCKETS - 1, at)
    this.#now[bucket] = (this.#now[bucket] ?? 0) + 1
  }

  /** The duration in ms that this share (0 to 1) did not exceed; undefined when there was none. */
  quantile(share: number, nowMs: number): number | undefined {
    this.#moveTo(nowMs)
    const counts = this.#now.map((count, at) => count + (this.#before[at] ?? 0))
    const total = counts.reduce((sum, count) => sum + count, 0)
    if (total === 0) return undefined
    let seen = 0
    const bucket = counts.findIndex((count) => {
      seen += count
      return seen >= share * total
    })
    return Number((SHORTEST_MS * GROWTH ** bucket).toPrecision(3))
  }

  #moveTo(nowMs: number): void {
    const half = Math.floor(nowMs / HALF_MS)
    if (half === this.#half) return
    this.#before = half === this.#half + 1 ? this.#now : new Uint32Array(BUCKETS)
    this.#now = new Uint32Array(BUCKETS)
    this.#half = half
  }
}
