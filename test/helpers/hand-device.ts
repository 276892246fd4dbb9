import type { IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import type { TestGateway } from './start-gateway.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what a message is
type Message = any

/** A device played by hand, as with wscat: a plain WebSocket client that knows nothing of the project's code. */
export class HandDevice {
  readonly socket: WebSocket
  readonly messages: Message[] = []
  readonly #unread: Message[] = []
  readonly #waiting = new Set<() => void>()
  /** The close frame; 1006 when there was none. */
  readonly closed: Promise<{ code: number; reason: string }>

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      const message: Message = JSON.parse(data.toString())
      this.messages.push(message)
      this.#unread.push(message)
      for (const look of [...this.#waiting]) look()
    })
    socket.on('error', () => {}) // what went wrong stands in the close code
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  /** Sends an object as JSON, a text or bytes as they are. */
  send(message: object | string | Buffer): void {
    const raw = typeof message === 'string' || Buffer.isBuffer(message)
    this.socket.send(raw ? message : JSON.stringify(message))
  }

  /** The next message of this type that was not returned before. Rejects after 15 s or when the socket closes. */
  next(type: string): Promise<Message> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        this.#waiting.delete(look)
        reject(new Error(`no ${type}: ${why}; came: ${JSON.stringify(this.messages.slice(-5))}`))
      }
      const timer = setTimeout(() => fail('15 s are over'), 15_000)
      const look = () => {
        const index = this.#unread.findIndex((message) => message.type === type)
        if (index < 0) return
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(this.#unread.splice(index, 1)[0])
      }
      this.#waiting.add(look)
      this.socket.once('close', (code) => {
        clearTimeout(timer)
        if (this.#waiting.has(look)) fail(`closed with ${code}`)
      })
      look()
    })
  }

  async hello(more: object = {}): Promise<Message> {
    this.send({ type: 'hello', boot: 'boot-1', firmware: 'hand', model: 'hand', capabilities: [], ...more })
    return this.next('welcome')
  }
}

export interface HandOptions extends ClientOptions {
  readonly path?: string
  readonly subprotocols?: string[]
}

/** Connects; rejects with the status of a refusal as its message. */
export async function connectByHand(gateway: TestGateway, token: string, options: HandOptions = {}) {
  const { path = '/device/v1', subprotocols = ['fairlead.v1'], headers, ...others } = options
  const socket = new WebSocket(`${gateway.deviceUrl}${path}`, subprotocols, {
    ca: gateway.ca,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...others,
  })
  const device = new HandDevice(socket)
  onTestFinished(() => socket.terminate())
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      response.resume()
      reject(new Error(String(response.statusCode)))
    })
  })
  return device
}

/** Two holders of one token take the session from each other until the device is quarantined [P-9]. */
export async function takeTurns(gateway: TestGateway, token: string): Promise<void> {
  for (const boot of ['a', 'b', 'a', 'b', 'a']) {
    const device = await connectByHand(gateway, token)
    await device.hello({ boot })
  }
}
