import type { BusOutbox, OutboxEntry } from '../../core/bus-outbox.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Log, Metrics } from '../../core/ports.ts'
import { BrokerRefusal, type Connection } from './connection.ts'

/** Bytes sent and not confirmed: MQTT.js holds them a second time until the PUBACK. */
const IN_FLIGHT_BYTES_MAX = 4 * 1024 * 1024
/** Nothing confirmed for this long while something is in flight: the broker takes and does not keep. */
const CONFIRM_TIMEOUT_MS = 10_000
const WATCH_EVERY_MS = 1_000
/** Pause after a refusal, doubling while the broker goes on refusing. */
const REFUSED_PAUSE_MIN_MS = 1_000
const REFUSED_PAUSE_MAX_MS = 30_000
/** Fixed header, topic length, packet id and properties of a PUBLISH, generously. */
const PACKET_OVERHEAD_BYTES = 16
/** Topic name invalid, payload format invalid: about this message, and it will not change. */
const FINAL_REFUSALS: ReadonlySet<number> = new Set([0x90, 0x99])

export interface SenderNeeds {
  readonly outbox: BusOutbox
  readonly connection: Connection
  readonly log: Log
  readonly metrics: Metrics
  /** One message at a time until the first confirmation: one of them may have cost the last connection. */
  readonly cautious: boolean
}

/**
 * Moves the outbox over one connection [U-12]. After a refusal everything from the refused message on is sent again, after
 * a pause and in order, so that no message of a topic is overtaken for good.
 */
export class Sender {
  readonly #needs: SenderNeeds
  #confirmedAny = false
  #alone: OutboxEntry | undefined
  #inFlight = 0
  #inFlightBytes = 0
  #lastConfirmMs = 0
  /** Confirmations of messages after this one do not count: they will be sent again. */
  #refusedOrder = Number.POSITIVE_INFINITY
  #refusedBecause: string | undefined
  #pauseMs = 0
  #paused = false
  #timer: NodeJS.Timeout | undefined
  #watch: NodeJS.Timeout | undefined
  #ended = false

  /** Begins with everything that an earlier connection left unconfirmed. */
  constructor(needs: SenderNeeds) {
    this.#needs = needs
    needs.outbox.rewind()
    this.#watch = setInterval(() => this.#look(), WATCH_EVERY_MS).unref()
    this.pump()
  }

  /** Why the broker does not take messages now. */
  get trouble(): string | undefined {
    return this.#refusedBecause
  }

  /** False while the first confirmation of this connection is yet to come, though messages were sent. */
  get fruitless(): boolean {
    return !this.#confirmedAny && this.#inFlight > 0
  }

  /** The message that was in flight by itself when the connection ended, before any other was confirmed. */
  get alone(): OutboxEntry | undefined {
    return this.fruitless && this.#inFlight === 1 ? this.#alone : undefined
  }

  /** Sends what there is room for. */
  pump(): void {
    while (this.#hasRoom()) {
      const entry = this.#needs.outbox.take()
      if (entry === undefined) return
      if (entry.bytes + PACKET_OVERHEAD_BYTES > this.#needs.connection.packetMaxBytes) {
        this.refuse(entry, 'larger than the broker takes')
      } else {
        this.#send(entry)
      }
    }
  }

  /** The connection is over. */
  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    clearInterval(this.#watch)
  }

  /** One at a time while it is not known whether the broker takes messages. */
  #hasRoom(): boolean {
    const { connection, cautious } = this.#needs
    if (this.#ended || this.#paused) return false
    if (this.#refusedBecause !== undefined || (cautious && !this.#confirmedAny)) return this.#inFlight === 0
    return connection.inFlight < connection.inFlightMax && this.#inFlightBytes < IN_FLIGHT_BYTES_MAX
  }

  #send(entry: OutboxEntry): void {
    if (this.#inFlight === 0) this.#lastConfirmMs = performance.now()
    this.#alone = entry
    this.#inFlight += 1
    this.#inFlightBytes += entry.bytes
    this.#needs.connection.publish(entry.topic, entry.payload, entry.retain, (error) => this.#answered(entry, error))
  }

  #answered(entry: OutboxEntry, error?: Error | null): void {
    if (this.#ended) return
    this.#inFlight -= 1
    this.#inFlightBytes -= entry.bytes
    this.#lastConfirmMs = performance.now()
    if (error) this.#refused(entry, error)
    else if (entry.order < this.#refusedOrder) this.#confirmed(entry)
    this.#resume()
    this.pump()
  }

  #confirmed(entry: OutboxEntry): void {
    this.#confirmedAny = true
    if (this.#refusedOrder === Number.POSITIVE_INFINITY) {
      this.#refusedBecause = undefined
      this.#pauseMs = 0
    }
    this.#needs.outbox.confirm(entry)
  }

  #refused(entry: OutboxEntry, error: Error): void {
    const final = entry.expendable || (error instanceof BrokerRefusal && FINAL_REFUSALS.has(error.code))
    if (final) return this.refuse(entry, error.message)
    this.#refusedOrder = Math.min(this.#refusedOrder, entry.order)
    this.#refusedBecause = `the broker refuses messages: ${error.message}`
    if (this.#paused) return
    this.#paused = true
    this.#pauseMs = Math.min(REFUSED_PAUSE_MAX_MS, Math.max(REFUSED_PAUSE_MIN_MS, this.#pauseMs * 2))
    this.#needs.log.warn({ reason: error.message, topic: entry.topic, pauseMs: this.#pauseMs }, 'bus refuses messages')
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#resume()
      this.pump()
    }, this.#pauseMs).unref()
  }

  /** Once the pause is over and every answer is in. */
  #resume(): void {
    if (!this.#paused || this.#timer !== undefined || this.#inFlight > 0) return
    this.#paused = false
    this.#refusedOrder = Number.POSITIVE_INFINITY
    this.#needs.outbox.rewind()
  }

  /** The bus will never take this message. */
  refuse(entry: OutboxEntry, why: string): void {
    this.#needs.metrics.count('messages_dropped', 'bus_refused')
    this.#needs.log.warn({ topic: entry.topic, bytes: entry.bytes, reason: why }, 'bus will never take a message')
    this.#needs.outbox.refuse(entry, new GatewayError('bus_refused', why))
  }

  #look(): void {
    if (this.#inFlight === 0 || performance.now() - this.#lastConfirmMs < CONFIRM_TIMEOUT_MS) return
    this.#needs.connection.destroy('the broker confirmed nothing for 10 s')
  }
}
