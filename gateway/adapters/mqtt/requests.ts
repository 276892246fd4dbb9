import { setTimeout as sleep } from 'node:timers/promises'
import type { BusRequest, Log, Metrics } from '../../core/ports.ts'
import type { Arrival } from './connection.ts'

/** Tries before a request is given up, so that one that always fails cannot block those behind it for ever. */
const TRIES_MAX = 20
/** From half a second, doubling to half a minute: together some eight minutes of a registry that is away. */
const RETRY_MIN_MS = 500
const RETRY_MAX_MS = 30_000
/**
 * Requests held at once. MQTT 5 brokers keep to our Receive Maximum; a 3.1.1 broker may not. The newest beyond is not
 * confirmed, so the broker sends it again with the next connection.
 */
const WAITING_MAX = 1_000

export interface RequestNeeds {
  readonly onRequest: (request: BusRequest) => Promise<void>
  readonly log: Log
  readonly metrics: Metrics
}

/** The command requests of one connection. Each is confirmed only once it is stored, in the order of arrival. */
export class Requests {
  readonly #needs: RequestNeeds
  readonly #waiting: { readonly arrival: Arrival; stored: boolean }[] = []
  readonly #over = new AbortController()
  #onIdle: (() => void)[] = []

  constructor(needs: RequestNeeds) {
    this.#needs = needs
  }

  take(arrival: Arrival): void {
    if (this.#waiting.length >= WAITING_MAX) return this.#needs.metrics.count('bus_requests_refused', 'busy')
    const place = { arrival, stored: false }
    this.#waiting.push(place)
    this.#store(arrival)
      .then((confirmable) => {
        place.stored = confirmable
        this.#confirmStored()
      })
      .catch((error: unknown) => this.#needs.log.error({ error }, 'bus request not confirmed'))
  }

  /** Resolves once every request is confirmed or the connection is over. */
  idle(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** The connection is over: the broker will send again what was not confirmed. */
  end(): void {
    this.#over.abort()
    this.#waiting.length = 0
    this.#tellIdle()
  }

  /** False when the connection ended before it was stored. */
  async #store({ topic, payload, retained }: Arrival): Promise<boolean> {
    const { onRequest, log, metrics } = this.#needs
    for (let tries = 1; !this.#over.signal.aborted; tries += 1) {
      try {
        await onRequest({ topic, payload, retained })
        return true
      } catch (error) {
        metrics.count('bus_requests_refused', tries < TRIES_MAX ? 'retried' : 'failed')
        log.warn({ error, topic, tries }, 'bus request failed')
        if (tries === TRIES_MAX) return true
        await this.#pause(Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (tries - 1)))
      }
    }
    return false
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#over.signal, ref: false }).catch(() => {}) // over: the loop sees it
  }

  /** [MQTT-4.6.0-2] PUBACKs go out in the order in which the messages came. */
  #confirmStored(): void {
    while (this.#waiting[0]?.stored) this.#waiting.shift()?.arrival.confirm()
    if (this.#waiting.length === 0) this.#tellIdle()
  }

  #tellIdle(): void {
    for (const tell of this.#onIdle.splice(0)) tell()
  }
}
