import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Client } from 'aedes'
import type { Log } from '../../core/ports.ts'
import { within } from './within.ts'

const CLIENTS_MAX = 1_000
/** Bytes before CONNECT is answered: a client id, a user, a password and a will, not an attack on memory. */
const EARLY_BYTES_MAX = 64 * 1024
/** For bytes on their way to subscribers when the broker stops. */
const FLUSH_TIMEOUT_MS = 500

export interface ListenerOptions {
  readonly host: string
  /** 0: the system chooses. */
  readonly port: number
  /** Speaks MQTT on the socket from here on. */
  readonly onSocket: (socket: Socket) => Client
  readonly log: Log
}

/** The TCP side of the broker: takes clients, cuts those that flood before they are known, and ends them all. */
export class Listener {
  readonly #options: ListenerOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
    this.#server.maxConnections = CLIENTS_MAX
  }

  /** Where it listens, once it does. */
  get port(): number {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : this.#options.port
  }

  /** Rejects with a clear reason when it cannot listen. */
  async listen(): Promise<void> {
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

  /** Lets the last bytes reach the subscribers, but never waits for a frozen one. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.end()
    await within(FLUSH_TIMEOUT_MS, closed)
    for (const socket of this.#sockets) socket.destroy()
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    const client = this.#options.onSocket(socket)
    socket.on('readable', () => {
      if (!client.connected && socket.bytesRead > EARLY_BYTES_MAX) socket.destroy()
    })
  }
}

function whyNot(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return 'the port is in use; FAIRLEAD_BROKER_PORT chooses another'
  return error instanceof Error ? error.message : String(error)
}
