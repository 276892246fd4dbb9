import { connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Direction, type Toxic, ToxicFlow } from './toxic-flow.ts'

/** A cable between a client and a server that a test can cut, silence, slow down and poison. */
export class TcpProxy {
  /** Where new connections go. */
  targetPort: number
  /** Every connection that there ever was. */
  accepted = 0
  readonly #server: Server
  readonly #random: () => number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #toxics: readonly Toxic[] = []
  #cut = false

  constructor(server: Server, targetPort: number, random: () => number) {
    this.#server = server
    this.targetPort = targetPort
    this.#random = random
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

  /** Adds to what the cable does, to connections that are open and to new ones, until `heal`. */
  poison(...toxics: readonly Toxic[]): void {
    this.#toxics = [...this.#toxics, ...toxics]
    for (const pair of this.#pairs) this.#schedule(pair, toxics)
  }

  /** Resets every connection and every new one, until `heal`. */
  cut(): void {
    this.#cut = true
    this.reset()
  }

  /** Resets every connection; new ones are welcome. */
  reset(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  /** Swallows every byte in both directions and closes nothing: the other sides must notice by themselves. */
  blackhole(): void {
    this.poison({ kind: 'timeout' })
  }

  /** Each byte comes so much later, in both directions. */
  delay(latencyMs: number): void {
    this.poison({ kind: 'latency', latencyMs })
  }

  /** A good cable again. What was swallowed does not come back: those connections are reset. */
  heal(): void {
    const swallowed = this.#toxics.some(({ kind }) => kind === 'timeout')
    this.#toxics = []
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.#cut = false
    if (swallowed) this.reset()
  }

  close(): Promise<void> {
    this.heal()
    this.cut()
    return new Promise((resolve) => void this.#server.close(() => resolve()))
  }

  #join(near: Socket): void {
    this.accepted += 1
    near.on('error', () => {})
    if (this.#cut) {
      near.resetAndDestroy()
      return
    }
    const far = connect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true })
    const pair = [near, far] as const
    this.#pairs.add(pair)
    const towards = (direction: Direction) => () => this.#toxics.filter(({ only = direction }) => only === direction)
    new ToxicFlow(near, far, towards('upstream'), this.#random)
    new ToxicFlow(far, near, towards('downstream'), this.#random)
    for (const socket of pair) {
      socket.on('close', () => pair.every(({ closed }) => closed) && this.#pairs.delete(pair))
    }
    this.#schedule(pair, this.#toxics)
  }

  /** What happens to a connection once after a time. */
  #schedule(pair: readonly [Socket, Socket], toxics: readonly Toxic[]): void {
    for (const toxic of toxics) {
      if (toxic.kind === 'reset_peer') this.#later(toxic.afterMs, () => pair.map((socket) => socket.resetAndDestroy()))
      if (toxic.kind !== 'timeout' || toxic.afterMs === undefined) continue
      this.#later(toxic.afterMs, () => pair.map((socket) => socket.destroy()))
    }
  }

  #later(afterMs: number, act: () => unknown): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, afterMs)
    this.#timers.add(timer)
  }
}

/** Listens on a free port of 127.0.0.1 until it is closed. `random` is for what varies. */
export async function openTcpProxy(targetPort: number, random: () => number = Math.random): Promise<TcpProxy> {
  const server = createServer({ allowHalfOpen: true })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return new TcpProxy(server, targetPort, random)
}

/** `openTcpProxy` until the test is over. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const proxy = await openTcpProxy(targetPort)
  onTestFinished(() => proxy.close())
  return proxy
}
