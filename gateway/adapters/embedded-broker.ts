import { createHash, timingSafeEqual } from 'node:crypto'
import { type EventEmitter, once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Aedes, type AedesPublishPacket, type AuthenticateError, type Client } from 'aedes'
import type { Topics } from '../../protocol/topics.ts'
import { plainAddress } from '../core/address.ts'
import { isLoopback, mayClientPublish } from '../core/bus-access.ts'
import { BusOutbox, type OutboxEntry } from '../core/bus-outbox.ts'
import { GatewayError } from '../core/errors.ts'
import type { Bus, BusNews, BusRequest, Log, Metrics, PublishOptions } from '../core/ports.ts'

/**
 * Messages given to aedes and not confirmed yet. Below its own `concurrency` (100), over which it queues in an array
 * that it shifts: with thousands in flight that costs two thirds of the throughput.
 */
const IN_FLIGHT_MAX = 64
/** A subscriber that does not read holds up all others until it is dropped. */
const DRAIN_TIMEOUT_MS = 2_000
/** Nothing confirmed for this long while something is in flight: more than one dropped subscriber explains. */
const STALLED_AFTER_MS = 5_000
const CONNECT_TIMEOUT_MS = 5_000
/** A client must say at least this often that it lives, or half-open sockets pile up. */
const KEEPALIVE_MAX_S = 300
/** `devices/{id}/command/request/{cid}` has five below a base of a few. */
const TOPIC_LEVELS_MAX = 16
/** Packets of a client that arrive before its CONNECT is answered. */
const EARLY_PACKETS_MAX = 42
/** Bytes before CONNECT is answered: a client id, a user, a password and a will, not an attack on memory. */
const EARLY_BYTES_MAX = 64 * 1024
const CLIENTS_MAX = 1_000
/** Requests the core is busy with. The newest beyond that is left out: its sender repeats until it sees a status. */
const REQUESTS_BUSY_MAX = 256
/** For bytes on their way to subscribers when the broker stops. */
const FLUSH_TIMEOUT_MS = 500

export interface EmbeddedBrokerOptions {
  readonly host: string
  /** 0: the system chooses, `port` says which. */
  readonly port: number
  readonly username?: string
  readonly password?: string
  readonly base: string
  readonly node: string
  readonly topics: Topics
  readonly onRequest: (request: BusRequest) => Promise<void>
  readonly news?: BusNews
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * An MQTT 3.1.1 broker inside the gateway. A message is confirmed when aedes has stored it and written it to every
 * subscriber's socket. It keeps no session of a client that left (CONNACK says so): that memory would have no bound.
 */
export class EmbeddedBroker implements Bus {
  readonly #options: EmbeddedBrokerOptions
  readonly #aedes: Aedes
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #outbox = new BusOutbox()
  #state: 'new' | 'running' | 'stopping' = 'new'
  #scheduled = false
  #inFlight = 0
  #lastProgressMs = 0
  #requestsBusy = 0
  /** The payload that aedes has taken and not yet shown to its subscribers. */
  #entering: Buffer | undefined
  #takenThisTurn = 0

  /** Throws when the address is open to the network and no password is set. */
  constructor(options: EmbeddedBrokerOptions) {
    refuseUnsafe(options)
    this.#options = options
    this.#aedes = new Aedes({
      drainTimeout: DRAIN_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      keepaliveLimit: KEEPALIVE_MAX_S,
      maxTopicLevels: TOPIC_LEVELS_MAX,
      queueLimit: EARLY_PACKETS_MAX,
      preConnect: (_client, packet, done) => {
        packet.clean = true // no queue for the absent
        done(null, true)
      },
      authenticate: (client, username, password, done) => {
        const known = mayConnect(options, addressOf(client.conn), username, password)
        const refusal: AuthenticateError = Object.assign(new Error('bad user name or password'), { returnCode: 4 })
        done(known ? null : refusal, known)
      },
      authorizePublish: (_client, packet, done) => {
        done(mayClientPublish(options.base, packet.topic) ? null : new Error('topic is reserved for the gateway'))
      },
    })
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
    this.#server.maxConnections = CLIENTS_MAX
  }

  /** The port it listens on, once started. */
  get port(): number {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : this.#options.port
  }

  /** Rejects with a clear reason when it cannot listen. */
  async start(): Promise<void> {
    this.#watchAedes()
    await this.#aedes.listen()
    try {
      await this.#listen()
    } catch (error) {
      await this.#closeAedes()
      throw error
    }
    this.#state = 'running'
    await this.#publishState('online')
  }

  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void> {
    const confirmed = this.#outbox.add(topic, payload, options?.retain ?? false)
    this.#schedule()
    return confirmed
  }

  health(): { ready: boolean; reason?: string } {
    if (this.#state !== 'running') return { ready: false, reason: this.#state === 'new' ? 'not started' : 'stopping' }
    const stalled = this.#inFlight > 0 && performance.now() - this.#lastProgressMs > STALLED_AFTER_MS
    return stalled ? { ready: false, reason: 'nothing was confirmed for 5 s' } : { ready: true }
  }

  backlog(): { messages: number; bytes: number } {
    return this.#outbox.backlog()
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#state === 'stopping') return
    const wasRunning = this.#state === 'running'
    this.#state = 'stopping'
    const lastWords = wasRunning ? this.#publishState('offline') : Promise.resolve()
    lastWords.catch(() => this.#options.log.warn({}, 'last words were not confirmed'))
    const stopping = new GatewayError('stopping')
    this.#outbox.close(stopping)
    await within(graceMs, this.#outbox.drained())
    this.#outbox.abandon(stopping)
    if (wasRunning) await this.#closeSockets()
    await this.#closeAedes()
  }

  #publishState(state: 'online' | 'offline'): Promise<void> {
    const { topics, node } = this.#options
    return this.publish(topics.nodeState(node), JSON.stringify({ state, since: Date.now() }), { retain: true }) // [U-11]
  }

  /**
   * Messages enter aedes in a turn of the event loop that nothing else shares, and one only after the one before has
   * reached the subscribers. Otherwise a retained message, which takes longer inside, is overtaken, and aedes drops
   * what was overtaken as a repeat for every wildcard subscriber.
   */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#takenThisTurn = 0
      this.#sendNext()
    })
  }

  #sendNext(): void {
    if (this.#entering !== undefined || this.#inFlight >= IN_FLIGHT_MAX) return
    if (this.#takenThisTurn >= IN_FLIGHT_MAX) return this.#schedule() // let sockets and timers have their turn
    const entry = this.#outbox.take()
    if (entry === undefined) return
    if (this.#inFlight === 0) this.#lastProgressMs = performance.now()
    const { topic, payload, retain } = entry
    this.#takenThisTurn += 1
    this.#inFlight += 1
    this.#entering = payload
    const packet = { cmd: 'publish', qos: 1, dup: false, topic, payload, retain } as const
    this.#aedes.publish(packet, (error) => this.#settled(entry, error))
  }

  /** In-process subscriber to everything: called in the same breath as the TCP subscribers. */
  #entered = (packet: AedesPublishPacket, done: () => void): void => {
    done()
    if (packet.topic === this.#options.news?.topic) this.#options.news.heard(Buffer.from(packet.payload))
    if (packet.payload !== this.#entering) return
    this.#entering = undefined
    this.#sendNext()
  }

  /** Only this confirms. */
  #settled(entry: OutboxEntry, error?: Error | null): void {
    this.#inFlight -= 1
    this.#lastProgressMs = performance.now()
    if (error && this.#entering === entry.payload) this.#entering = undefined
    if (error) this.#outbox.refuse(entry, new GatewayError('bus_refused', error.message))
    else this.#outbox.confirm(entry)
    this.#schedule()
  }

  #requested = (packet: AedesPublishPacket, done: () => void): void => {
    done() // never held: a request that publishes would wait for itself
    const { onRequest, log, metrics } = this.#options
    if (this.#requestsBusy >= REQUESTS_BUSY_MAX) return metrics.count('bus_requests_refused', 'busy')
    this.#requestsBusy += 1
    const payload = Buffer.from(packet.payload)
    onRequest({ topic: packet.topic, payload, retained: packet.retain })
      .catch((error: unknown) => {
        metrics.count('bus_requests_refused', 'failed')
        log.error({ error, topic: packet.topic }, 'bus request failed')
      })
      .finally(() => {
        this.#requestsBusy -= 1
      })
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    const client = this.#aedes.handle(socket)
    socket.on('readable', () => {
      if (!client.connected && socket.bytesRead > EARLY_BYTES_MAX) socket.destroy()
    })
  }

  async #listen(): Promise<void> {
    const { host, port, log } = this.#options
    this.#server.listen(port, host)
    try {
      await once(this.#server, 'listening')
    } catch (error) {
      throw new Error(`the embedded broker cannot listen on ${host}:${port}: ${whyNot(error)}`, { cause: error })
    }
    this.#server.on('error', (error) => log.error({ error }, 'embedded broker: listener failed'))
    log.info({ host, port: this.port }, 'embedded broker listens')
  }

  #watchAedes(): void {
    const { log, topics } = this.#options
    ;(this.#aedes as EventEmitter).on('error', (error: unknown) => log.error({ error }, 'embedded broker failed'))
    const dropped = ({ id, conn }: Client, { message }: Error) =>
      log.info({ client: id, address: addressOf(conn), reason: message }, 'bus client dropped')
    this.#aedes.on('clientError', dropped)
    this.#aedes.on('connectionError', dropped)
    this.#aedes.subscribe('#', this.#entered, () => {})
    this.#aedes.subscribe(topics.commandRequests, this.#requested, () => {})
  }

  /** Lets the last bytes reach the subscribers, but never waits for a frozen one. */
  async #closeSockets(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.end()
    await within(FLUSH_TIMEOUT_MS, closed)
    for (const socket of this.#sockets) socket.destroy()
  }

  #closeAedes(): Promise<void> {
    return new Promise((resolve) => this.#aedes.close(() => resolve()))
  }
}

function refuseUnsafe({ host, username, password }: EmbeddedBrokerOptions): void {
  if ((username === undefined) !== (password === undefined)) {
    throw new Error('the embedded broker needs both a user name and a password, or neither')
  }
  if (username === '' || password === '') throw new Error('the embedded broker takes no empty user name or password')
  if (password === undefined && !isLoopback(host)) {
    throw new Error(`the embedded broker would be open to the network on ${host}: set a user name and a password`)
  }
}

type Credential = Pick<EmbeddedBrokerOptions, 'username' | 'password'>

/** Who names a user must know the password; who names none must be on this machine. */
export function mayConnect(own: Credential, address: string, username?: string, password?: Buffer): boolean {
  const anonymous = username === undefined && password === undefined
  if (anonymous || own.username === undefined || own.password === undefined) return isLoopback(address)
  // Digests, so that the time says nothing about how much was right.
  const rightUser = timingSafeEqual(digest(username ?? ''), digest(own.username))
  return timingSafeEqual(digest(password ?? ''), digest(own.password)) && rightUser
}

const digest = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest()

function whyNot(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return 'the port is in use; FAIRLEAD_BROKER_PORT chooses another'
  return error instanceof Error ? error.message : String(error)
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

const addressOf = (conn: Client['conn']): string => plainAddress((conn as Socket).remoteAddress)
