import { ACK_DELAY_MAX_MS } from '../../protocol/limits.ts'
import type { Clock } from './ports.ts'

/**
 * When to send acknowledgements: at once after a pause, at most every ACK_DELAY_MAX_MS while they keep coming.
 * A busy device so costs 20 small frames a second instead of one a message.
 */
export class AckPacer {
  readonly #clock: Clock
  readonly #flush: () => void
  #lastFlushMs = Number.NEGATIVE_INFINITY
  #dueMs = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(clock: Clock, flush: () => void) {
    this.#clock = clock
    this.#flush = flush
  }

  /** Flushes as soon as the pace allows, and not before `notBeforeMs` (monotonic). */
  request(notBeforeMs = 0): void {
    const nowMs = this.#clock.monotonicMs()
    const dueMs = Math.max(nowMs, this.#lastFlushMs + ACK_DELAY_MAX_MS, notBeforeMs)
    if (dueMs <= nowMs) {
      this.flushNow()
      return
    }
    if (dueMs >= this.#dueMs) return
    this.stop()
    this.#dueMs = dueMs
    this.#cancel = this.#clock.after(dueMs - nowMs, () => this.flushNow())
  }

  flushNow(): void {
    this.stop()
    this.#lastFlushMs = this.#clock.monotonicMs()
    this.#flush()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#dueMs = Number.POSITIVE_INFINITY
  }
}
