import { once } from 'node:events'
import tls from 'node:tls'
import { frame, OPCODE, ServerFrames, text } from './raw-frames.ts'
import { handshakeText } from './raw-handshake.ts'
import type { TestGateway } from './start-gateway.ts'

/** How long one step may take on a machine that is busy with everything else. */
const PATIENCE_MS = 15_000

// biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what a message is
type Message = any

/** A device that speaks TLS and bytes: its handshake and frames are written out, so they can be wrong in every way. */
export class RawDevice {
  readonly messages: Message[] = []
  readonly pongs: Buffer[] = []
  /** The close frame: its code, 1005 for one without. */
  closeCode: number | undefined
  /** The server ended the connection. */
  ended = false
  readonly #socket: tls.TLSSocket
  readonly #frames = new ServerFrames()
  #failure: Error | undefined
  #changed: () => void = () => {}

  constructor(socket: tls.TLSSocket, rest: Buffer) {
    this.#socket = socket
    socket.on('error', () => {}) // a reset shows as the end
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    for (const event of ['end', 'close']) socket.on(event, () => this.#note(() => (this.ended = true)))
    this.#receive(rest)
  }

  /** Each buffer as a write of its own, which TLS makes a record of its own. */
  async write(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      if (this.#socket.writable) this.#socket.write(piece)
      if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  send(message: object): void {
    this.#socket.write(text(JSON.stringify(message)))
  }

  /** Resolves when `done` is true. Rejects when the connection ended before that, or after PATIENCE_MS. */
  until(what: string, done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}: ${this.#seen()}`)), PATIENCE_MS)
      this.#changed = () => {
        if (!done() && !this.ended && !this.#failure) return
        clearTimeout(timer)
        if (this.#failure) reject(this.#failure)
        else if (done()) resolve()
        else reject(new Error(`the connection ended before ${what}: ${this.#seen()}`))
      }
      this.#changed()
    })
  }

  of(type: string): Message[] {
    return this.messages.filter((message) => message.type === type)
  }

  /** From now on nothing of what the server sends is taken. */
  pauseReading(): void {
    this.#socket.pause()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#note(() => {
      for (const { opcode, payload } of this.#frames.push(chunk)) {
        if (opcode === OPCODE.text) this.messages.push(JSON.parse(payload.toString()))
        else if (opcode === OPCODE.pong) this.pongs.push(payload)
        else if (opcode === OPCODE.close) this.#closed(payload)
      }
    })
  }

  /** Answered as RFC 6455 wants it, so that the gateway need not wait. */
  #closed(payload: Buffer): void {
    this.closeCode ??= payload.length < 2 ? 1005 : payload.readUInt16BE(0)
    if (this.#socket.writable) this.#socket.write(frame(OPCODE.close, payload))
  }

  #note(change: () => void): void {
    try {
      change()
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error))
    }
    this.#changed()
  }

  #seen(): string {
    return JSON.stringify({ closed: this.closeCode, pongs: this.pongs.length, last: this.messages.slice(-3) })
  }
}

/** Connects, says `hello` with this boot id, and resolves after `welcome`. */
export async function connectRaw(gateway: TestGateway, token: string, boot: string): Promise<RawDevice> {
  const device = await openRaw(gateway, token)
  device.send({ type: 'hello', boot, firmware: 'raw', model: 'raw', capabilities: [] })
  await device.until('welcome', () => device.of('welcome').length > 0)
  return device
}

/** Connects with a good handshake. Rejects with the answer where it is no 101. */
export async function openRaw(gateway: TestGateway, token: string): Promise<RawDevice> {
  const socket = tls.connect({ port: gateway.port, host: '127.0.0.1', ca: gateway.ca })
  await once(socket, 'secureConnect')
  socket.setNoDelay(true)
  socket.write(handshakeText({ token }))
  let answer = Buffer.alloc(0)
  while (!answer.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    answer = Buffer.concat([answer, chunk])
  }
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(answer.toString())
  return new RawDevice(socket, answer.subarray(answer.indexOf('\r\n\r\n') + 4))
}
