interface Slot<T> {
  readonly item: T
  readonly bytes: number
}

/** The newest items, numbered from 0. Bounded by count and bytes: the oldest lose, and whoever asks for them hears so. */
export class History<T> {
  readonly #itemsMax: number
  readonly #slots: (Slot<T> | undefined)[] = []
  #start = 0
  #end = 0
  #bytes = 0

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax
  }

  /** The number of the oldest item that is left. */
  get start(): number {
    return this.#start
  }
  /** The number that the next item will have. */
  get end(): number {
    return this.#end
  }

  /** Adds the item; of more than `bytesMax` bytes together the oldest go. */
  push(item: T, bytes: number, bytesMax: number): void {
    if (this.#end - this.#start === this.#itemsMax) this.#dropOldest()
    this.#slots[this.#end % this.#itemsMax] = { item, bytes }
    this.#end += 1
    this.#bytes += bytes
    this.shrinkTo(bytesMax)
  }

  /** The oldest go until the others have no more than `bytesMax` bytes together; the newest stays. */
  shrinkTo(bytesMax: number): void {
    while (this.#bytes > bytesMax && this.#end - this.#start > 1) this.#dropOldest()
  }

  /** Whether every item from this number on is still here, or yet to come. */
  reaches(from: number): boolean {
    return from >= this.#start && from <= this.#end
  }

  /** Up to `max` items from this number on. */
  from(number: number, max: number): T[] {
    const items: T[] = []
    for (let at = number; at < Math.min(this.#end, number + max); at++) {
      const slot = this.#slots[at % this.#itemsMax]
      if (slot) items.push(slot.item)
    }
    return items
  }

  #dropOldest(): void {
    const at = this.#start % this.#itemsMax
    this.#bytes -= this.#slots[at]?.bytes ?? 0
    this.#slots[at] = undefined
    this.#start += 1
  }
}
