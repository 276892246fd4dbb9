import type { Clock } from '../core/ports.ts'

/** setTimeout turns anything longer into 1 ms; the life of a command may be 30 days. */
const TIMER_MAX_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const dueMs = performance.now() + delayMs
    let timer: NodeJS.Timeout
    const arm = () => {
      const leftMs = dueMs - performance.now()
      timer = setTimeout(leftMs > TIMER_MAX_MS ? arm : run, Math.min(Math.max(leftMs, 0), TIMER_MAX_MS))
      timer.unref()
    }
    arm()
    return () => clearTimeout(timer)
  },
}
