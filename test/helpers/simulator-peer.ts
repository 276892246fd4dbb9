import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { expect, onTestFinished } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { parseDeviceMessage } from '../../protocol/device-messages.ts'
import { encodeMessage } from '../../protocol/encode.ts'
import * as limits from '../../protocol/limits.ts'
import type { DeviceMessage, GatewayMessage, SessionLimits } from '../../protocol/messages.ts'

/** Values that are awaited in the order in which they come. */
class Inbox<T> {
  readonly #waiting: T[] = []
  readonly #askers: ((value: T) => void)[] = []

  push(value: T): void {
    const asker = this.#askers.shift()
    if (asker) asker(value)
    else this.#waiting.push(value)
  }

  next(): Promise<T> {
    const value = this.#waiting.shift()
    return value === undefined ? new Promise((resolve) => this.#askers.push(resolve)) : Promise.resolve(value)
  }

  get size(): number {
    return this.#waiting.length
  }
}

export const PEER_LIMITS: SessionLimits = {
  frameBytes: limits.DEVICE_FRAME_MAX_BYTES,
  payloadBytes: limits.TELEMETRY_MAX_BYTES,
  points: limits.POINTS_MAX,
  windowMessages: limits.WINDOW_MAX_MESSAGES,
  windowBytes: limits.WINDOW_MAX_BYTES,
  messagesPerS: limits.DEVICE_MESSAGES_PER_S,
  burst: limits.DEVICE_MESSAGES_BURST,
  pingIntervalMs: limits.PING_INTERVAL_MS,
  pongTimeoutMs: limits.PONG_TIMEOUT_MS,
}

type Of<T extends DeviceMessage['type']> = Extract<DeviceMessage, { type: T }>

/** The gateway's end of one accepted connection, told what to say by the test. */
export class PeerSession {
  readonly request: IncomingMessage
  readonly socket: WebSocket
  readonly binary = new Inbox<Buffer>()
  /** The code of the device's close; 1006 when it sent none. */
  readonly closed: Promise<number>
  readonly #messages = new Inbox<DeviceMessage>()

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.socket = socket
    this.request = request
    this.closed = new Promise((resolve) => void socket.on('close', resolve))
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.binary.push(data)
      else this.#messages.push(parsed(data.toString()))
    })
  }

  /** The next message, which must be of that type. */
  async next<T extends DeviceMessage['type']>(type: T): Promise<Of<T>> {
    const message = await this.#messages.next()
    expect(message).toMatchObject({ type })
    return message as Of<T>
  }

  /** Messages that nobody asked for yet. */
  get waiting(): number {
    return this.#messages.size
  }

  send(message: GatewayMessage): void {
    this.socket.send(encodeMessage(message))
  }

  welcome(more: { acked?: number; limits?: Partial<SessionLimits>; session?: number } = {}): void {
    const { session = 1, acked } = more
    this.send({ type: 'welcome', session, now: Date.now(), limits: { ...PEER_LIMITS, ...more.limits }, acked })
  }

  command(id: string, name: string, params = {}): void {
    this.send({ type: 'command', id, name, params, expiresInMs: 60_000 })
  }

  /** As a gateway ends a session [S-8]. */
  end(code: number, retryAfterMs: number): void {
    this.send({ type: 'bye', code, reason: 'test', reconnect: code < 4500, retryAfterMs })
    this.socket.close(code)
  }
}

function parsed(text: string): DeviceMessage {
  const result = parseDeviceMessage(text)
  if (!result.ok) throw new Error(`the device sent ${text}: ${result.problem.code}`)
  return result.message
}

export type RestAnswer = { status: number; body?: unknown; headers?: Record<string, string> }
type Refusal = { status: number; headers: Record<string, string> }

/** A scripted gateway on loopback: not the real one, so that the simulator is judged by the protocol alone. */
export class SimulatorPeer {
  readonly url: string
  readonly sessions = new Inbox<PeerSession>()
  /** Answers REST; 404 by default. */
  rest: (request: IncomingMessage, body: string) => RestAnswer = () => ({ status: 404 })
  /** `Authorization` of every upgrade. */
  readonly tokens: string[] = []
  readonly #refusals: Refusal[] = []
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'fairlead.v1' })

  constructor(server: Server, secure: boolean) {
    this.#server = server
    this.url = `${secure ? 'wss' : 'ws'}://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    server.on('request', (request, response) => void this.#answer(request, response))
  }

  /** The next upgrade is answered with this status. */
  refuseNext(status: number, headers: Record<string, string> = {}): void {
    this.#refusals.push({ status, headers })
  }

  /** The next connection, after its `hello`. */
  async greeted(): Promise<{ session: PeerSession; boot: string }> {
    const session = await this.sessions.next()
    const { boot } = await session.next('hello')
    return { session, boot }
  }

  /** From here on every session is welcomed and everything is acknowledged at once. */
  acknowledgeAll(): void {
    this.#sockets.on('connection', (socket: WebSocket) => {
      socket.on('message', (data: Buffer) => {
        const message = parsed(data.toString())
        const reply = (answer: GatewayMessage): void => socket.send(encodeMessage(answer))
        if (message.type === 'hello') reply({ type: 'welcome', session: 1, now: Date.now(), limits: PEER_LIMITS })
        if (message.type === 'telemetry') reply({ type: 'ack', seq: message.seq, boot: message.boot })
      })
    })
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#server.closeAllConnections()
    await new Promise((resolve) => void this.#server.close(resolve))
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.tokens.push(request.headers.authorization ?? '')
    const refusal = this.#refusals.shift()
    if (refusal === undefined) {
      this.#sockets.handleUpgrade(request, socket, head, (opened) => {
        this.sessions.push(new PeerSession(opened, request))
        this.#sockets.emit('connection', opened)
      })
      return
    }
    const headers = Object.entries({ ...refusal.headers, Connection: 'close', 'Content-Length': '0' })
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.end(`HTTP/1.1 ${refusal.status} Refused\r\n${lines}\r\n`)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const answer = this.rest(request, body)
    response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers })
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
  }
}

/** Listens on a free port until the test is over. */
export async function startPeer(tls?: { cert: string; key: string }): Promise<SimulatorPeer> {
  const server = tls ? createTlsServer(tls) : createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const peer = new SimulatorPeer(server as Server, tls !== undefined)
  onTestFinished(() => peer.close())
  return peer
}
