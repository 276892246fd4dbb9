import type { Aedes, AedesPublishPacket } from 'aedes'
import type { BusOutbox, OutboxEntry } from '../../core/bus-outbox.ts'
import { GatewayError } from '../../core/errors.ts'

/**
 * Messages given to aedes and not confirmed yet. Below its own `concurrency` (100), over which it queues in an array
 * that it shifts: with thousands in flight that costs two thirds of the throughput.
 */
const IN_FLIGHT_MAX = 64
/** Nothing confirmed for this long while something is in flight: more than one dropped subscriber explains. */
const STALLED_AFTER_MS = 5_000

/**
 * Moves the outbox into aedes. Messages enter in a turn of the event loop that nothing else shares, and one only after
 * the one before has reached the subscribers. Otherwise a retained message, which takes longer inside, is overtaken,
 * and aedes drops what was overtaken as a repeat for every wildcard subscriber.
 */
export class Inlet {
  readonly #aedes: Aedes
  readonly #outbox: BusOutbox
  #scheduled = false
  #takenThisTurn = 0
  /** The payload that aedes has taken and not yet shown to its subscribers. */
  #entering: Buffer | undefined
  #inFlight = 0
  #lastProgressMs = 0

  constructor(aedes: Aedes, outbox: BusOutbox) {
    this.#aedes = aedes
    this.#outbox = outbox
  }

  /** Why messages do not get through. */
  get trouble(): string | undefined {
    const isStalled = this.#inFlight > 0 && performance.now() - this.#lastProgressMs > STALLED_AFTER_MS
    return isStalled ? `nothing was confirmed for ${STALLED_AFTER_MS / 1000} s` : undefined
  }

  /** Call it when there is something in the outbox. */
  pump(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#takenThisTurn = 0
      this.#sendNext()
    })
  }

  /** Call it, in the same breath as the subscribers are told, with every message that aedes shows them. */
  shown(packet: AedesPublishPacket): void {
    if (packet.payload !== this.#entering) return
    this.#entering = undefined
    this.#sendNext()
  }

  #sendNext(): void {
    if (this.#entering !== undefined || this.#inFlight >= IN_FLIGHT_MAX) return
    if (this.#takenThisTurn >= IN_FLIGHT_MAX) return this.pump() // let sockets and timers have their turn
    const entry = this.#outbox.take()
    if (entry === undefined) return
    if (this.#inFlight === 0) this.#lastProgressMs = performance.now()
    const { topic, payload, retain } = entry
    this.#takenThisTurn += 1
    this.#inFlight += 1
    this.#entering = payload
    const packet = { cmd: 'publish', qos: 1, dup: false, topic, payload, retain } as const
    this.#aedes.publish(packet, (error) => this.#settled(entry, error))
  }

  /** aedes has stored it and written it to every subscriber's socket, or will not: only this confirms. */
  #settled(entry: OutboxEntry, error?: Error | null): void {
    this.#inFlight -= 1
    this.#lastProgressMs = performance.now()
    if (error) {
      if (this.#entering === entry.payload) this.#entering = undefined
      this.#outbox.refuse(entry, new GatewayError('bus_refused', error.message))
    } else {
      this.#outbox.confirm(entry)
    }
    this.pump()
  }
}
