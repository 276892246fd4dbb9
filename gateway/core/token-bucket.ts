/** A leaky account of units: says how long the taker must wait, and never refuses. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #level: number
  #atMs: number

  constructor(perS: number, burst: number, nowMs: number) {
    this.#perMs = perS / 1000
    this.#burst = burst
    this.#level = burst
    this.#atMs = nowMs
  }

  /** Takes the units, going into debt when there are too few. Returns the ms until the debt is paid, 0 for none. */
  take(units: number, nowMs: number): number {
    const earned = Math.max(0, nowMs - this.#atMs) * this.#perMs
    this.#level = Math.min(this.#burst, this.#level + earned) - units
    this.#atMs = nowMs
    return this.#level >= 0 ? 0 : Math.ceil(-this.#level / this.#perMs)
  }
}
