import { setTimeout as sleep } from 'node:timers/promises'
import type { Topics } from '../../../protocol/topics.ts'
import { BusOutbox, type OutboxLimits } from '../../core/bus-outbox.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Bus, BusNews, BusRequest, Log, Metrics, PublishOptions } from '../../core/ports.ts'
import { type BrokerAddress, parseBrokerUrl } from './broker-url.ts'
import { type Arrival, type Connection, openConnection } from './connection.ts'
import { Probe } from './probe.ts'
import { reconnectDelayMs } from './reconnect.ts'
import { Requests } from './requests.ts'
import { Sender } from './sender.ts'

/** A connection that was of use for this long starts the back-off anew. */
const STABLE_AFTER_MS = 10_000
/** An access list may be put right at any moment. */
const PROBE_AGAIN_MS = 10_000
/**
 * Connections that the broker may end while one and the same message, the first on each, is alone in flight. A broker
 * of MQTT 3.1.1 has no other way to say that a message is too large, and it must not hold up all others for ever.
 */
const DEADLY_AFTER = 5
/** For DISCONNECT to reach the broker. */
const LEAVE_TIMEOUT_MS = 1_000

export interface MqttBusOptions {
  /** `mqtt[s]://[user:password@]host[:port]` */
  readonly url: string
  readonly node: string
  readonly topics: Topics
  readonly base: string
  readonly onRequest: (request: BusRequest) => Promise<void>
  readonly news?: BusNews
  readonly log: Log
  readonly metrics: Metrics
  /** PEM of the authorities that may vouch for the broker, in place of the system's. */
  readonly ca?: string | Buffer
  readonly outboxLimits?: OutboxLimits
}

/**
 * Any MQTT broker, by MQTT.js, which connects and nothing else: what is not confirmed waits in our own bounded outbox
 * and is sent again, in order, on the next connection.
 */
export class MqttBus implements Bus {
  readonly #options: MqttBusOptions
  readonly #address: BrokerAddress
  readonly #outbox: BusOutbox
  readonly #probe: Probe
  readonly #over = new AbortController()
  #stopping = false
  #living: Promise<void> | undefined
  #connection: Connection | undefined
  #requests: Requests | undefined
  #sender: Sender | undefined
  #cautious = false
  #suspect = { order: -1, connections: 0 }
  #trouble = 'not started'

  /** Throws when the URL cannot be used. */
  constructor(options: MqttBusOptions) {
    this.#options = options
    this.#address = parseBrokerUrl(options.url)
    this.#outbox = new BusOutbox(options.outboxLimits)
    this.#probe = new Probe(options.base, options.node)
  }

  /** Resolves at once: the broker may come later. */
  async start(): Promise<void> {
    this.#trouble = 'not connected yet'
    this.#living ??= this.#live()
  }

  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void> {
    const confirmed = this.#outbox.add(topic, payload, options?.retain ?? false, options?.expendable)
    this.#sender?.pump()
    return confirmed
  }

  health(): { ready: boolean; reason?: string } {
    if (this.#stopping) return { ready: false, reason: 'stopping' }
    const reason = this.#sender === undefined ? this.#trouble : this.#sender.trouble
    return reason === undefined ? { ready: true } : { ready: false, reason }
  }

  backlog(): { messages: number; bytes: number } {
    return this.#outbox.backlog()
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    const stopped = new GatewayError('stopping')
    let saidOffline = false
    if (this.#sender !== undefined || this.#outbox.backlog().messages > 0) {
      this.#outbox.add(this.#stateTopic, this.#state('offline'), true).then(
        () => {
          saidOffline = true
        },
        () => this.#options.log.warn({}, 'last words were not confirmed'),
      )
    }
    this.#outbox.close(stopped)
    this.#sender?.pump()
    await within(graceMs, Promise.all([this.#outbox.drained(), this.#requests?.idle()]))
    this.#outbox.abandon(stopped)
    this.#over.abort()
    if (saidOffline) await within(LEAVE_TIMEOUT_MS, Promise.resolve(this.#connection?.leave()))
    this.#connection?.destroy('stopping') // where it was not said, the will says offline
    await this.#living
  }

  // --- one connection after the other ---

  async #live(): Promise<void> {
    for (let attempt = 0; !this.#over.signal.aborted; attempt += 1) {
      const startedMs = performance.now()
      this.#trouble = await this.#useOne().catch((error: unknown) => `cannot connect: ${describe(error)}`)
      if (this.#over.signal.aborted) return
      if (performance.now() - startedMs > STABLE_AFTER_MS) attempt = 0
      const backoffMs = reconnectDelayMs(attempt, Math.random())
      this.#options.log.warn({ reason: this.#trouble, backoffMs }, 'no connection to the bus')
      await this.#pause(backoffMs)
    }
  }

  /** Resolves with the reason why it ended; rejects when it never began. */
  async #useOne(): Promise<string> {
    const requests = new Requests(this.#options)
    const connection = await openConnection(
      {
        address: this.#address,
        clientId: `fairlead-${this.#options.node}`,
        ca: this.#options.ca,
        will: { topic: this.#stateTopic, payload: JSON.stringify({ state: 'offline' }) }, // [U-11]
        signal: this.#over.signal,
      },
      (arrival) => this.#arrived(arrival, requests),
    )
    this.#connection = connection
    this.#requests = requests
    this.#begin(connection).catch((error: unknown) => connection.destroy(describe(error)))
    const reason = await connection.closed
    this.#connection = undefined
    requests.end()
    if (this.#sender !== undefined) this.#sendingEnded(this.#sender, connection, reason)
    this.#sender = undefined
    return reason
  }

  /** Finds the message that costs one connection after the other. */
  #sendingEnded(sender: Sender, connection: Connection, reason: string): void {
    sender.end()
    this.#cautious = sender.fruitless
    const { alone } = sender
    if (alone === undefined || connection.endedHere) return
    const again = alone.order === this.#suspect.order
    this.#suspect = { order: alone.order, connections: again ? this.#suspect.connections + 1 : 1 }
    if (this.#suspect.connections >= DEADLY_AFTER) sender.refuse(alone, `the broker ends the connection: ${reason}`)
  }

  #arrived(arrival: Arrival, requests: Requests): void {
    const { news } = this.#options
    if (arrival.topic === news?.topic) {
      arrival.confirm()
      news.heard(arrival.payload)
    } else if (this.#probe.take(arrival.topic, arrival.payload)) arrival.confirm()
    else requests.take(arrival)
  }

  /** Listens, makes sure that every topic family works, says online, and only then sends what waits. */
  async #begin(connection: Connection): Promise<void> {
    const { log, topics, news } = this.#options
    await connection.subscribe([topics.commandRequests, ...(news === undefined ? [] : [news.topic])], 1)
    this.#trouble = 'trying out the topics'
    for (;;) {
      const missing = await this.#probe.run(connection)
      if (this.#connection !== connection) return
      if (missing.length === 0) break
      this.#trouble = `the broker does not return: ${missing.join(', ')}`
      log.warn({ missing }, 'bus is not usable')
      await this.#pause(PROBE_AGAIN_MS)
      if (this.#connection !== connection) return
    }
    connection.publish(this.#stateTopic, Buffer.from(this.#state('online')), true, (error) => {
      if (error) connection.destroy(`the node's state was refused: ${error.message}`)
    })
    this.#sender = new Sender({ ...this.#options, outbox: this.#outbox, connection, cautious: this.#cautious })
    log.info({ mqtt: connection.version === 5 ? '5' : '3.1.1', inFlightMax: connection.inFlightMax }, 'bus is usable')
  }

  get #stateTopic(): string {
    return this.#options.topics.nodeState(this.#options.node)
  }

  #state(state: 'online' | 'offline'): string {
    return JSON.stringify({ state, since: Date.now() }) // [U-11]
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#over.signal, ref: false }).catch(() => {}) // over: the caller sees it
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return error.message || code || error.name
}

/** Waits for the promise, at most this long. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}
