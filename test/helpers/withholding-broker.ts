import { createServer, type Server, type Socket } from 'node:net'
import { generate, type IPublishPacket, type Packet, parser } from 'mqtt-packet'

export interface WithholdingBroker {
  readonly url: string
  /** Every PUBLISH that came in, repeats included. */
  readonly received: readonly { readonly topic: string; readonly payload: Buffer; readonly retain: boolean }[]
  /** Protocol levels of the CONNECTs, in order, refused ones too. */
  readonly connects: readonly number[]
  /** Packet ids of its own messages that a client confirmed, in order. */
  readonly confirmed: readonly number[]
  /** From now on PUBLISH is taken and passed on, and no PUBACK is sent. */
  withhold(): void
  /** Sends what was withheld, and confirms at once again. */
  release(): void
  /** MQTT 5: answers each PUBLISH with this reason code; 0 confirms again. */
  refuseWith(reasonCode: number): void
  /** Sends a QoS 1 message to every subscriber; returns its packet id. */
  send(topic: string, payload: string): number
  /** Sends bytes as they are on every connection. */
  sendRaw(bytes: Buffer): void
  /** Cuts every connection. */
  cut(): void
  stop(): Promise<void>
}

export interface WithholdingBrokerOptions {
  /** Protocol levels it speaks; others get CONNACK with return code 1 and are closed. Default 4 and 5. */
  readonly versions?: readonly (4 | 5)[]
  /** MQTT 5: how many unconfirmed messages it allows. Default: it does not say. */
  readonly receiveMaximum?: number
  /** Ends a connection on which a larger packet begins, without saying so before. */
  readonly packetMaxBytes?: number
}

interface Session {
  readonly socket: Socket
  readonly version: 4 | 5
  readonly filters: Set<string>
  readonly withheld: number[]
}

/**
 * A tiny MQTT broker that takes everything and can be told not to confirm it. Routes to subscribers with QoS 1, keeps
 * no session and no retained message.
 */
export async function startWithholdingBroker(options: WithholdingBrokerOptions = {}): Promise<WithholdingBroker> {
  const broker = new Broker(options)
  await broker.listen()
  return broker
}

class Broker implements WithholdingBroker {
  readonly received: { topic: string; payload: Buffer; retain: boolean }[] = []
  readonly connects: number[] = []
  readonly confirmed: number[] = []
  readonly #options: WithholdingBrokerOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<Session>()
  #withholding = false
  #reasonCode = 0
  #lastId = 0

  constructor(options: WithholdingBrokerOptions) {
    this.#options = options
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()))
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return `mqtt://127.0.0.1:${address.port}`
  }

  withhold(): void {
    this.#withholding = true
  }

  release(): void {
    this.#withholding = false
    for (const session of this.#sessions) {
      for (const id of session.withheld.splice(0)) this.#confirm(session, id)
    }
  }

  refuseWith(reasonCode: number): void {
    this.#reasonCode = reasonCode
  }

  send(topic: string, payload: string): number {
    this.#lastId += 1
    const messageId = this.#lastId
    for (const session of this.#sessions) {
      if (![...session.filters].some((filter) => matches(filter, topic))) continue
      write(session, {
        cmd: 'publish',
        topic,
        payload: Buffer.from(payload),
        qos: 1,
        retain: false,
        dup: false,
        messageId,
      })
    }
    return messageId
  }

  sendRaw(bytes: Buffer): void {
    for (const socket of this.#sockets) socket.write(bytes)
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    const parse = parser()
    let session: Session | undefined
    parse.on('error', () => socket.destroy())
    parse.on('packet', (packet: Packet) => {
      if (packet.cmd === 'connect') session = this.#connect(socket, packet.protocolVersion ?? 4)
      else if (session === undefined) socket.destroy()
      else this.#handle(session, packet)
    })
    socket.on('data', (chunk) => parse.parse(chunk))
  }

  #connect(socket: Socket, version: number): Session | undefined {
    this.connects.push(version)
    if ((version !== 4 && version !== 5) || !(this.#options.versions ?? [4, 5]).includes(version)) {
      socket.end(Buffer.from([0x20, 2, 0, 1])) // what a 3.1.1 broker says to another version
      return undefined
    }
    const session: Session = { socket, version, filters: new Set(), withheld: [] }
    this.#sessions.add(session)
    socket.on('close', () => this.#sessions.delete(session))
    const { receiveMaximum } = this.#options
    const properties = receiveMaximum === undefined ? {} : { properties: { receiveMaximum } }
    write(session, { cmd: 'connack', sessionPresent: false, returnCode: 0, reasonCode: 0, ...properties })
    return session
  }

  #handle(session: Session, packet: Packet): void {
    switch (packet.cmd) {
      case 'publish':
        return this.#publish(session, packet)
      case 'puback':
        this.confirmed.push(packet.messageId ?? 0)
        return
      case 'subscribe': {
        for (const { topic } of packet.subscriptions) session.filters.add(topic)
        const granted = packet.subscriptions.map(() => 1)
        return write(session, { cmd: 'suback', messageId: packet.messageId ?? 0, granted })
      }
      case 'unsubscribe': {
        for (const topic of packet.unsubscriptions) session.filters.delete(topic)
        const granted = packet.unsubscriptions.map(() => 0)
        return write(session, { cmd: 'unsuback', messageId: packet.messageId ?? 0, granted })
      }
      case 'pingreq':
        return write(session, { cmd: 'pingresp' })
      case 'disconnect':
        session.socket.end()
    }
  }

  #publish(session: Session, packet: IPublishPacket): void {
    if ((packet.length ?? 0) > (this.#options.packetMaxBytes ?? Number.POSITIVE_INFINITY)) {
      session.socket.destroy()
      return
    }
    const payload = Buffer.from(packet.payload)
    this.received.push({ topic: packet.topic, payload, retain: packet.retain })
    if (this.#reasonCode === 0) this.send(packet.topic, payload.toString())
    if (packet.qos === 0 || packet.messageId === undefined) return
    if (this.#withholding) session.withheld.push(packet.messageId)
    else this.#confirm(session, packet.messageId)
  }

  #confirm(session: Session, messageId: number): void {
    write(session, { cmd: 'puback', messageId, reasonCode: session.version === 5 ? this.#reasonCode : 0 })
  }
}

function write(session: Session, packet: Packet): void {
  if (!session.socket.destroyed) session.socket.write(generate(packet, { protocolVersion: session.version }))
}

function matches(filter: string, topic: string): boolean {
  const parts = topic.split('/')
  const wanted = filter.split('/')
  for (const [index, part] of wanted.entries()) {
    if (part === '#') return true
    if (part !== '+' && part !== parts[index]) return false
  }
  return wanted.length === parts.length
}
