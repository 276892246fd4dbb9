import type { Clock } from '../../../gateway/core/ports.ts'
import type { DeviceClock } from '../../../simulator/device-clock.ts'

interface Timer {
  readonly dueMs: number
  readonly order: number
  /** Undefined once it was cancelled. */
  run: (() => void) | undefined
}

/** Time for a gateway and its devices that passes only when it is told to, fast enough for thousands of lives. */
export class VirtualClock implements Clock, DeviceClock {
  #nowMs = 1_000_000
  #wallOffsetMs = 1_767_225_600_000
  #order = 0
  /** Called after each timer, when what it has caused is done. */
  look: () => void = () => {}
  /** A heap: the next one is first. */
  readonly #timers: Timer[] = []

  nowMs(): number {
    return this.#nowMs
  }
  monotonicMs(): number {
    return this.#nowMs
  }
  wallMs(): number {
    return Math.floor(this.#nowMs) + this.#wallOffsetMs
  }
  /** The wall clock is set; intervals do not notice. */
  stepWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#push(timer)
    return () => {
      timer.run = undefined
    }
  }

  /** Runs what falls due, each timer as Node does: what it has promised settles before the next. */
  async advanceTo(untilMs: number): Promise<void> {
    await promisesSettle()
    for (let next = this.#timers[0]; next !== undefined && next.dueMs <= untilMs; next = this.#timers[0]) {
      this.#pop()
      if (next.run === undefined) continue
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.run()
      await promisesSettle()
      this.look()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  advance(ms: number): Promise<void> {
    return this.advanceTo(this.#nowMs + ms)
  }

  #push(timer: Timer): void {
    const heap = this.#timers
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]
      if (parent === undefined || !isBefore(timer, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      const l = heap[left]
      const r = heap[right]
      const child = r !== undefined && l !== undefined && isBefore(r, l) ? right : left
      const smaller = heap[child]
      if (smaller === undefined || !isBefore(smaller, last)) break
      heap[at] = smaller
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}

/** Nothing in a virtual life waits for anything but its clock, so one turn of the event loop settles every promise. */
function promisesSettle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
