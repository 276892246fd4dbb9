/**
 * Numbers reserved at a time. A storm of handshakes uses half of them in a minute or more, which a slow disk has to
 * reserve the next; a crash skips what is left.
 */
const BLOCK = 100_000

interface Range {
  next: number
  readonly last: number
}

/** Session numbers that never repeat, reserved on the disk in blocks and handed out from memory (hi-lo). */
export class SessionNumbers {
  readonly #reserve: (count: number) => Promise<number>
  #current: Range = { next: 1, last: 0 }
  #spare: Range | undefined
  #reserving: Promise<void> | undefined

  /** `reserve` resolves with the highest number of a new block, once it is durable. */
  constructor(reserve: (count: number) => Promise<number>) {
    this.#reserve = reserve
  }

  /** Waits for the disk only when both blocks are used up; rejects only then, with what `reserve` said. */
  async take(): Promise<number> {
    while (this.#current.next > this.#current.last) await this.refill()
    const number = this.#current.next++
    const left = this.#current.last - this.#current.next + 1
    if (left < BLOCK / 2 && !this.#spare) this.refill().catch(() => {}) // asked again by the next take()
    return number
  }

  /** Reserves the next block, unless that is under way. */
  refill(): Promise<void> {
    this.#reserving ??= this.#reserveBlock().finally(() => {
      this.#reserving = undefined
    })
    return this.#reserving
  }

  /**
   * Forgets the numbers that were not used and says which, so that they can be given back; undefined when there is
   * none, or when the blocks do not adjoin. A take() after this reserves anew.
   */
  giveBack(): { lastUsed: number; reservedUpTo: number } | undefined {
    const { next, last } = this.#current
    const spare = this.#spare
    this.#current = { next: 1, last: 0 }
    this.#spare = undefined
    if (next > last || (spare && spare.next !== last + 1)) return undefined
    return { lastUsed: next - 1, reservedUpTo: spare?.last ?? last }
  }

  async #reserveBlock(): Promise<void> {
    if (!this.#spare) {
      const last = await this.#reserve(BLOCK)
      this.#spare = { next: last - BLOCK + 1, last }
    }
    if (this.#current.next <= this.#current.last) return
    this.#current = this.#spare
    this.#spare = undefined
  }
}
