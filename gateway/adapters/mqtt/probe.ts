import { randomUUID } from 'node:crypto'
import type { Connection } from './connection.ts'

/** What was published has come back by then, or it will not. */
const ANSWER_TIMEOUT_MS = 5_000

/** Device ids cannot begin with a dot [N-4], so a probe is never taken for a device. [U-14] */
const DEVICE_PREFIX = '.probe-'

/** One topic of each family that an access list can tell apart. */
const DEVICE_FAMILIES = {
  telemetry: 'telemetry',
  'telemetry/{channel}': 'telemetry/probe',
  'event/{name}': 'event/probe',
  log: 'log',
  state: 'state',
  info: 'info',
  availability: 'availability',
  shadow: 'shadow',
  'command/status/{cid}': 'command/status/probe',
  'command/response/{cid}': 'command/response/probe',
  'command/request/{cid}': 'command/request/probe',
} as const

/**
 * Sends a message to each topic family and waits until all come back: on MQTT 3.1.1 an access list that denies looks
 * like success. The request comes back through the subscription for commands, the others through their own. All come
 * back with QoS 0: with QoS 1 they would wait behind requests that the broker has in flight and that cannot be stored yet.
 */
export class Probe {
  readonly #prefix: string
  /** Family by topic. */
  readonly #families = new Map<string, string>()
  readonly #request: string
  readonly #ownFilters: readonly string[]
  /** Differs in each run, so that a late answer to an earlier one does not count. */
  #payload = ''
  #heard: (topic: string) => void = () => {}

  constructor(base: string, node: string) {
    this.#prefix = `${base}/devices/${DEVICE_PREFIX}`
    for (const [family, rest] of Object.entries(DEVICE_FAMILIES)) {
      this.#families.set(`${this.#prefix}${node}/${rest}`, family)
    }
    this.#families.set(`${base}/nodes/${node}/probe`, 'nodes/{node}')
    this.#request = `${this.#prefix}${node}/${DEVICE_FAMILIES['command/request/{cid}']}`
    this.#ownFilters = [...this.#families.keys()].filter((topic) => topic !== this.#request)
  }

  /** Takes the message if it is a probe: ours, or one of another node that our subscription matches too. */
  take(topic: string, payload: Buffer): boolean {
    if (!this.#families.has(topic)) return topic.startsWith(this.#prefix)
    if (payload.toString() === this.#payload) this.#heard(topic)
    return true
  }

  /** Resolves with the families that did not come back and, where the broker says so, why. */
  async run(connection: Connection): Promise<string[]> {
    this.#payload = JSON.stringify({ probe: randomUUID() }) // [U-3]
    await connection.subscribe(this.#ownFilters, 0)
    const missing = new Map(this.#families)
    const refusals = new Map<string, string>()
    await this.#exchange(connection, missing, refusals)
    if (missing.size === 0) await connection.unsubscribe(this.#ownFilters)
    return [...missing].map(([topic, family]) => {
      const refusal = refusals.get(topic)
      return refusal === undefined ? family : `${family} (${refusal})`
    })
  }

  #exchange(connection: Connection, missing: Map<string, string>, refusals: Map<string, string>): Promise<void> {
    const waiting = [...this.#ownFilters]
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ANSWER_TIMEOUT_MS).unref()
      const end = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#heard = (topic) => {
        missing.delete(topic)
        if (missing.size === 0) end()
      }
      const sendMore = () => {
        while (waiting.length > 0 && connection.inFlight < connection.inFlightMax) {
          const topic = waiting.shift() ?? ''
          connection.publish(topic, Buffer.from(this.#payload), false, (error) => {
            if (error) refusals.set(topic, error.message)
            sendMore()
          })
        }
      }
      connection.send(this.#request, Buffer.from(this.#payload))
      sendMore()
      void connection.closed.then(end)
    })
  }
}
