import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import type { BrokerAddress } from './broker-url.ts'

/** MQTT.js answers a broker that is silent for 1.5 times this by closing. */
const KEEPALIVE_S = 15
/** From the first SYN to CONNACK, TLS included. */
const CONNECT_TIMEOUT_MS = 5_000
/** Commands wait at the broker this long for a node that is away. 3.1.1 brokers have their own idea. */
const SESSION_EXPIRY_S = 24 * 3600
/** Requests the broker may have with us unconfirmed. MQTT 5; on 3.1.1 brokers have their own limit, mostly 20 to 100. */
const RECEIVE_MAX = 100
/** Publishes that may wait for a PUBACK, where the broker does not say less. */
const IN_FLIGHT_MAX = 1_000
/** Largest packet taken from the broker on MQTT 5. A command request is 16 KiB at most. */
const PACKET_MAX_BYTES = 256 * 1024

export interface ConnectOptions {
  readonly address: BrokerAddress
  readonly clientId: string
  /** PEM, in place of the system's authorities. */
  readonly ca?: string | Buffer
  readonly will: { readonly topic: string; readonly payload: string }
  /** Ends the attempt. */
  readonly signal: AbortSignal
}

export interface Arrival {
  readonly topic: string
  readonly payload: Buffer
  readonly retained: boolean
  /** Tells the broker that it may forget the message. Nothing happens for QoS 0 or after the connection ended. */
  readonly confirm: () => void
}

/** The broker answered a publish with a reason code of 0x80 or more. */
export class BrokerRefusal extends Error {
  readonly code: number

  constructor(code: number, text: string) {
    super(`${text} (0x${code.toString(16).padStart(2, '0')})`)
    this.code = code
  }
}

/** The version is one that the broker does not speak. */
class VersionRefused extends Error {}

/** One network connection to the broker. It never reconnects and never stores anything: that is the outbox's work. */
export class Connection {
  readonly version: 4 | 5
  /** Why it ended. Never rejects. */
  readonly closed: Promise<string>
  /** MQTT 5 Receive Maximum of the broker, or our own bound. */
  readonly inFlightMax: number
  /** Largest packet the broker takes. */
  readonly packetMaxBytes: number
  #client: MqttClient
  #inFlight = 0
  #open = true
  #endedHere = false

  constructor(client: MqttClient, version: 4 | 5, closed: Promise<string>) {
    this.#client = client
    this.version = version
    const limits = client.serverProperties
    this.inFlightMax = Math.min(IN_FLIGHT_MAX, limits?.receiveMaximum ?? IN_FLIGHT_MAX)
    this.packetMaxBytes = limits?.maximumPacketSize ?? Number.POSITIVE_INFINITY
    this.closed = closed.finally(() => {
      this.#open = false
    })
  }

  /** Publishes without a PUBACK, of every kind. */
  get inFlight(): number {
    return this.#inFlight
  }

  /**
   * Sends with QoS 1 and calls back once: without an error when the broker confirmed, with BrokerRefusal when it
   * refused. Never calls back when the connection ends first.
   */
  publish(topic: string, payload: Buffer, retain: boolean, done: (error?: Error | null) => void): void {
    if (!this.#open) return
    this.#inFlight += 1
    this.#client.publish(topic, payload, { qos: 1, retain }, (error) => {
      this.#inFlight -= 1
      if (this.#open) done(error ? asRefusal(error) : null)
    })
  }

  /** Sends with QoS 0: nobody answers. */
  send(topic: string, payload: Buffer): void {
    if (this.#open) this.#client.publish(topic, payload, { qos: 0 })
  }

  /**
   * Resolves when the broker has answered. Which filters it denied does not matter: what does not come back is found
   * by the probe. Retained messages keep their mark where MQTT 5 allows it.
   */
  async subscribe(filters: readonly string[], qos: 0 | 1): Promise<void> {
    await this.#client.subscribeAsync([...filters], { qos, rap: true }).catch(() => {})
  }

  async unsubscribe(filters: readonly string[]): Promise<void> {
    await this.#client.unsubscribeAsync([...filters]).catch(() => {})
  }

  /** True when it was this side that ended it. */
  get endedHere(): boolean {
    return this.#endedHere
  }

  /** Goes without a word: the broker publishes the will. */
  destroy(reason: string): void {
    this.#endedHere = true
    this.#client.emit('error', new Error(reason))
  }

  /** Says DISCONNECT: no will. */
  async leave(): Promise<void> {
    if (!this.#open) return
    this.#endedHere = true
    this.#client.end(false)
    await this.closed
  }
}

/**
 * Connects with MQTT 5, and with 3.1.1 when the broker does not speak 5. Rejects with the reason when neither works.
 * `onArrival` may be called before this resolves: a kept session begins at once.
 */
export async function openConnection(
  options: ConnectOptions,
  onArrival: (arrival: Arrival) => void,
): Promise<Connection> {
  try {
    return await attempt(options, 5, onArrival)
  } catch (error) {
    if (!(error instanceof VersionRefused)) throw error
    return await attempt(options, 4, onArrival)
  }
}

async function attempt(
  options: ConnectOptions,
  version: 4 | 5,
  onArrival: (arrival: Arrival) => void,
): Promise<Connection> {
  const client = mqtt.connect(clientOptions(options, version))
  deliver(client, onArrival)
  let reached = false
  client.stream.once('connect', () => {
    reached = true
  })
  const closed = watch(client)
  const abort = () => client.emit('error', new Error('stopping'))
  options.signal.addEventListener('abort', abort)
  const connected = new Promise<void>((resolve) => client.once('connect', () => resolve()))
  const failure = await Promise.race([connected, closed.then(({ error }) => error)])
  options.signal.removeEventListener('abort', abort)
  if (failure === undefined)
    return new Connection(
      client,
      version,
      closed.then(({ error }) => error.message),
    )
  const perhapsVersion = version === 5 && reached && !options.signal.aborted && mayMeanVersion(failure)
  throw perhapsVersion ? new VersionRefused(failure.message) : failure
}

/** A 3.1.1 broker answers 5 with return code 1, with bytes that are no answer, or by closing; not with silence. */
function mayMeanVersion(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'number') return code === 1 || code === 0x84
  if (typeof code === 'string') return code === 'ECONNRESET' || code === 'EPIPE'
  return error.message !== 'connack timeout'
}

function clientOptions({ address, clientId, ca, will }: ConnectOptions, version: 4 | 5): IClientOptions {
  return {
    ...address,
    protocolVersion: version,
    clientId,
    clean: false, // requests wait for us at the broker [U-13]
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0, // a connection ends once; mqtt-bus.ts opens the next
    resubscribe: false,
    subscribeBatchSize: 8, // the most that AWS IoT takes in one packet
    queueQoSZero: false,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    ...(ca === undefined ? {} : { ca }),
    ...(version === 5
      ? {
          properties: {
            sessionExpiryInterval: SESSION_EXPIRY_S,
            receiveMaximum: RECEIVE_MAX,
            maximumPacketSize: PACKET_MAX_BYTES,
          },
        }
      : {}),
  }
}

/** Resolves with the first error when the connection is over; whatever goes wrong ends it. */
function watch(client: MqttClient): Promise<{ error: Error }> {
  return new Promise((resolve) => {
    let first: Error | undefined
    client.on('disconnect', (packet) => {
      first ??= new Error(`the broker ended the connection: reason 0x${(packet.reasonCode ?? 0).toString(16)}`)
    })
    client.on('error', (error) => {
      first ??= error
      client.end(true)
      client.stream.destroy() // end() leaves it open when the broker has not answered yet
    })
    client.on('close', () => resolve({ error: first ?? new Error('the broker closed the connection') }))
  })
}

/**
 * Hands over every message and lets MQTT.js read on at once. It would hold up all that comes behind a message until its
 * handler is done, PUBACKs for us included; an error given to `done` means only that it sends no PUBACK itself.
 */
function deliver(client: MqttClient, onArrival: (arrival: Arrival) => void): void {
  client.handleMessage = (packet: IPublishPacket, done) => {
    const { topic, retain, qos, messageId } = packet
    const confirm = qos === 1 && messageId !== undefined ? () => writePuback(client, messageId) : () => {}
    onArrival({ topic, payload: Buffer.from(packet.payload), retained: retain, confirm })
    done(qos === 1 ? new Error('confirmed later') : undefined)
  }
  client.on('packetreceive', (packet) => {
    if (packet.cmd !== 'publish' || packet.qos !== 2) return
    client.emit('error', new Error('the broker sent QoS 2 on a QoS 1 subscription'))
  })
}

/** PUBACK, success: type 4, length 2, packet id; the same in 3.1.1 and 5 [MQTT-3.4.2.1]. */
function writePuback(client: MqttClient, packetId: number): void {
  if (!client.stream.destroyed) client.stream.write(Buffer.from([0x40, 2, packetId >> 8, packetId & 0xff]))
}

function asRefusal(error: Error): Error {
  const code = 'code' in error && typeof error.code === 'number' ? error.code : undefined
  return code === undefined ? error : new BrokerRefusal(code, error.message)
}
