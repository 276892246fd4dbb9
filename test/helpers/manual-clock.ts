import type { Clock } from '../../gateway/core/ports.ts'

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly run: () => void
}

/** A clock that stands still until it is told to move. Timers run in the order of their times, then of their making. */
export class ManualClock implements Clock {
  #monotonicMs: number
  #wallMs: number
  #order = 0
  readonly #timers = new Set<Timer>()

  constructor(startMs = 1_000_000, wallMs = 1_767_225_600_000) {
    this.#monotonicMs = startMs
    this.#wallMs = wallMs
  }

  wallMs(): number {
    return this.#wallMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves both times on and runs what falls due on the way; promises settle before and after each timer. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms
    await settled()
    for (let next = this.#nextBy(untilMs); next !== undefined; next = this.#nextBy(untilMs)) {
      this.#timers.delete(next)
      this.#moveTo(Math.max(next.dueMs, this.#monotonicMs))
      next.run()
      await settled()
    }
    this.#moveTo(untilMs)
    await settled()
  }

  /** Time passes while nothing of this process runs. */
  suspend(ms: number): void {
    this.#moveTo(this.#monotonicMs + ms)
  }

  /** The wall clock is set; intervals do not notice. */
  stepWall(ms: number): void {
    this.#wallMs += ms
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs
    this.#monotonicMs = monotonicMs
  }

  #nextBy(untilMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue
      if (next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) {
        next = timer
      }
    }
    return next
  }
}

/** Every promise that can settle without a timer or I/O has done so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
