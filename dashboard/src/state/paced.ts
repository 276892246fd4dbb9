const PAUSE_MS = 1_000
/** After failures it waits longer and longer, up to this. */
const PAUSE_MAX_MS = 15_000

/**
 * Work that is asked for much more often than it is worth: it runs once a second at most, and never twice at a time. What
 * fails is tried again.
 */
export class Paced {
  readonly #work: () => Promise<void>
  #timer: ReturnType<typeof setTimeout> | undefined
  #isRunning = false
  #again = false
  #pauseMs = PAUSE_MS
  #isOver = false

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** Soon it runs, or once more when it runs now. */
  ask(): void {
    if (this.#isOver) return
    if (this.#isRunning || this.#timer !== undefined) {
      this.#again = true
      return
    }
    this.#isRunning = true
    this.#work()
      .then(
        () => {
          this.#pauseMs = PAUSE_MS
        },
        () => {
          this.#again = true // that the gateway is away is said by the line
          this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MAX_MS)
        },
      )
      .finally(() => this.#rest())
  }

  stop(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  #rest(): void {
    this.#isRunning = false
    if (!this.#isOver) this.#timer = setTimeout(() => this.#rested(), this.#pauseMs)
  }

  #rested(): void {
    this.#timer = undefined
    if (!this.#again) return
    this.#again = false
    this.ask()
  }
}
