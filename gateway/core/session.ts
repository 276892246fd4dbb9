import { CLOSE, type CloseCode } from '../../protocol/close-codes.ts'
import { encodeMessage } from '../../protocol/encode.ts'
import { MALFORMED_MAX, MALFORMED_WINDOW_MS } from '../../protocol/limits.ts'
import type { GatewayMessage } from '../../protocol/messages.ts'
import { AckPacer } from './ack-pacer.ts'
import type { DeviceStream } from './device-stream.ts'
import type { GatewayLimits } from './limits.ts'
import type { Clock, DeviceClaims, DeviceLink, Log } from './ports.ts'
import { TokenBucket } from './token-bucket.ts'
import { hasExpired } from './token-life.ts'

/** [S-1] Hello, then welcome, then ready; over when the socket is gone or the gateway ended it. */
export type SessionState = 'awaiting_hello' | 'opening' | 'ready' | 'ended'

/** Control frames a device may send in a burst before it counts as a flood: a few per ping interval are usual. */
const PINGS_PER_S = 5
const PINGS_BURST = 100

/** One connection of one device: its state, its windows and what may be sent to it. Decides nothing by itself. */
export class Session {
  /** Of the token that it counts under: revoking that one ends it. */
  claims: DeviceClaims
  /** [K-10] Its token had ended before it began: it may take a new one and nothing else. */
  rotatesOnly: boolean
  readonly link: DeviceLink
  readonly log: Log
  readonly openedAtMs: number
  readonly openedAtWallMs: number
  /** Where it came from. */
  readonly address: string | undefined
  readonly acks: AckPacer
  state: SessionState = 'awaiting_hello'
  /** From `hello`. */
  boot = ''
  firmware = ''
  nextWakeS: number | undefined
  /** Frames from the device. */
  messages = 0
  /** Given at `hello`; 0 before. */
  number = 0
  stream: DeviceStream | undefined
  /** Commands sent in this session and not final. */
  readonly sentCommands = new Set<string>()
  /** Monotonic ms of the last frame from the device, and of the last ping to it. */
  lastHeardMs: number
  pingedAtMs: number | undefined
  /** Called once, when the session is over, with the reason [P-2]. */
  onEnded: (reason: string, sleepS?: number) => void = () => {}

  readonly #clock: Clock
  readonly messageRate: TokenBucket
  readonly byteRate: TokenBucket
  /** Command answers: they have no window. */
  readonly controlRate: TokenBucket
  readonly logRate: TokenBucket
  /** On their way to the bus. */
  logsInFlight = 0
  readonly #pingRate: TokenBucket
  /** When the last malformed messages came, MALFORMED_MAX at most. */
  readonly #malformedAtMs: number[] = []

  constructor(
    claims: DeviceClaims,
    link: DeviceLink,
    context: { clock: Clock; limits: GatewayLimits; log: Log },
    address?: string,
  ) {
    const { clock, limits } = context
    this.claims = claims
    this.link = link
    this.log = context.log.child({ device: claims.device })
    this.#clock = clock
    const nowMs = clock.monotonicMs()
    this.openedAtMs = nowMs
    this.openedAtWallMs = clock.wallMs()
    this.address = address
    this.rotatesOnly = hasExpired(claims, clock.wallMs())
    this.lastHeardMs = nowMs
    this.messageRate = new TokenBucket(limits.messagesPerS, limits.burst, nowMs)
    this.byteRate = new TokenBucket(limits.bytesPerS, limits.bytesPerS, nowMs)
    this.controlRate = new TokenBucket(limits.messagesPerS, limits.burst, nowMs)
    this.logRate = new TokenBucket(limits.messagesPerS, limits.burst, nowMs)
    this.#pingRate = new TokenBucket(PINGS_PER_S, PINGS_BURST, nowMs)
    this.acks = new AckPacer(clock, () => this.sendAcks())
  }

  get device(): string {
    return this.claims.device
  }

  /** [K-8] The device holds another token by now. */
  countUnder(claims: DeviceClaims): void {
    this.claims = claims
    this.rotatesOnly = false
  }

  /** Sends, or ends the session as a slow consumer [S-9]. Says whether the frame was queued. */
  send(message: GatewayMessage): boolean {
    if (this.state === 'ended') return false
    if (this.link.send(encodeMessage(message))) return true
    this.end(CLOSE.slowConsumer)
    return false
  }

  /** Acknowledges all that the bus holds by now. */
  sendAcks(): void {
    if (this.state !== 'ready' || this.stream === undefined) return
    for (const { boot, seq } of this.stream.takeAcks(this.#clock.monotonicMs())) this.sendAck(boot, seq)
    const nextMs = this.stream.nextAckAtMs()
    if (nextMs !== undefined) this.acks.request(nextMs)
  }

  sendAck(boot: string, seq: number): void {
    this.send({ type: 'ack', seq, boot: boot === this.boot ? undefined : boot })
  }

  /** [S-8] `bye`, then the close frame with the same code. The first reason stays. */
  end(close: CloseCode, retryAfterMs: number = close.retryAfterMs): void {
    if (this.state === 'ended') return
    const { code, reason } = close
    const reconnect = close.comeBack !== 'person'
    this.link.send(encodeMessage({ type: 'bye', code, reason, reconnect, retryAfterMs }))
    this.link.close(code, reason)
    this.#over(reason)
  }

  /** [S-6] The device said goodbye: it gets what can be acknowledged, then the close frame. */
  leave(sleepS?: number): void {
    if (this.state === 'ended') return
    this.sendAcks()
    this.link.close(1000, 'bye')
    this.#over('bye', sleepS ?? this.nextWakeS) // [S-13]
  }

  /** The socket is gone, for the reason that its adapter saw. */
  lost(socketReason: string): void {
    if (this.state !== 'ended') this.#over(socketReason)
  }

  #over(reason: string, sleepS?: number): void {
    if (this.state === 'ended') return // the last acknowledgements were too much for it
    this.state = 'ended'
    this.acks.stop()
    this.onEnded(reason, sleepS)
  }

  /** [M-8] Counts one message that could not be placed; too many in a minute end the session. */
  noteMalformed(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#malformedAtMs.push(nowMs)
    if (this.#malformedAtMs.length < MALFORMED_MAX) return
    const firstMs = this.#malformedAtMs.shift() ?? nowMs
    if (nowMs - firstMs <= MALFORMED_WINDOW_MS) this.end(CLOSE.malformed)
  }

  /** [S-7] A peer that floods control frames is cut like one that floods messages. */
  notePing(): void {
    if (this.#pingRate.take(1, this.#clock.monotonicMs()) > 0) this.end(CLOSE.tooMany)
  }
}
