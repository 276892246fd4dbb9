import { connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A cable between a device and the gateway that a test can cut, silence and slow down. */
export class TcpProxy {
  /** Where new connections go. */
  targetPort: number
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #cut = false
  #silent = false
  #delayMs = 0

  constructor(server: Server, targetPort: number) {
    this.#server = server
    this.targetPort = targetPort
    server.on('connection', (socket) => this.#join(socket))
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }
  get connections(): number {
    return this.#pairs.size
  }

  /** Resets every connection and every new one, until `heal`. */
  cut(): void {
    this.#cut = true
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  /** Swallows every byte in both directions and closes nothing: the other sides must notice by themselves. */
  blackhole(): void {
    this.#silent = true
  }

  /** Each byte comes so much later, in both directions. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** A good cable again. What was swallowed does not come back: those connections are reset. */
  heal(): void {
    if (this.#silent) this.cut()
    this.#cut = false
    this.#silent = false
    this.#delayMs = 0
  }

  close(): Promise<void> {
    this.cut()
    return new Promise((resolve) => void this.#server.close(() => resolve()))
  }

  #join(near: Socket): void {
    near.on('error', () => {})
    if (this.#cut) {
      near.resetAndDestroy()
      return
    }
    const far = connect({ port: this.targetPort, host: '127.0.0.1' })
    const pair = [near, far] as const
    this.#pairs.add(pair)
    this.#carry(near, far)
    this.#carry(far, near)
    for (const socket of pair) socket.on('close', () => this.#pairs.delete(pair))
  }

  #carry(from: Socket, to: Socket): void {
    from.setNoDelay(true)
    from.on('error', () => {})
    from.on('data', (bytes) => this.#later(() => to.write(bytes)))
    from.on('close', (failed) => this.#later(() => (failed ? to.resetAndDestroy() : to.end())))
  }

  /** In the order of arrival: timers with the same delay fire in order. */
  #later(pass: () => unknown): void {
    if (this.#silent) return
    if (this.#delayMs === 0) pass()
    else setTimeout(() => this.#silent || pass(), this.#delayMs)
  }
}

/** Listens on a free port of 127.0.0.1 until the test is over. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const server = createServer({ allowHalfOpen: false })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const proxy = new TcpProxy(server, targetPort)
  onTestFinished(() => proxy.close())
  return proxy
}
