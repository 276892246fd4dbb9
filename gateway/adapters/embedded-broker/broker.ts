import type { Aedes, AedesPublishPacket } from 'aedes'
import type { Topics } from '../../../protocol/topics.ts'
import { BusOutbox } from '../../core/bus-outbox.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Bus, BusNews, BusRequest, Log, Metrics, PublishOptions } from '../../core/ports.ts'
import { refuseUnsafe } from './access.ts'
import { openAedes } from './aedes.ts'
import { Inlet } from './inlet.ts'
import { Listener } from './listener.ts'
import { Requests } from './requests.ts'
import { within } from './within.ts'

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
 * subscriber's socket. It keeps no session of a client that left (CONNACK says so).
 */
export class EmbeddedBroker implements Bus {
  readonly #options: EmbeddedBrokerOptions
  readonly #aedes: Aedes
  readonly #listener: Listener
  readonly #outbox = new BusOutbox()
  readonly #inlet: Inlet
  readonly #requests: Requests
  #state: 'new' | 'running' | 'stopping' = 'new'

  /** Throws when the address is open to the network and no password is set. */
  constructor(options: EmbeddedBrokerOptions) {
    refuseUnsafe(options.host, options)
    const { host, port, log } = options
    this.#options = options
    this.#aedes = openAedes(options)
    this.#listener = new Listener({ host, port, log, onSocket: (socket) => this.#aedes.handle(socket) })
    this.#inlet = new Inlet(this.#aedes, this.#outbox)
    this.#requests = new Requests(options)
  }

  /** The port it listens on, once started. */
  get port(): number {
    return this.#listener.port
  }

  /** Rejects with a clear reason when it cannot listen. */
  async start(): Promise<void> {
    this.#aedes.subscribe('#', this.#shown, () => {})
    this.#aedes.subscribe(this.#options.topics.commandRequests, this.#requested, () => {})
    await this.#aedes.listen()
    try {
      await this.#listener.listen()
    } catch (error) {
      await this.#closeAedes()
      throw error
    }
    this.#state = 'running'
    await this.#publishState('online')
  }

  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void> {
    const confirmed = this.#outbox.add(topic, payload, options?.retain ?? false)
    this.#inlet.pump()
    return confirmed
  }

  health(): { ready: boolean; reason?: string } {
    if (this.#state !== 'running') return { ready: false, reason: this.#state === 'new' ? 'not started' : 'stopping' }
    const reason = this.#inlet.trouble
    return reason === undefined ? { ready: true } : { ready: false, reason }
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
    if (wasRunning) await this.#listener.close()
    await this.#closeAedes()
  }

  #publishState(state: 'online' | 'offline'): Promise<void> {
    const { topics, node } = this.#options
    return this.publish(topics.nodeState(node), JSON.stringify({ state, since: Date.now() }), { retain: true }) // [U-11]
  }

  /** In-process subscriber to everything: called in the same breath as the TCP subscribers. */
  #shown = (packet: AedesPublishPacket, done: () => void): void => {
    done()
    const { news } = this.#options
    if (packet.topic === news?.topic) news.heard(Buffer.from(packet.payload))
    this.#inlet.shown(packet)
  }

  #requested = (packet: AedesPublishPacket, done: () => void): void => {
    done() // never held: a request that publishes would wait for itself
    this.#requests.take(packet)
  }

  #closeAedes(): Promise<void> {
    return new Promise((resolve) => this.#aedes.close(() => resolve()))
  }
}
