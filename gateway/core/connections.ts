import { CLOSE, type CloseCode } from '../../protocol/close-codes.ts'
import { parseDeviceMessage } from '../../protocol/device-messages.ts'
import { DEVICE_FRAME_MAX_BYTES, POINTS_MAX, TELEMETRY_MAX_BYTES } from '../../protocol/limits.ts'
import type { Hello, SessionLimits } from '../../protocol/messages.ts'
import { describeProblem } from '../../protocol/problem.ts'
import { credentialProblem } from './admission.ts'
import type { DeviceTrouble } from './alarms/device-trouble.ts'
import type { CommandDelivery } from './command-delivery.ts'
import type { ConnectionLog } from './connection-log.ts'
import type { DeviceCounters } from './device-counters.ts'
import type { DeviceInfo } from './device-info.ts'
import type { GatewayLimits } from './limits.ts'
import type { Clock, DeviceClaims, DeviceLink, Log, Metrics } from './ports.ts'
import type { PresenceBoard } from './presence.ts'
import type { Quarantine } from './quarantine.ts'
import type { Registry } from './registry.ts'
import type { Rotation } from './rotation.ts'
import { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import type { Shadows } from './shadow.ts'
import type { Uplink } from './uplink.ts'

/** [S-5] How long `welcome` waits for what an older session left on its way to the bus. It is known either way. */
const SETTLE_MAX_MS = 2_000
const SETTLE_POLL_MS = 20

export interface ConnectionsNeeds {
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly limits: GatewayLimits
  readonly counters: DeviceCounters
  readonly sessions: Sessions
  readonly presence: PresenceBoard
  readonly uplink: Uplink
  readonly delivery: CommandDelivery
  readonly shadows: Shadows
  readonly rotation: Rotation
  readonly info: DeviceInfo
  readonly quarantine: Quarantine
  readonly connectionLog: ConnectionLog
  readonly trouble: Pick<DeviceTrouble, 'sessionEnded'>
}

/** What the socket's adapter reports of one connection. */
export interface ConnectionEvents {
  text(frame: string, bytes: number): void
  /** The bytes are only valid during the call unless they are published; the adapter must not reuse them. */
  binary(frame: Uint8Array): void
  /** Any control frame. */
  control(kind: 'ping' | 'pong'): void
  closed(reason: string): void
}

/** Frames that came between `hello` and `welcome`, in order. */
type Early = { text: string; bytes: number } | { binary: Uint8Array }

/** The life of each connection from the 101 to its end [S-1] … [S-8]. */
export class Connections {
  readonly #needs: ConnectionsNeeds

  constructor(needs: ConnectionsNeeds) {
    this.#needs = needs
  }

  /** A device with a good token is connected. */
  open(claims: DeviceClaims, link: DeviceLink, facts: { readonly address?: string }): ConnectionEvents {
    const session = new Session(claims, link, this.#needs, facts.address)
    session.onEnded = (reason, sleepS) => this.#ended(session, reason, sleepS)
    this.#needs.sessions.add(session)
    this.#needs.metrics.count('sessions_opened')
    this.#needs.counters.count(session.device, 'connects')
    session.log.info(facts, 'device connected')
    const early: Early[] = []
    return {
      text: (text, bytes) => this.#frame(session, { text, bytes }, early),
      binary: (binary) => this.#frame(session, { binary }, early),
      control: (kind) => {
        session.lastHeardMs = this.#needs.clock.monotonicMs()
        if (kind === 'ping') session.notePing()
      },
      closed: (reason) => session.lost(reason),
    }
  }

  #frame(session: Session, frame: Early, early: Early[]): void {
    session.lastHeardMs = this.#needs.clock.monotonicMs()
    session.messages += 1
    switch (session.state) {
      case 'ready':
        return this.#pass(session, frame)
      case 'awaiting_hello':
        return this.#first(session, frame, early)
      case 'opening':
        return this.#keep(session, frame, early)
      case 'ended':
        return // [S-8] what comes after the end is not taken, and not acknowledged
    }
  }

  /** The window bounds what is kept for later, too. */
  #keep(session: Session, frame: Early, early: Early[]): void {
    const { windowMessages, windowBytes } = this.#needs.limits
    early.push(frame)
    const bytes = early.reduce((sum, one) => sum + ('binary' in one ? one.binary.length : one.bytes), 0)
    if (early.length > windowMessages || (early.length > 1 && bytes > windowBytes)) session.end(CLOSE.tooMany)
  }

  #pass(session: Session, frame: Early): void {
    if ('binary' in frame) this.#needs.uplink.binary(session, frame.binary)
    else this.#needs.uplink.text(session, frame.text, frame.bytes)
  }

  /** [S-2] The first frame must be `hello`. */
  #first(session: Session, frame: Early, early: Early[]): void {
    const parsed = 'text' in frame ? parseDeviceMessage(frame.text) : undefined
    if (!parsed?.ok || parsed.message.type !== 'hello') {
      const reason = parsed && !parsed.ok ? describeProblem(parsed.problem) : 'another message came first'
      session.log.info({ reason }, 'no hello')
      this.#needs.counters.count(session.device, 'malformed')
      return session.end(CLOSE.noHello)
    }
    session.state = 'opening'
    this.#greet(session, parsed.message, early).catch((error: unknown) => {
      session.log.error({ error }, 'session not opened')
      session.end(CLOSE.internal)
    })
  }

  /** [S-3] The steps from `hello` to `welcome`. After each wait the session may be over. */
  async #greet(session: Session, hello: Hello, early: Early[]): Promise<void> {
    const { registry, sessions, presence, rotation } = this.#needs
    session.boot = hello.boot
    session.firmware = hello.firmware
    session.nextWakeS = hello.nextWakeS
    const close = await this.#recheck(session)
    if (close) return session.end(close)
    session.number = await registry.nextSession() // [S-4]
    if (isOver(session)) return
    const older = sessions.of(session.device)
    if (!sessions.claim(session)) return
    if (older !== undefined) this.#needs.quarantine.replaced(older, session)
    session.stream = sessions.stream(session.device)
    await this.#settle(session)
    const offer = session.rotatesOnly ? await rotation.prepare(session) : undefined // [K-10]
    if (isOver(session)) return
    if (session.rotatesOnly && offer === undefined) return session.end(CLOSE.tokenExpired)
    session.state = 'ready'
    presence.online(session.device, session.number)
    this.#needs.connectionLog.ready(session)
    this.#welcome(session)
    offer?.()
    if (isOver(session)) return
    this.#introduce(session, hello)
    for (const frame of early.splice(0)) if (!isOver(session)) this.#pass(session, frame)
    session.acks.flushNow()
    this.#bring(session)
  }

  /** What waits for the device: a new token, what it should run with, commands [S-12]. */
  #bring(session: Session): void {
    const { rotation, shadows, delivery } = this.#needs
    rotation.welcomed(session)
    shadows.deliver(session.device)
    delivery.deliver(session.device)
  }

  /** [K-6] The credential may have been revoked between the handshake and now. */
  async #recheck(session: Session): Promise<CloseCode | undefined> {
    const { registry, clock } = this.#needs
    const { device, tokenId } = session.claims
    switch (credentialProblem(await registry.credential(device, tokenId), clock.wallMs(), session.claims)) {
      case undefined:
        return undefined
      case 'unknown_device':
        return CLOSE.deviceDeleted
      case 'device_disabled':
        return CLOSE.deviceDisabled
      case 'token_expired':
        return CLOSE.tokenExpired
      default:
        return CLOSE.tokenRevoked
    }
  }

  async #settle(session: Session): Promise<void> {
    const { clock } = this.#needs
    const untilMs = clock.monotonicMs() + SETTLE_MAX_MS
    while (!isOver(session) && session.stream?.isSettled === false && clock.monotonicMs() < untilMs) {
      await new Promise<void>((resolve) => clock.after(SETTLE_POLL_MS, resolve))
    }
  }

  #welcome(session: Session): void {
    const { clock, limits } = this.#needs
    session.stream?.takeAcks(clock.monotonicMs()) // `acked` says it for this boot; others are acknowledged on repeat
    const acked = session.stream?.acked(session.boot)
    session.send({
      type: 'welcome',
      session: session.number,
      now: clock.wallMs(),
      limits: sessionLimits(limits),
      acked,
    })
  }

  /** Remembers and shows what the device is. Nothing waits for it. */
  #introduce(session: Session, hello: Hello): void {
    const { registry, info, log, clock } = this.#needs
    const { device, claims } = session
    const { firmware, model, capabilities, boot } = hello
    session.log.info({ session: session.number, firmware, model, boot }, 'device ready')
    const done = async (): Promise<void> => {
      await registry.markTokenUsed(device, claims.tokenId, clock.wallMs())
      const row = await registry.updateDevice(device, { firmware, model, capabilities })
      if (row !== undefined) info.publish(row)
    }
    done().catch((error: unknown) => log.warn({ error, device }, 'device not updated'))
  }

  #ended(session: Session, reason: string, sleepS: number | undefined): void {
    const { sessions, presence, metrics, clock, connectionLog, trouble } = this.#needs
    const stands = sessions.of(session.device) === session
    sessions.remove(session)
    metrics.count('sessions_closed', reason)
    connectionLog.ended(session, reason)
    trouble.sessionEnded(session.device, session.boot, reason)
    const livedMs = Math.round(clock.monotonicMs() - session.openedAtMs)
    session.log.info({ reason, session: session.number, livedMs }, 'session over')
    if (stands) presence.left(session.device, session.number, reason, sleepS) // a replaced one is not "offline"
  }
}

/** Asked after each wait; a call, since the compiler remembers the state from before it. */
function isOver(session: Session): boolean {
  return session.state === 'ended'
}

/** [L-1] */
function sessionLimits(limits: GatewayLimits): SessionLimits {
  return {
    frameBytes: DEVICE_FRAME_MAX_BYTES,
    payloadBytes: TELEMETRY_MAX_BYTES,
    points: POINTS_MAX,
    windowMessages: limits.windowMessages,
    windowBytes: limits.windowBytes,
    messagesPerS: limits.messagesPerS,
    burst: limits.burst,
    pingIntervalMs: limits.pingIntervalMs,
    pongTimeoutMs: limits.pongTimeoutMs,
  }
}
