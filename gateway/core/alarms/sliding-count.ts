/** Parts of a window: the sum is off by at most one of them. */
const PARTS = 20

/** How much there was of something in the last while, in constant memory. */
export class SlidingCount {
  readonly #partMs: number
  readonly #parts: number[] = []
  #newest = 0

  constructor(windowMs: number) {
    this.#partMs = windowMs / PARTS
  }

  add(amount: number, nowMs: number): void {
    this.#moveTo(nowMs)
    this.#parts[PARTS - 1] = (this.#parts[PARTS - 1] ?? 0) + amount
  }

  sum(nowMs: number): number {
    this.#moveTo(nowMs)
    return this.#parts.reduce((sum, part) => sum + part, 0)
  }

  #moveTo(nowMs: number): void {
    const newest = Math.floor(nowMs / this.#partMs)
    const passed = this.#parts.length === 0 ? PARTS : Math.min(PARTS, newest - this.#newest)
    for (let part = 0; part < passed; part++) {
      if (this.#parts.length === PARTS) this.#parts.shift()
      this.#parts.push(0)
    }
    while (this.#parts.length < PARTS) this.#parts.push(0)
    this.#newest = newest
  }
}
