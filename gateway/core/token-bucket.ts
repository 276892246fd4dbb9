/** An account of units that fills with time: says how long the taker must wait, or whether it may take at all. */
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
    this.#earn(nowMs)
    this.#level -= units
    return this.#level >= 0 ? 0 : Math.ceil(-this.#level / this.#perMs)
  }

  /** Takes the units if they are there, and never goes into debt: what is refused costs nothing later. */
  tryTake(units: number, nowMs: number): boolean {
    this.#earn(nowMs)
    if (this.#level < units) return false
    this.#level -= units
    return true
  }

  #earn(nowMs: number): void {
    const earned = Math.max(0, nowMs - this.#atMs) * this.#perMs
    this.#level = Math.min(this.#burst, this.#level + earned)
    this.#atMs = nowMs
  }
}
