import { CLOSE, type CloseCode } from '../../../protocol/close-codes.ts'
import { type LiveChannel, type LiveMessage, type LiveRequest, parseLiveRequest } from '../../../protocol/live.ts'
import { allows, type Caller, type Role } from '../access/ports.ts'
import { type Area, reaches } from '../access/scopes.ts'
import type { Clock, Log } from '../ports.ts'
import { TokenBucket } from '../token-bucket.ts'
import { Subscription, type SubscriptionNeeds } from './subscription.ts'

/** One browser's socket. */
export interface ViewerLink {
  send(text: string): void
  /** Bytes that the browser has not taken yet. */
  buffered(): number
  ping(): void
  close(code: number, reason: string): void
}

/** A page shows one device and the fleet: more is a program gone wild. */
const SUBSCRIPTIONS_MAX = 16
/** Requests: a person clicks, a page that reconnects asks for all it shows at once. */
const REQUESTS_PER_S = 10
const REQUESTS_BURST = 40
/** Above this nothing more is written: what happens meanwhile waits in the feed, which is bounded. */
const BUFFERED_MAX_BYTES = 256 * 1024
/** A browser that takes nothing for so long is gone or frozen. */
const SLOW_MAX_MS = 30_000
const PING_EVERY_MS = 20_000
/** Two pings that nobody answered. */
const SILENT_MAX_MS = 45_000
/** A channel whose snapshot could not be read, mostly over a registry that cannot be used, is tried again after this. */
const RETRY_MS = 1_000

/** Who may look on; the area is the one in which the REST API shows the same. */
const NEEDED: Readonly<Record<LiveChannel['kind'], { readonly role: Role; readonly area: Area }>> = {
  fleet: { role: 'viewer', area: 'devices' },
  telemetry: { role: 'viewer', area: 'devices' },
  events: { role: 'viewer', area: 'events' },
  commands: { role: 'viewer', area: 'commands' },
  batches: { role: 'viewer', area: 'commands' },
  'dead-letters': { role: 'viewer', area: 'commands' },
  alarms: { role: 'viewer', area: 'system' },
  node: { role: 'viewer', area: 'system' },
  logs: { role: 'operator', area: 'events' }, // firmware writes what it likes there
}

export interface ViewerNeeds extends SubscriptionNeeds {
  readonly clock: Clock
  readonly log: Log
}

/** One browser that looks on. It is told what it asked for and may see, as fast as it takes it. */
export class Viewer {
  caller: Caller
  /** When it must be known again who this is. */
  checkAtMs: number
  isOver = false
  readonly #link: ViewerLink
  readonly #needs: ViewerNeeds
  readonly #subscriptions = new Map<string, Subscription>()
  /** Those that could not be read, with the time to try again in monotonic ms. */
  readonly #failed = new WeakMap<Subscription, number>()
  readonly #requests: TokenBucket
  #pumping = false
  #slowSinceMs: number | undefined
  #heardAtMs: number
  #pingedAtMs: number

  constructor(caller: Caller, link: ViewerLink, needs: ViewerNeeds) {
    this.caller = caller
    this.checkAtMs = caller.expiresAtMs ?? Number.POSITIVE_INFINITY
    this.#link = link
    this.#needs = needs
    const nowMs = needs.clock.monotonicMs()
    this.#requests = new TokenBucket(REQUESTS_PER_S, REQUESTS_BURST, nowMs)
    this.#heardAtMs = nowMs
    this.#pingedAtMs = nowMs
    this.send({ type: 'welcome', now: needs.clock.wallMs(), name: caller.name, role: caller.role })
  }

  /** A message of the browser. One that may not be asked for ends with 4003, one that means nothing with 4014. */
  text(text: string): void {
    if (this.isOver) return
    const nowMs = this.#needs.clock.monotonicMs()
    this.#heardAtMs = nowMs
    if (!this.#requests.tryTake(1, nowMs)) return this.end(CLOSE.tooMany)
    const request = parseLiveRequest(text)
    if (request === undefined) return this.end(CLOSE.malformed)
    if (request.type === 'unsubscribe') this.#subscriptions.delete(request.channel)
    else this.#subscribe(request)
  }

  heard(): void {
    this.#heardAtMs = this.#needs.clock.monotonicMs()
  }

  closed(): void {
    this.isOver = true
    this.#subscriptions.clear()
  }

  /** The role may have changed: what it allows no more ends. */
  follow(caller: Caller): void {
    const isNew = caller.role !== this.caller.role
    this.caller = caller
    this.checkAtMs = caller.expiresAtMs ?? Number.POSITIVE_INFINITY
    if (!isNew) return
    this.send({ type: 'role', role: caller.role })
    for (const { channel, of } of this.#subscriptions.values()) {
      if (this.#maySee(of.kind)) continue
      this.#subscriptions.delete(channel)
      this.send({ type: 'error', channel, code: 'forbidden', detail: 'Your role was changed.' })
    }
  }

  /** Says why, then closes. */
  end(close: CloseCode): void {
    if (this.isOver) return
    const { code, reason } = close
    this.send({ type: 'bye', code, reason, reconnect: code !== CLOSE.forbidden.code && code !== CLOSE.malformed.code })
    this.closed()
    this.#link.close(code, reason)
  }

  send(message: LiveMessage): void {
    if (!this.isOver) this.#link.send(JSON.stringify(message))
  }

  /** Call it many times a second: writes what is new, and ends who is gone. Nothing waits for it. */
  pump(): void {
    if (this.isOver) return
    this.#watch(this.#needs.clock.monotonicMs())
    if (this.#pumping || !this.hasRoom) return
    this.#pumping = true
    this.#writeAll()
      .catch((error: unknown) => this.#needs.log.warn({ error }, 'live page not served')) // tried again
      .finally(() => {
        this.#pumping = false
      })
  }

  /** Whether it looks at a channel of this kind. */
  watches(kind: LiveChannel['kind']): boolean {
    return [...this.#subscriptions.values()].some(({ of }) => of.kind === kind)
  }

  get hasRoom(): boolean {
    return this.#link.buffered() <= BUFFERED_MAX_BYTES
  }

  /** One channel that cannot be read holds up no other. */
  async #writeAll(): Promise<void> {
    for (const subscription of [...this.#subscriptions.values()]) {
      const nowMs = this.#needs.clock.monotonicMs()
      if (nowMs < (this.#failed.get(subscription) ?? 0)) continue
      try {
        await this.#write(subscription)
      } catch (error) {
        const { channel } = subscription
        this.#needs.log.warn({ error, channel, retryMs: RETRY_MS }, 'live channel not served')
        this.#failed.set(subscription, nowMs + RETRY_MS)
      }
    }
  }

  async #write(subscription: Subscription): Promise<void> {
    const isWanted = () => this.#subscriptions.get(subscription.channel) === subscription
    while (this.hasRoom && isWanted()) {
      const message = await subscription.next()
      if (message === undefined || !isWanted()) return
      this.send(message)
    }
  }

  #watch(nowMs: number): void {
    if (this.hasRoom) this.#slowSinceMs = undefined
    else this.#slowSinceMs ??= nowMs
    if (nowMs - (this.#slowSinceMs ?? nowMs) > SLOW_MAX_MS) return this.end(CLOSE.slowConsumer)
    if (nowMs - this.#heardAtMs > SILENT_MAX_MS) return this.end(CLOSE.noHeartbeat)
    if (nowMs - this.#pingedAtMs < PING_EVERY_MS) return
    this.#pingedAtMs = nowMs
    this.#link.ping()
  }

  #subscribe({ channel, of, cursor }: LiveRequest & { type: 'subscribe' }): void {
    if (!this.#maySee(of.kind)) return this.end(CLOSE.forbidden)
    this.#subscriptions.delete(channel)
    if (this.#subscriptions.size >= SUBSCRIPTIONS_MAX) return this.end(CLOSE.tooMany)
    this.#subscriptions.set(channel, new Subscription(channel, of, cursor, this.#needs))
    this.pump()
  }

  #maySee(kind: LiveChannel['kind']): boolean {
    const { role, area } = NEEDED[kind]
    return allows(this.caller.role, role) && reaches(this.caller.scopes, area, 'read')
  }
}
