import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { countedAs, plainAddress } from '../core/address.ts'
import { TokenBucket } from '../core/token-bucket.ts'

/** How many clients may be on their way in at once, and how fast. */
export interface EntranceLimits {
  /** A turn of the event loop begins no more handshakes than this, and one after a long turn. */
  readonly startsPerTurn: number
  /** Longer than this is a long turn: those who are on their way in leave too little time for everybody else. */
  readonly turnMaxMs: number
  /**
   * Sockets between their turn and their first request. An ESP32 takes 2 to 3 s for TLS and the headers, so this many are
   * hundreds of devices per second.
   */
  readonly startingMax: number
  /** Of these for one address, of IPv6 for one /64: one that opens sockets and says nothing leaves room for the others. */
  readonly startingPerAddressMax: number
  /** Accepted sockets that wait for their turn, each a descriptor; the newest lose, by a reset. */
  readonly waitingMax: number
  /** After this the client is about to give up, and a handshake would be wasted on it. */
  readonly patienceMs: number
  /** Of all banned addresses together: enough to tell an honest client by 429, too few to cost the others anything. */
  readonly bannedPerS: number
}

export const ENTRANCE_LIMITS: EntranceLimits = {
  startsPerTurn: 4,
  turnMaxMs: 20,
  startingMax: 1_000,
  startingPerAddressMax: 750,
  waitingMax: 8_192,
  patienceMs: 10_000,
  bannedPerS: 20,
}

/** Closed enum: a label of a metric. */
export type EntranceRefusal = 'too_many_sockets' | 'too_many_waiting' | 'waited_too_long' | 'banned_address' | 'banned'

export interface EntranceOptions {
  /** Gets the sockets, one by one. Not listening itself. */
  readonly server: HttpServer
  /** `server` speaks TLS. */
  readonly isSecure: boolean
  /** Sockets of every kind together; the newest lose, by a reset. */
  readonly maxSockets: number
  /** False while those who are further in must be served first: then nobody new begins. */
  readonly hasRoom: () => boolean
  /** Whoever comes from there is refused anyway: what is too much of it is reset before it costs a TLS handshake. */
  readonly isBanned: (address: string) => boolean
  /** An operator banned it: always reset. */
  readonly isBlocked?: (address: string) => boolean
  /** Called once for each socket that was reset here. */
  readonly onRefused: (reason: EntranceRefusal, address: string | undefined) => void
  readonly limits?: EntranceLimits
}

/** While there is no room it is looked for again after this. */
const LOOK_AGAIN_MS = 5
/** How often those who waited too long are looked for. */
const DISMISS_EVERY_MS = 100

interface Waiting {
  readonly socket: Socket
  readonly sinceMs: number
}

interface Starting {
  readonly socket: Socket
  /** Where it comes from, as that is counted. */
  readonly origin: string
}

/**
 * Takes connections as they come and lets them in as fast as they can be served: a TLS handshake costs a hundred times
 * what an accepted socket costs, and 5,000 of them at once would leave no time for devices that are connected. Addresses
 * take turns, those of one IPv6 /64 as one.
 */
export class Entrance {
  /** What listens. Closed by its owner, who then calls `dismissAll`. */
  readonly door: Server
  readonly #options: EntranceOptions
  readonly #limits: EntranceLimits
  readonly #banned: TokenBucket
  /** By origin, the one whose turn is next first. */
  readonly #waiting = new Map<string, Waiting[]>()
  #waitingCount = 0
  /** Between their turn and their first request, by peer. */
  readonly #starting = new Map<string, Starting>()
  readonly #startingByOrigin = new Map<string, number>()
  #startedThisTurn = 0
  #startsAllowed: number
  #pumpIsDue = false
  #turnBeganMs = 0
  #dismissedAtMs = 0

  constructor(options: EntranceOptions) {
    this.#options = options
    this.#limits = options.limits ?? ENTRANCE_LIMITS
    this.#startsAllowed = this.#limits.startsPerTurn
    const { bannedPerS } = this.#limits
    this.#banned = new TokenBucket(bannedPerS, bannedPerS, performance.now())
    const settings = { pauseOnConnect: true, noDelay: true } // as an HTTP server would set its own
    this.door = createServer(settings, (socket) => this.#arrived(socket))
    this.door.maxConnections = options.maxSockets
    this.door.on('drop', (data) => options.onRefused('too_many_sockets', data?.remoteAddress))
    this.door.on('listening', () => options.server.emit('listening')) // starts its checks of slow requests
    options.server.on('request', ({ socket }: IncomingMessage) => this.#through(peerOf(socket)))
    options.server.on('upgrade', ({ socket }: IncomingMessage) => this.#through(peerOf(socket)))
  }

  /** Accepted, and waiting for their turn. */
  get waiting(): number {
    return this.#waitingCount
  }
  /** Between their turn and their first request. */
  get starting(): number {
    return this.#starting.size
  }

  /** Cuts whoever is not through yet. */
  dismissAll(): void {
    for (const queue of this.#waiting.values()) for (const { socket } of queue) socket.destroy()
    this.#waiting.clear()
    this.#waitingCount = 0
    for (const { socket } of [...this.#starting.values()]) socket.destroy()
  }

  #arrived(socket: Socket): void {
    socket.on('error', () => {}) // told by whoever owns it by then
    if (this.#waitingCount >= this.#limits.waitingMax) return this.#refuse(socket, 'too_many_waiting')
    const address = addressOf(socket)
    if (this.#options.isBlocked?.(address)) return this.#refuse(socket, 'banned')
    if (this.#options.isBanned(address) && !this.#banned.tryTake(1, performance.now())) {
      return this.#refuse(socket, 'banned_address')
    }
    const origin = countedAs(address)
    const queue = this.#waiting.get(origin) ?? []
    if (queue.length === 0) this.#waiting.set(origin, queue)
    queue.push({ socket, sinceMs: performance.now() })
    this.#waitingCount += 1
    this.#pump()
  }

  /** Lets in whom it may in this turn of the event loop, and sees to it that it goes on later. */
  #pump(): void {
    while (this.#startedThisTurn < this.#startsAllowed && this.#mayStart()) {
      const next = this.#next()
      if (next === undefined) break
      this.#startedThisTurn += 1
      this.#start(next)
    }
    if (this.#pumpIsDue || (this.#waitingCount === 0 && this.#startedThisTurn === 0)) return
    this.#pumpIsDue = true
    if (this.#startedThisTurn > 0) setImmediate(() => this.#nextTurn())
    else setTimeout(() => this.#nextTurn(), LOOK_AGAIN_MS)
  }

  #nextTurn(): void {
    const nowMs = performance.now()
    const wasLong = nowMs - this.#turnBeganMs > this.#limits.turnMaxMs + LOOK_AGAIN_MS
    this.#turnBeganMs = nowMs
    this.#startsAllowed = wasLong ? 1 : this.#limits.startsPerTurn
    this.#pumpIsDue = false
    this.#startedThisTurn = 0
    this.#dismissImpatient(nowMs)
    this.#pump()
  }

  #mayStart(): boolean {
    return this.#starting.size < this.#limits.startingMax && this.#options.hasRoom()
  }

  /** Of the origin whose turn it is; one with too many handshakes of its own is passed over. */
  #next(): Socket | undefined {
    for (const [origin, queue] of this.#waiting) {
      if ((this.#startingByOrigin.get(origin) ?? 0) >= this.#limits.startingPerAddressMax) continue
      const first = queue.shift()
      this.#waiting.delete(origin)
      if (queue.length > 0) this.#waiting.set(origin, queue) // behind the others
      if (first === undefined) continue
      this.#waitingCount -= 1
      return first.socket
    }
    return undefined
  }

  #start(socket: Socket): void {
    const peer = peerOf(socket)
    if (peer === undefined) return void socket.destroy() // it has left meanwhile
    const origin = countedAs(addressOf(socket))
    this.#starting.set(peer, { socket, origin })
    this.#startingByOrigin.set(origin, (this.#startingByOrigin.get(origin) ?? 0) + 1)
    socket.once('close', () => this.#through(peer))
    this.#options.server.emit('connection', socket)
    if (!this.#options.isSecure) socket.resume()
  }

  /** Its first request is here, or it is gone. */
  #through(peer: string | undefined): void {
    const origin = peer === undefined ? undefined : this.#starting.get(peer)?.origin
    if (peer === undefined || origin === undefined) return
    this.#starting.delete(peer)
    const left = (this.#startingByOrigin.get(origin) ?? 1) - 1
    if (left === 0) this.#startingByOrigin.delete(origin)
    else this.#startingByOrigin.set(origin, left)
  }

  #dismissImpatient(nowMs: number): void {
    if (nowMs - this.#dismissedAtMs < DISMISS_EVERY_MS) return
    this.#dismissedAtMs = nowMs
    const sinceMs = nowMs - this.#limits.patienceMs
    for (const [origin, queue] of this.#waiting) {
      while (queue[0] !== undefined && queue[0].sinceMs < sinceMs) this.#dismiss(queue)
      if (queue.length === 0) this.#waiting.delete(origin)
    }
  }

  #dismiss(queue: Waiting[]): void {
    const first = queue.shift()
    if (first === undefined) return
    this.#waitingCount -= 1
    this.#refuse(first.socket, 'waited_too_long')
  }

  #refuse(socket: Socket, reason: EntranceRefusal): void {
    this.#options.onRefused(reason, addressOf(socket))
    socket.resetAndDestroy()
  }
}

const addressOf = (socket: Socket): string => plainAddress(socket.remoteAddress)

/** The same for a TCP socket and for the TLS socket around it. */
function peerOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort } = socket
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort}`
}
