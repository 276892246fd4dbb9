import { createHash } from 'node:crypto'
import { GatewayError } from '../../gateway/core/errors.ts'
import type {
  Bus,
  Clock,
  CounterName,
  DeviceClaims,
  DeviceLink,
  DeviceTokens,
  Log,
  Metrics,
  PublishOptions,
  TimerName,
} from '../../gateway/core/ports.ts'
import type { TokenKey, TokenKeys } from '../../gateway/core/signing-keys.ts'
import { ROTATE_ONLY_MS } from '../../gateway/core/token-life.ts'
import { parseGatewayMessage } from '../../protocol/gateway-messages.ts'
import { isJsonObject, type JsonObject } from '../../protocol/json.ts'
import { GATEWAY_FRAME_MAX_BYTES } from '../../protocol/limits.ts'
import type { GatewayMessage } from '../../protocol/messages.ts'

/** A socket that keeps what the gateway sent, read by the device's own parser: a frame that it cannot read throws. */
export class FakeLink implements DeviceLink {
  readonly messages: GatewayMessage[] = []
  readonly closes: { readonly code: number; readonly reason: string }[] = []
  pings = 0
  /** True: takes nothing more. */
  slow = false
  onPing = (): void => {}

  send(frame: string): boolean {
    if (this.slow || this.closes.length > 0) return false
    if (Buffer.byteLength(frame) > GATEWAY_FRAME_MAX_BYTES) throw new Error('a frame over 4 KiB [L-5]')
    const parsed = parseGatewayMessage(frame)
    if (!parsed.ok) throw new Error(`the gateway sent what no device can read: ${frame}`)
    this.messages.push(parsed.message)
    return true
  }

  close(code: number, reason: string): void {
    this.closes.push({ code, reason })
  }

  ping(): void {
    this.pings += 1
    this.onPing()
  }

  of<T extends GatewayMessage['type']>(type: T): Extract<GatewayMessage, { type: T }>[] {
    return this.messages.filter((message): message is Extract<GatewayMessage, { type: T }> => message.type === type)
  }

  /** The seq of each `ack`, with the boot where it is not the session's. */
  get acks(): (number | string)[] {
    return this.of('ack').map(({ seq, boot }) => (boot === undefined ? seq : `${boot}/${seq}`))
  }

  /** The code of the close frame, once there is one. */
  get closedWith(): number | undefined {
    return this.closes[0]?.code
  }
}

/** One publish, to be confirmed or rejected by the test. */
export class FakePublish {
  readonly topic: string
  readonly payload: string | Uint8Array
  readonly retain: boolean
  readonly bytes: number
  readonly done: Promise<void>
  settled = false
  #resolve: () => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor(topic: string, payload: string | Uint8Array, retain: boolean) {
    this.topic = topic
    this.payload = payload
    this.retain = retain
    this.bytes = Buffer.byteLength(payload)
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get json(): JsonObject {
    const value: unknown = JSON.parse(String(this.payload))
    if (!isJsonObject(value)) throw new Error('not an object')
    return value
  }

  confirm(): void {
    this.settled = true
    this.#resolve()
  }

  fail(error: Error = new GatewayError('bus_full')): void {
    this.settled = true
    this.#reject(error)
  }
}

/** A bus that confirms when the test says so. */
export class FakeBus implements Bus {
  readonly publishes: FakePublish[] = []
  /** Topics that are confirmed at once; all of them unless a test holds some back. */
  confirms: (topic: string) => boolean = () => true
  /** What a publish is refused with at once, or undefined. */
  refuses: (topic: string) => Error | undefined = () => undefined
  /** Why it cannot be used, where the test wants that. */
  trouble: string | undefined

  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void> {
    const publish = new FakePublish(topic, payload, options?.retain ?? false)
    const refusal = this.refuses(topic)
    if (refusal) publish.fail(refusal)
    else {
      this.publishes.push(publish)
      if (this.confirms(topic)) publish.confirm()
    }
    return publish.done
  }

  /** Those on topics that end so, in their order. */
  on(topicEnd: string): FakePublish[] {
    return this.publishes.filter(({ topic }) => topic.endsWith(topicEnd))
  }

  /** Not confirmed and not rejected yet. */
  waiting(topicEnd = ''): FakePublish[] {
    return this.on(topicEnd).filter((publish) => !publish.settled)
  }

  confirmAll(): void {
    for (const publish of this.waiting()) publish.confirm()
  }

  backlog() {
    const waiting = this.waiting()
    return { messages: waiting.length, bytes: waiting.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  health() {
    return this.trouble === undefined ? { ready: true } : { ready: false, reason: this.trouble }
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}

export class QuietLog implements Log {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[] = []

  debug = (fields: object, message: string) => this.#keep('debug', fields, message)
  info = (fields: object, message: string) => this.#keep('info', fields, message)
  warn = (fields: object, message: string) => this.#keep('warn', fields, message)
  error = (fields: object, message: string) => this.#keep('error', fields, message)
  child(): Log {
    return this
  }

  at(level: string): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message)
  }

  #keep(level: string, fields: object, message: string): void {
    this.lines.push({ level, fields, message })
  }
}

export class CountingMetrics implements Metrics {
  readonly counts = new Map<string, number>()
  readonly observed: TimerName[] = []

  count(name: CounterName, reason?: string, by = 1): void {
    for (const key of reason === undefined ? [name] : [name, `${name} ${reason}`]) {
      this.counts.set(key, (this.counts.get(key) ?? 0) + by)
    }
  }

  observe(name: TimerName): void {
    this.observed.push(name)
  }

  /** `messages_refused`, or `messages_refused too_large` for those with that reason. */
  of(name: string): number {
    return this.counts.get(name) ?? 0
  }
}

/** Tokens whose text is the row's id and device; `broken` makes the keys unreadable. */
export class FakeTokens implements DeviceTokens, TokenKeys {
  broken = false
  /** Newest first. */
  readonly known: TokenKey[] = [{ id: 'key-1', createdAtMs: 0 }]
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async sign(token: { id: string; device: string; expiresAtMs?: number }): Promise<string> {
    if (this.broken) throw new Error('the key file cannot be read')
    return ['signed', token.device, token.id, token.expiresAtMs ?? ''].join('~')
  }

  async verify(token: string): Promise<{ claims: DeviceClaims } | { refused: string; keyId?: string }> {
    if (this.broken) throw new Error('the key file cannot be read')
    const [mark, device = '', tokenId = '', expires] = token.split('~')
    if (mark !== 'signed') return { refused: 'bad_signature', keyId: 'foreign' }
    const expiresAtMs = expires ? Number(expires) : undefined
    if (expiresAtMs !== undefined && expiresAtMs + ROTATE_ONLY_MS <= this.#clock.wallMs()) return { refused: 'expired' }
    return { claims: { device, tokenId, expiresAtMs } }
  }

  keys(): readonly TokenKey[] {
    return this.known
  }

  async addKey(): Promise<void> {
    this.known.unshift({ id: `key-${this.known.length + 1}`, createdAtMs: this.#clock.wallMs() })
  }

  async removeKey(id: string): Promise<void> {
    const at = this.known.findIndex((key) => key.id === id)
    this.known.splice(at, 1)
  }

  digest(token: string): string {
    return createHash('sha256').update(token).digest('hex')
  }
}
