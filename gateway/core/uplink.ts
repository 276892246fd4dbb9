import { parseBinary } from '../../protocol/binary.ts'
import { CLOSE } from '../../protocol/close-codes.ts'
import { parseDeviceMessage } from '../../protocol/device-messages.ts'
import { utf8Length } from '../../protocol/json.ts'
import { TELEMETRY_MAX_BYTES } from '../../protocol/limits.ts'
import type { CommandResult, DeviceLog, DeviceMessage, NackCode } from '../../protocol/messages.ts'
import { describeProblem, type Parsed } from '../../protocol/problem.ts'
import type { Topics } from '../../protocol/topics.ts'
import type { Commands } from './commands.ts'
import type { DeviceCounters } from './device-counters.ts'
import type { Ingest } from './ingest.ts'
import type { Observer } from './observer.ts'
import type { Bus, Clock, Metrics } from './ports.ts'
import type { RecentEvents } from './recent-events.ts'
import type { Rotation } from './rotation.ts'
import type { Session } from './session.ts'
import type { Shadows } from './shadow.ts'
import type { Sequenced } from './telemetry.ts'

/** Logs of one session on their way to the bus. They have no window, so while the bus is away this bounds them. */
const LOGS_IN_FLIGHT_MAX = 16

export interface UplinkNeeds {
  readonly ingest: Ingest
  readonly commands: Commands
  readonly shadows: Shadows
  readonly rotation: Rotation
  readonly counters: DeviceCounters
  readonly recent: Pick<RecentEvents, 'log'>
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly clock: Clock
  readonly metrics: Metrics
  readonly observer?: Observer
}

/** Everything a device may say once its session is ready. */
export class Uplink {
  readonly #needs: UplinkNeeds

  constructor(needs: UplinkNeeds) {
    this.#needs = needs
  }

  text(session: Session, text: string, bytes: number): void {
    this.#needs.counters.count(session.device, 'received')
    const parsed = parseDeviceMessage(text)
    if (parsed.ok && this.#mayOnlyRotate(session, parsed.message.type)) return
    if (parsed.ok) this.#message(session, parsed.message, bytes)
    else this.#refuse(session, parsed, bytes > TELEMETRY_MAX_BYTES ? 'too_large' : 'malformed')
  }

  binary(session: Session, frame: Uint8Array): void {
    this.#needs.counters.count(session.device, 'received')
    const parsed = parseBinary(frame)
    if (parsed.ok && this.#mayOnlyRotate(session, 'binary')) return
    if (parsed.ok) this.#needs.ingest.take(session, parsed.message, session.boot, frame.length)
    else this.#refuse(session, parsed, 'malformed')
  }

  #message(session: Session, message: DeviceMessage, bytes: number): void {
    switch (message.type) {
      case 'telemetry':
      case 'event':
        return this.#needs.ingest.take(session, message, message.boot ?? session.boot, bytes)
      case 'accepted':
      case 'progress':
        if (this.#withinRate(session)) this.#needs.commands.heard(session, message)
        return
      case 'result':
        if (this.#withinRate(session)) this.#needs.commands.heard(session, bounded(message, bytes))
        return
      case 'log':
        return this.#log(session, message)
      case 'reported':
        if (this.#withinRate(session)) this.#needs.shadows.heard(session, message)
        return
      case 'token_stored':
        if (this.#withinRate(session)) this.#needs.rotation.stored(session, message)
        return
      case 'bye':
        return session.leave(message.sleepS) // [S-6]
      case 'hello':
        return this.#malformed(session, 'second hello') // [S-2]
      default:
        return unreachable(message)
    }
  }

  /** [K-10] Ends a session that only rotates at every other message. It has been offered its new token before. */
  #mayOnlyRotate(session: Session, type: DeviceMessage['type'] | 'binary'): boolean {
    if (!session.rotatesOnly || type === 'token_stored' || type === 'bye') return false
    this.#needs.counters.count(session.device, 'dropped', 'token_expired')
    session.end(CLOSE.tokenExpired)
    return true
  }

  /** What has no window of its own: a flood of it ends the session. */
  #withinRate(session: Session): boolean {
    if (session.controlRate.take(1, this.#needs.clock.monotonicMs()) === 0) return true
    session.end(CLOSE.tooMany)
    return false
  }

  /** [M-11] [U-7] Logs are worth nothing against telemetry: over the rate, or while the bus is slow, they are dropped. */
  #log(session: Session, message: DeviceLog): void {
    const { bus, topics, clock, counters, metrics, recent } = this.#needs
    metrics.count('log_lines', message.level)
    if (!session.logRate.tryTake(1, clock.monotonicMs())) {
      counters.count(session.device, 'dropped', 'log_rate')
      return
    }
    this.#needs.observer?.log(session.device, message, recent.log(session.device, message))
    if (session.logsInFlight >= LOGS_IN_FLIGHT_MAX) {
      counters.count(session.device, 'dropped', 'log_bus')
      return
    }
    const ts = clock.wallMs()
    const payload = JSON.stringify({ level: message.level, text: message.text, ts })
    session.logsInFlight += 1
    bus
      .publish(topics.log(session.device), payload)
      .catch(() => counters.count(session.device, 'dropped', 'log_bus'))
      .finally(() => {
        session.logsInFlight -= 1
      })
  }

  #refuse(session: Session, refused: Parsed<DeviceMessage | Sequenced> & { ok: false }, code: NackCode): void {
    const why = describeProblem(refused.problem)
    if (refused.seq === undefined) return this.#malformed(session, why)
    this.#needs.ingest.refuse(session, { boot: refused.boot ?? session.boot, seq: refused.seq }, code, why) // [M-7]
  }

  #malformed(session: Session, why: string): void {
    this.#needs.counters.count(session.device, 'malformed')
    this.#needs.counters.count(session.device, 'refused', 'malformed')
    session.log.info({ reason: why }, 'malformed message')
    session.noteMalformed()
  }
}

/** [C-12] A result that does not fit the bus still ends its command. Written anew `1e20` is longer than it came. */
function bounded(result: CommandResult, frameBytes: number): CommandResult {
  const bytes = Math.max(frameBytes, utf8Length(JSON.stringify(result)))
  if (bytes <= TELEMETRY_MAX_BYTES) return result
  const error = { code: 'result_too_large', message: `the result had ${bytes} bytes` }
  return { type: 'result', id: result.id, ok: false, error }
}

function unreachable(message: never): never {
  throw new Error(`unhandled message ${JSON.stringify(message)}`)
}
