import { encodeBinary } from '../protocol/binary.ts'
import { encodeMessage } from '../protocol/encode.ts'
import { utf8Length } from '../protocol/json.ts'
import { SEQ_MAX } from '../protocol/limits.ts'
import type { NackCode, SessionLimits, TelemetryValue, Timed } from '../protocol/messages.ts'

/** Unix time, or the monotonic moment of birth; undefined is a time nobody knows [T-2]. */
export type RecordTime = { readonly ts: number } | { readonly bornAtMs: number } | undefined

export interface RecordPoint {
  readonly time: RecordTime
  readonly values: Readonly<Record<string, TelemetryValue>>
}

export type Content =
  | { readonly kind: 'telemetry'; readonly points: readonly RecordPoint[] }
  | { readonly kind: 'event'; readonly name: string; readonly data: unknown; readonly time: RecordTime }
  | { readonly kind: 'channel'; readonly name: string; readonly payload: Uint8Array }

/** `dropped`: it lost its place in a full outbox, or the device gave up its data. */
export type Outcome = 'acked' | 'dropped' | { readonly nack: NackCode; readonly reason: string }

/** A message on its way. `settled` never rejects; it stays pending as long as the record is kept. */
export interface Sent {
  readonly boot: string
  readonly seq: number
  readonly settled: Promise<Outcome>
}

export class OutboxRecord implements Sent {
  boot: string
  seq: number
  timesSent = 0
  firstSentAtMs = 0
  /** Of the frame in flight. */
  bytes = 0
  /** No frame of this record will be larger, whatever its age and session. */
  readonly bytesMax: number
  readonly content: Content
  #outcome: Outcome | undefined
  #waiting: PromiseWithResolvers<Outcome> | undefined

  constructor(boot: string, seq: number, content: Content) {
    this.boot = boot
    this.seq = seq
    this.content = content
    this.bytesMax = frameBytes(encodeRecord(this, '', Number.MAX_SAFE_INTEGER))
  }

  /** Made on demand: most records of a large fleet are never asked. */
  get settled(): Promise<Outcome> {
    if (this.#outcome !== undefined) return Promise.resolve(this.#outcome)
    this.#waiting ??= Promise.withResolvers()
    return this.#waiting.promise
  }

  settle(outcome: Outcome): void {
    this.#outcome = outcome
    this.#waiting?.resolve(outcome)
  }
}

export type Window = Pick<SessionLimits, 'windowMessages' | 'windowBytes'>

/**
 * The device's spool: every record from its birth until it is acknowledged or finally refused, in order, with the
 * (boot, seq) it was born with. Bounded; a full outbox gives up the oldest record that is not in flight.
 */
export class Outbox {
  readonly #maxRecords: number
  #boot: string
  #nextSeq: number
  #records: OutboxRecord[] = []
  /** The first so many records are in flight. */
  #inFlight = 0
  #bytesInFlight = 0

  constructor(boot: string, firstSeq: number, maxRecords: number) {
    this.#boot = boot
    this.#nextSeq = firstSeq
    this.#maxRecords = maxRecords
  }

  get boot(): string {
    return this.#boot
  }
  get length(): number {
    return this.#records.length
  }
  get inFlight(): number {
    return this.#inFlight
  }
  /** [L-15] No sequence number is left in this boot. */
  get exhausted(): boolean {
    return this.#nextSeq > SEQ_MAX
  }

  /** Throws RangeError when the frame could be larger than `maxBytes`; it takes no sequence number then. */
  put(content: Content, maxBytes: number): { record: OutboxRecord; loser?: OutboxRecord } {
    const record = new OutboxRecord(this.#boot, this.#nextSeq, content)
    if (record.bytesMax > maxBytes) throw new RangeError(`a ${content.kind} frame may not exceed ${maxBytes} bytes`)
    this.#nextSeq++
    this.#records.push(record)
    if (this.#records.length <= this.#maxRecords) return { record }
    const [loser] = this.#records.splice(this.#inFlight, 1) // all others in flight: the new one loses
    return loser === undefined ? { record } : { record, loser }
  }

  /** Sends what the window allows, oldest first. `nowMs` is monotonic. */
  pump(window: Window | undefined, nowMs: number, send: (frame: string | Uint8Array) => void): OutboxRecord[] {
    const sent: OutboxRecord[] = []
    for (;;) {
      const record = this.#records[this.#inFlight]
      if (record === undefined || (window && !this.#fits(record, window))) return sent
      const frame = encodeRecord(record, this.#boot, nowMs)
      record.bytes = frameBytes(frame)
      if (record.timesSent++ === 0) record.firstSentAtMs = nowMs
      this.#inFlight++
      this.#bytesInFlight += record.bytes
      sent.push(record)
      send(frame)
    }
  }

  #fits(record: OutboxRecord, window: Window): boolean {
    if (this.#inFlight === 0) return true // one message alone may be larger than the window
    return this.#inFlight < window.windowMessages && this.#bytesInFlight + record.bytesMax <= window.windowBytes
  }

  /** Takes out all records of `boot` up to `seq` that were ever sent. An `ack` for what was not sent counts for nothing. */
  acknowledge(boot: string, seq: number): OutboxRecord[] {
    return this.#takeOut((record) => record.boot === boot && record.seq <= seq)
  }

  /** Takes out the one record. */
  refuse(boot: string, seq: number): OutboxRecord | undefined {
    return this.#takeOut((record) => record.boot === boot && record.seq === seq)[0]
  }

  #takeOut(matches: (record: OutboxRecord) => boolean): OutboxRecord[] {
    const taken: OutboxRecord[] = []
    const kept: OutboxRecord[] = []
    const inFlight = this.#inFlight
    let scanned = 0
    for (const record of this.#records) {
      if (record.timesSent === 0) break // records are sent in order: none behind this one was sent
      if (!matches(record)) kept.push(record)
      else {
        taken.push(record)
        if (scanned < inFlight) this.#inFlight--
        if (scanned < inFlight) this.#bytesInFlight -= record.bytes
      }
      scanned++
    }
    if (taken.length > 0) this.#records.splice(0, scanned, ...kept)
    return taken
  }

  /** The link is gone: everything unacknowledged waits for its turn again. */
  rewind(): void {
    this.#inFlight = 0
    this.#bytesInFlight = 0
  }

  /**
   * A new boot. Records keep their place and their old boot id; binary frames cannot carry one [B-1], so they are
   * born again in the new boot [B-4]: a channel may repeat.
   */
  reboot(boot: string): void {
    this.rewind()
    this.#boot = boot
    this.#nextSeq = 1
    for (const record of this.#records) {
      if (record.content.kind !== 'channel') continue
      record.boot = boot
      record.seq = this.#nextSeq++
    }
  }
}

const frameBytes = (frame: string | Uint8Array): number =>
  typeof frame === 'string' ? utf8Length(frame) : frame.length

function encodeRecord(record: OutboxRecord, sessionBoot: string, nowMs: number): string | Uint8Array {
  const { content, seq } = record
  if (content.kind === 'channel') return encodeBinary(seq, content.name, content.payload)
  const place = record.boot === sessionBoot ? { seq } : { seq, boot: record.boot }
  if (content.kind === 'event') {
    const { name, data } = content
    return encodeMessage({ type: 'event', ...place, name, data, ...timed(content.time, nowMs) })
  }
  const points = content.points.map((point) => ({ ...timed(point.time, nowMs), values: point.values }))
  return encodeMessage({ type: 'telemetry', ...place, points })
}

function timed(time: RecordTime, nowMs: number): Timed {
  if (time === undefined) return {}
  return 'ts' in time ? { ts: time.ts } : { ageMs: Math.max(0, Math.round(nowMs - time.bornAtMs)) }
}
