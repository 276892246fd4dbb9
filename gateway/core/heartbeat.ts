import { CLOSE } from '../../protocol/close-codes.ts'
import type { GatewayLimits } from './limits.ts'
import type { Clock, Log } from './ports.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { hasExpired } from './token-life.ts'

/** How often tick() should be called. */
export const HEARTBEAT_TICK_MS = 1_000
/** A tick this late means that the process itself was stopped: then silence proves nothing about the devices. */
const SUSPENDED_MS = 5_000
/** [K-10] A session that only rotates has this long for it: a round trip and a write to flash, many times over. */
const ROTATE_SESSION_MAX_MS = 60_000

/** [S-7] [P-8] Pings every session and ends those that are silent, late with `hello`, or whose token has expired. */
export class Heartbeat {
  readonly #sessions: Sessions
  readonly #clock: Clock
  readonly #limits: GatewayLimits
  readonly #log: Log
  #lastTickMs: number

  constructor(needs: { sessions: Sessions; clock: Clock; limits: GatewayLimits; log: Log }) {
    this.#sessions = needs.sessions
    this.#clock = needs.clock
    this.#limits = needs.limits
    this.#log = needs.log
    this.#lastTickMs = needs.clock.monotonicMs()
  }

  tick(): void {
    const nowMs = this.#clock.monotonicMs()
    const suspended = nowMs - this.#lastTickMs > SUSPENDED_MS
    if (suspended) this.#log.warn({ forMs: nowMs - this.#lastTickMs }, 'the process was suspended')
    this.#lastTickMs = nowMs
    for (const session of this.#sessions.all()) {
      if (suspended) this.#startAnew(session, nowMs)
      else this.#check(session, nowMs)
    }
  }

  #startAnew(session: Session, nowMs: number): void {
    session.lastHeardMs = nowMs
    session.pingedAtMs = undefined
  }

  #check(session: Session, nowMs: number): void {
    const { helloTimeoutMs, pingIntervalMs, pongTimeoutMs } = this.#limits
    if (session.state === 'awaiting_hello' && nowMs - session.openedAtMs >= helloTimeoutMs) {
      return session.end(CLOSE.noHello) // [S-2]
    }
    if (this.#isOver(session, nowMs)) return session.end(CLOSE.tokenExpired)
    const { pingedAtMs, lastHeardMs } = session
    if (pingedAtMs !== undefined && lastHeardMs <= pingedAtMs) {
      if (nowMs - pingedAtMs >= pongTimeoutMs) session.end(CLOSE.noHeartbeat)
      return
    }
    // Also to a device that talks all the time: without a bus it gets no acknowledgement, and must hear us [S-11].
    if (nowMs - (pingedAtMs ?? session.openedAtMs) < pingIntervalMs) return
    session.pingedAtMs = nowMs
    session.link.ping()
  }

  #isOver(session: Session, nowMs: number): boolean {
    if (session.rotatesOnly) return nowMs - session.openedAtMs >= ROTATE_SESSION_MAX_MS
    return hasExpired(session.claims, this.#clock.wallMs())
  }
}
