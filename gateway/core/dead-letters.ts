import type { Topics } from '../../protocol/topics.ts'
import type { Observer } from './observer.ts'
import type { Bus, Clock, Log, Metrics } from './ports.ts'
import type { DeadLetter, DeadLetterRow } from './records.ts'
import type { Registry } from './registry.ts'
import { TokenBucket } from './token-bucket.ts'

/** Letters kept per second and in a burst: who floods the bus with rubbish must not keep the disk busy. */
const LETTERS_PER_S = 5
const LETTERS_BURST = 50
/** The beginning of a topic that is kept: one of our own is shorter. */
const TOPIC_KEPT = 256
/** The beginning of a payload that is kept: enough to see what it was meant to be. */
const PAYLOAD_KEPT_BYTES = 1024

export interface DeadLettersNeeds {
  readonly registry: Pick<Registry, 'addDeadLetter' | 'listDeadLetters'>
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly node: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly observer?: Observer
}

type Buried = Omit<DeadLetter, 'atMs' | 'payload' | 'bytes'> & { readonly payload: Uint8Array }

/** What is known of the newest one. */
export type LastLetter = Pick<DeadLetter, 'reason' | 'device'>

/** [C-21] What could not be taken or was given up: shown on the bus, kept for operators, and always counted. */
export class DeadLetters {
  readonly #needs: DeadLettersNeeds
  readonly #rate: TokenBucket
  #buried = 0
  #last: LastLetter | undefined

  constructor(needs: DeadLettersNeeds) {
    this.#needs = needs
    this.#rate = new TokenBucket(LETTERS_PER_S, LETTERS_BURST, needs.clock.monotonicMs())
  }

  /** Since the gateway started. */
  get count(): number {
    return this.#buried
  }
  get last(): LastLetter | undefined {
    return this.#last
  }

  /** Nothing waits for it; over the rate it is only counted. */
  bury(buried: Buried): void {
    const { clock, metrics } = this.#needs
    this.#buried += 1
    this.#last = { reason: buried.reason, device: buried.device }
    metrics.count('dead_letters', buried.reason)
    if (!this.#rate.tryTake(1, clock.monotonicMs())) return metrics.count('messages_dropped', 'dead_letter_rate')
    const start = buried.payload.subarray(0, PAYLOAD_KEPT_BYTES)
    const payload = new TextDecoder().decode(start)
    const topic = buried.topic.slice(0, TOPIC_KEPT)
    this.#keep({ ...buried, topic, atMs: clock.wallMs(), bytes: buried.payload.length, payload })
  }

  /** Newest first; `next` is the `before` of the following page. Rejects with registry_unavailable. */
  async list(query: { before?: number; device?: string; limit: number }) {
    const rows = await this.#needs.registry.listDeadLetters({ ...query, limit: query.limit + 1 })
    const items: DeadLetterRow[] = rows.slice(0, query.limit)
    return { items, next: rows.length > query.limit ? items.at(-1)?.id : undefined }
  }

  #keep(letter: DeadLetter): void {
    const { registry, bus, topics, node, log, observer } = this.#needs
    const { topic, reason, device, command } = letter
    log.info({ topic, reason, device, command }, 'dead letter')
    const failed = (error: unknown) => log.warn({ error, topic, reason }, 'dead letter not kept or not shown')
    registry.addDeadLetter(letter).then(() => observer?.deadLetter(letter), failed)
    const { atMs: at, ...shown } = letter
    bus.publish(topics.deadLetters(node), JSON.stringify({ at, ...shown })).catch(failed)
  }
}
