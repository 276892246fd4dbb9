import { DEVICE_FRAME_MAX_BYTES, TELEMETRY_MAX_BYTES } from '../protocol/limits.ts'
import type { Ack, Nack, SessionLimits } from '../protocol/messages.ts'
import type { Content, Outbox, OutboxRecord, Outcome } from './outbox.ts'

export interface UplinkCounts {
  /** Records sent at least once; `resent` are their further sendings. */
  sent: number
  resent: number
  acked: number
  nacked: number
  /** Given up by a full outbox. */
  dropped: number
}

export interface UplinkUser {
  send(frame: string | Uint8Array): void
  sent(record: OutboxRecord): void
  settled(record: OutboxRecord, outcome: Outcome): void
  drained(): void
  /** Monotonic. */
  nowMs(): number
}

/** Moves records from the outbox to the link and settles them by what the gateway answers. */
export class Uplink {
  readonly #outbox: Outbox
  readonly #counts: UplinkCounts
  readonly #user: UplinkUser
  readonly #obeyLimits: boolean

  constructor(outbox: Outbox, counts: UplinkCounts, obeyLimits: boolean, user: UplinkUser) {
    this.#outbox = outbox
    this.#counts = counts
    this.#obeyLimits = obeyLimits
    this.#user = user
  }

  /** `limits`: of the latest session, if there was one. Throws RangeError for a frame that could exceed them. */
  put(content: Content, limits: SessionLimits | undefined): OutboxRecord {
    const maxBytes =
      content.kind === 'channel'
        ? (limits?.frameBytes ?? DEVICE_FRAME_MAX_BYTES) // [L-2]
        : (limits?.payloadBytes ?? TELEMETRY_MAX_BYTES) // [L-3]
    const { record, loser } = this.#outbox.put(content, this.#obeyLimits ? maxBytes : Number.POSITIVE_INFINITY)
    if (loser !== undefined) this.#settle([loser], 'dropped')
    return record
  }

  /** Sends what the window of the present session allows. */
  pump(limits: SessionLimits | undefined): void {
    const window = this.#obeyLimits ? limits : undefined
    for (const record of this.#outbox.pump(window, this.#user.nowMs(), this.#user.send)) {
      if (record.timesSent > 1) this.#counts.resent++
      else this.#counts.sent++
      this.#user.sent(record)
    }
  }

  /** */
  onAck({ boot = this.#outbox.boot, seq }: Pick<Ack, 'boot' | 'seq'>): void {
    this.#settle(this.#outbox.acknowledge(boot, seq), 'acked')
  }

  /** */
  onNack({ boot = this.#outbox.boot, seq, code, reason }: Nack): void {
    const record = this.#outbox.refuse(boot, seq)
    if (record !== undefined) this.#settle([record], { nack: code, reason })
  }

  #settle(records: readonly OutboxRecord[], outcome: Outcome): void {
    for (const record of records) {
      if (outcome === 'acked') this.#counts.acked++
      else if (outcome === 'dropped') this.#counts.dropped++
      else this.#counts.nacked++
      record.settle(outcome)
      this.#user.settled(record, outcome)
    }
    if (records.length > 0 && this.#outbox.length === 0) this.#user.drained()
  }
}
