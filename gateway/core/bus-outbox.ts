import { GatewayError } from './errors.ts'

/**
 * What the outbox may hold. A message costs some 0.5 kB beside its own bytes, so both bounds together keep an outage
 * of the bus near 128 MiB. Full windows of 1,500 devices fit; of a larger fleet the newest messages lose (4021).
 */
export const OUTBOX_MESSAGES_MAX = 100_000
export const OUTBOX_BYTES_MAX = 64 * 1024 * 1024
/** Longest topic that MQTT can carry. */
const TOPIC_MAX_BYTES = 65_535
/** Settled places kept at the front before the list is shortened: one copy per this many messages. */
const SHORTEN_AFTER = 1024

export interface OutboxLimits {
  readonly messagesMax: number
  readonly bytesMax: number
}

/** One message on its way to the bus. */
export interface OutboxEntry {
  /** Rises by one with each message: a lower one was added earlier. */
  readonly order: number
  readonly topic: string
  readonly payload: Buffer
  readonly retain: boolean
  /** A broker that refuses it means this message alone. */
  readonly expendable: boolean
  /** Topic and payload. */
  readonly bytes: number
}

interface Waiting extends OutboxEntry {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * What is not confirmed by the bus, first in first out. `take` hands out each message once, in order; `rewind` makes
 * everything unconfirmed be handed out again from the front. When it is full the newest message loses: `bus_full`.
 */
export class BusOutbox {
  readonly #limits: OutboxLimits
  /** Undefined where a message is settled and an older one is not. */
  #entries: (Waiting | undefined)[] = []
  /** `order` of the first place in `#entries`. */
  #firstOrder = 0
  #head = 0
  #next = 0
  #messages = 0
  #bytes = 0
  #closed: GatewayError | undefined
  #onDrained: (() => void)[] = []

  constructor(limits: OutboxLimits = { messagesMax: OUTBOX_MESSAGES_MAX, bytesMax: OUTBOX_BYTES_MAX }) {
    this.#limits = limits
  }

  backlog(): { messages: number; bytes: number } {
    return { messages: this.#messages, bytes: this.#bytes }
  }

  /** Resolves when the message is confirmed. Rejects with `bus_refused`, `bus_full` or what `close` was given. */
  add(topic: string, payload: string | Uint8Array, retain: boolean, expendable = false): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    if (!isPublishable(topic)) return Promise.reject(new GatewayError('bus_refused', 'not a topic to publish on'))
    if (this.#messages >= this.#limits.messagesMax) return Promise.reject(new GatewayError('bus_full'))
    const data = toBuffer(payload)
    const bytes = data.byteLength + Buffer.byteLength(topic)
    if (this.#bytes + bytes > this.#limits.bytesMax) return Promise.reject(new GatewayError('bus_full'))
    return new Promise((resolve, reject) => {
      const order = this.#firstOrder + this.#entries.length
      this.#entries.push({ order, topic, payload: data, retain, expendable, bytes, resolve, reject })
      this.#messages += 1
      this.#bytes += bytes
    })
  }

  /** The next message that was not handed out since the last `rewind`. */
  take(): OutboxEntry | undefined {
    while (this.#next < this.#entries.length) {
      const entry = this.#entries[this.#next]
      this.#next += 1
      if (entry !== undefined) return entry
    }
    return undefined
  }

  /** Everything unconfirmed will be handed out again, oldest first. */
  rewind(): void {
    this.#next = this.#head
  }

  /** The bus has it. A second confirmation of the same message changes nothing. */
  confirm(entry: OutboxEntry): void {
    this.#settle(entry)?.resolve()
  }

  /** The bus will never take it. */
  refuse(entry: OutboxEntry, error: GatewayError): void {
    this.#settle(entry)?.reject(error)
  }

  /** Nothing is added from now on; what is waiting can still be confirmed. */
  close(error: GatewayError): void {
    this.#closed = error
  }

  /** Gives up on everything that is not confirmed. */
  abandon(error: GatewayError): void {
    this.close(error)
    for (const entry of this.#entries.slice(this.#head)) if (entry !== undefined) this.refuse(entry, error)
  }

  /** Resolves once nothing is waiting. */
  drained(): Promise<void> {
    if (this.#messages === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onDrained.push(resolve))
  }

  #settle(entry: OutboxEntry): Waiting | undefined {
    const place = entry.order - this.#firstOrder
    const waiting = this.#entries[place]
    if (waiting === undefined) return undefined
    this.#entries[place] = undefined
    this.#messages -= 1
    this.#bytes -= waiting.bytes
    this.#shorten()
    if (this.#messages === 0) for (const tell of this.#onDrained.splice(0)) tell()
    return waiting
  }

  #shorten(): void {
    while (this.#head < this.#entries.length && this.#entries[this.#head] === undefined) this.#head += 1
    this.#next = Math.max(this.#next, this.#head)
    if (this.#head < SHORTEN_AFTER || this.#head * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#head)
    this.#firstOrder += this.#head
    this.#next -= this.#head
    this.#head = 0
  }
}

function isPublishable(topic: string): boolean {
  return topic !== '' && !/[+#\0]/.test(topic) && Buffer.byteLength(topic) <= TOPIC_MAX_BYTES
}

/** The same bytes, not a copy: a caller must not change what it has published. */
function toBuffer(payload: string | Uint8Array): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload)
  return Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
}
