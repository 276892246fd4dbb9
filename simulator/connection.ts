import { encodeMessage } from '../protocol/encode.ts'
import { parseGatewayMessage } from '../protocol/gateway-messages.ts'
import type { DeviceBye, DeviceMessage, GatewayBye, GatewayMessage, Welcome } from '../protocol/messages.ts'
import {
  type Attempts,
  BACKOFF,
  type BackoffTable,
  type Ending,
  FRESH,
  planComeBack,
  planStart,
  readRetryAfter,
} from './backoff.ts'
import type { ConnectionFacts, ConnectionOptions, ConnectionUser, DeviceState } from './connection-options.ts'
import { type DeviceClock, systemClock } from './device-clock.ts'
import { type DeviceLink, deviceUrl, type LinkEnd, type LinkUser, openLink, SILENCE_SLACK_MS } from './link.ts'
import { TokenSlots } from './token-slots.ts'

/** TCP, TLS and the 101 together. */
const OPENING_MAX_MS = 20_000
/** `welcome` waits until an older session's messages have settled; longer than this is a gateway that hangs. */
const WELCOME_MAX_MS = 60_000
/** After a `bye` of either side the close follows at once, or the link is cut. */
const LEAVING_MAX_MS = 2_000

/** Keeps one session alive, and comes back after each end by the rules of backoff.ts. Never gives up by itself. */
export class Connection implements LinkUser, ConnectionFacts {
  readonly tokens: TokenSlots
  state: DeviceState = 'offline'
  /** Of the present session, else of the last. */
  welcome: Welcome | undefined
  lastBye: GatewayBye | undefined
  closeCode: number | undefined
  httpStatus: number | undefined
  lastError: string | undefined
  connectMs: number | undefined
  failedConnects = 0
  sessions = 0

  readonly #options: ConnectionOptions
  readonly #user: ConnectionUser
  readonly #url: string
  readonly #table: BackoffTable
  readonly #clock: DeviceClock
  #wanted = false
  #link: DeviceLink | undefined
  #attempts: Attempts = FRESH
  #openingAtMs = 0
  #readyAtMs: number | undefined
  /** Said on the present link. */
  #bye: GatewayBye | undefined
  /** Takes the one deadline of the present state away. */
  #cancelDeadline: () => void = () => {}

  /** Throws TypeError for a `url` that is none. */
  constructor(options: ConnectionOptions, user: ConnectionUser) {
    this.#options = options
    this.#user = user
    this.#url = deviceUrl(options.url)
    this.#table = { ...BACKOFF, ...options.backoff }
    this.#clock = options.clock ?? systemClock
    this.tokens = new TokenSlots(options.token, options.otherToken)
  }

  /** Somebody wants it online. */
  get wanted(): boolean {
    return this.#wanted
  }

  /** Connects now, or as soon as it has left. */
  start(): void {
    if (this.#wanted) return
    this.#wanted = true
    if (this.#link === undefined) this.#firstOpen()
  }

  /** Says `bye` and closes [S-6]. Returns at once; `offline` follows within LEAVING_MAX_MS. */
  leave(bye: DeviceBye): void {
    this.#wanted = false
    const link = this.#link
    if (this.state !== 'hello' && this.state !== 'ready') {
      if (this.state !== 'leaving') this.cut('stopped')
      return
    }
    this.sendRaw(encodeMessage(bye))
    this.#enter('leaving', 'stopped')
    link?.close()
    this.#deadline(LEAVING_MAX_MS, () => link?.drop('the gateway did not answer the close'))
  }

  /** Destroys the socket without a word, for good. */
  cut(why: string): void {
    this.#wanted = false
    this.#goOffline(why)
  }

  #goOffline(why: string): void {
    const link = this.#forgetLink()
    this.#readyAtMs = undefined
    link?.cut()
    if (link) this.#user.lost()
    if (this.state !== 'offline') this.#enter('offline', why)
  }

  /** Loses the network: comes back by the back-off. */
  dropLink(): void {
    this.#link?.drop('link dropped on purpose')
  }

  /** As after a power cycle: nothing is remembered of earlier attempts. `between` runs while there is no link. */
  restart(between: () => void): void {
    this.#goOffline('reboot')
    between()
    this.#attempts = FRESH
    if (this.#wanted) this.#firstOpen()
  }

  /** A device waits after its start; a person at a tool does not, unless asked to behave like one. */
  #firstOpen(): void {
    const { startAs, random = Math.random } = this.#options
    if (startAs === undefined) return this.#open()
    const plan = planStart(startAs === 'power_on', random, this.#table)
    this.#attempts = plan.attempts
    const delayMs = plan.delayMs * this.#scale
    this.#deadline(delayMs, () => this.#open())
    this.#enter('backoff', `started; connects in ${Math.round(delayMs)} ms`)
  }

  /** False: there is no session, and nothing was sent. */
  send(message: DeviceMessage): boolean {
    return this.state === 'ready' && this.sendRaw(encodeMessage(message))
  }

  /** False: the link is not open. */
  sendRaw(frame: string | Uint8Array): boolean {
    if (this.#link?.isOpen !== true) return false
    this.#link.send(frame)
    return true
  }

  #open(): void {
    this.#bye = undefined
    this.#openingAtMs = this.#clock.nowMs()
    this.#enter('opening', 'connecting')
    const { ca, tlsMaxVersion, headers } = this.#options
    const open = this.#options.openLink ?? openLink
    const link = open({ url: this.#url, token: this.tokens.current, ca, tlsMaxVersion, headers }, this)
    this.#link = link
    this.#deadline(OPENING_MAX_MS, () => link.drop('no answer in time'))
  }

  opened(): void {
    const link = this.#link
    this.#enter('hello', 'connected')
    this.#deadline(WELCOME_MAX_MS, () => link?.drop('no welcome in time'))
    this.sendRaw(encodeMessage(this.#user.hello()))
  }

  text(text: string): void {
    const parsed = parseGatewayMessage(text)
    if (!parsed.ok) this.#user.strange(parsed.problem)
    else this.#onMessage(parsed.message)
  }

  binary(frame: Buffer): void {
    this.#user.binary(frame)
  }

  #onMessage(message: GatewayMessage): void {
    if (message.type === 'bye') this.#onBye(message)
    if (message.type === 'welcome' && this.state === 'hello') this.#onWelcome(message)
    else if (message.type === 'welcome' || this.state === 'hello') this.#user.strange(undefined)
    else this.#user.message(message)
  }

  /** Only this makes the session ready [S-3]. */
  #onWelcome(welcome: Welcome): void {
    this.#cancelDeadline()
    this.welcome = welcome
    this.#readyAtMs = this.#clock.nowMs()
    this.connectMs = this.#readyAtMs - this.#openingAtMs
    this.sessions++
    const { pingIntervalMs, pongTimeoutMs } = welcome.limits
    const slackMs = this.#options.silenceSlackMs ?? SILENCE_SLACK_MS
    if (this.#link) this.#link.silenceMaxMs = pingIntervalMs + pongTimeoutMs + slackMs // [S-11]
    this.#enter('ready', `session ${welcome.session}`)
    this.#user.welcomed(welcome)
  }

  /** From here on nothing more is sent [S-8]. */
  #onBye(bye: GatewayBye): void {
    const link = this.#link
    this.lastBye = bye
    this.#bye = bye
    if (this.state !== 'leaving') this.#enter('leaving', `bye ${bye.code} ${bye.reason}`)
    this.#deadline(LEAVING_MAX_MS, () => link?.drop('no close after the bye'))
  }

  ended(end: LinkEnd): void {
    this.#forgetLink()
    const wasReady = this.#readyAtMs !== undefined
    const wasStable = this.#wasStable()
    this.#readyAtMs = undefined
    if (!wasReady && this.#wanted) this.failedConnects++
    this.#remember(end)
    this.#user.lost()
    if (!this.#wanted) {
      this.#enter('offline', 'stopped')
      return
    }
    const ending = this.#ending(end, wasStable)
    const { random = Math.random } = this.#options
    const plan = planComeBack(ending, this.#attempts, this.tokens.hasOther, random, this.#table)
    this.#attempts = plan.attempts
    if (plan.useOtherToken) this.tokens.swap()
    const delayMs = plan.delayMs * this.#scale
    this.#deadline(delayMs, () => this.#open())
    this.#enter('backoff', `${describeEnding(ending, this.lastError)}; again in ${Math.round(delayMs)} ms`)
  }

  #remember(end: LinkEnd): void {
    this.closeCode = end.kind === 'closed' ? end.code : undefined
    this.httpStatus = end.kind === 'refused' ? end.status : undefined
    this.lastError = 'error' in end ? end.error : undefined
  }

  #ending(end: LinkEnd, wasStable: boolean): Ending {
    if (this.#bye !== undefined) return { ...this.#bye, kind: 'bye', wasStable }
    if (end.kind === 'refused') {
      const retryAfterMs = this.#options.honourRetryAfter ? readRetryAfter(end.retryAfter) : undefined
      return retryAfterMs === undefined ? end : { ...end, retryAfterMs }
    }
    return end.kind === 'unreachable' ? end : { ...end, wasStable }
  }

  #wasStable(): boolean {
    return this.#readyAtMs !== undefined && this.#clock.nowMs() - this.#readyAtMs >= this.#table.stableMs * this.#scale
  }

  get #scale(): number {
    return this.#options.timeScale ?? 1
  }

  #forgetLink(): DeviceLink | undefined {
    this.#cancelDeadline()
    const link = this.#link
    this.#link = undefined
    return link
  }

  #deadline(delayMs: number, act: () => void): void {
    this.#cancelDeadline()
    this.#cancelDeadline = this.#clock.after(delayMs, act)
  }

  #enter(to: DeviceState, why: string): void {
    const from = this.state
    this.state = to
    this.#user.changed(from, to, why)
  }
}

function describeEnding(ending: Ending, error: string | undefined): string {
  switch (ending.kind) {
    case 'refused':
      return `refused with HTTP ${ending.status}`
    case 'bye':
      return `bye ${ending.code}`
    case 'closed':
      return `closed with ${ending.code}`
    default:
      return error === undefined ? ending.kind : `${ending.kind}: ${error}`
  }
}
