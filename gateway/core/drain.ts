import { CLOSE } from '../../protocol/close-codes.ts'
import type { Clock } from './ports.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

/** How long what is on its way to the bus may still be acknowledged before the sessions end. */
const SETTLE_MAX_MS = 5_000
const STEP_MS = 20
/** A few devices need not wait for each other: at this pace the spread is as long as their number asks for. */
const SPREAD_PER_DEVICE_MS = 10

/**
 * [S-10] Ends every session with `bye` 1012, spread over at most `spreadMs`, each as soon as its messages are
 * acknowledged or SETTLE_MAX_MS have passed. The hint spreads the return of the fleet over about twice that time.
 */
export async function drain(sessions: Sessions, clock: Clock, spreadMs: number, random: () => number): Promise<void> {
  const waiting = [...sessions.all()]
  const takesMs = Math.min(spreadMs, waiting.length * SPREAD_PER_DEVICE_MS)
  const startedMs = clock.monotonicMs()
  const total = waiting.length
  while (waiting.length > 0) {
    const elapsedMs = clock.monotonicMs() - startedMs
    const dueCount = takesMs === 0 ? total : Math.ceil((total * (elapsedMs + STEP_MS)) / takesMs)
    const overdue = elapsedMs >= SETTLE_MAX_MS
    let ended = total - waiting.length
    for (const session of [...waiting]) {
      if (ended >= dueCount) break
      if (!overdue && !isSettled(session)) continue
      waiting.splice(waiting.indexOf(session), 1)
      ended += 1
      session.sendAcks()
      session.end(CLOSE.restart, CLOSE.restart.retryAfterMs + Math.floor(random() * Math.max(1_000, 2 * takesMs)))
    }
    if (waiting.length > 0) await new Promise<void>((resolve) => clock.after(STEP_MS, resolve))
  }
}

function isSettled(session: Session): boolean {
  return session.state === 'ended' || session.stream === undefined || session.stream.isSettled
}
