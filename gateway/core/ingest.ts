import { CLOSE } from '../../protocol/close-codes.ts'
import type { NackCode } from '../../protocol/messages.ts'
import type { Topics } from '../../protocol/topics.ts'
import type { DeviceCounters } from './device-counters.ts'
import type { DeviceStream, Entry } from './device-stream.ts'
import { GatewayError } from './errors.ts'
import type { LastValues } from './last-values.ts'
import type { GatewayLimits } from './limits.ts'
import type { Observer } from './observer.ts'
import type { Bus, Clock, Metrics } from './ports.ts'
import type { RecentEvents } from './recent-events.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { type Sequenced, toPublication } from './telemetry.ts'

export interface IngestNeeds {
  readonly bus: Pick<Bus, 'publish' | 'backlog'>
  readonly topics: Topics
  readonly clock: Clock
  readonly metrics: Metrics
  readonly limits: GatewayLimits
  readonly counters: DeviceCounters
  readonly lastValues: LastValues
  readonly recent: Pick<RecentEvents, 'event'>
  readonly sessions: Sessions
  readonly observer?: Observer
}

interface Place {
  readonly boot: string
  readonly seq: number
}

/** Telemetry, events and channel data on their way to the bus: placed, published, acknowledged. */
export class Ingest {
  readonly #needs: IngestNeeds
  /** Bytes waiting for the bus at which the next device gives way. */
  #giveWayAboveBytes: number

  constructor(needs: IngestNeeds) {
    this.#needs = needs
    this.#giveWayAboveBytes = needs.limits.unconfirmedMaxBytes
  }

  /** Takes one message of a ready session: repeated, refused, or published and acknowledged after the bus. */
  take(session: Session, message: Sequenced, boot: string, frameBytes: number): void {
    const { topics, clock, lastValues, recent } = this.#needs
    const place = { boot, seq: message.seq }
    const stream = this.#admit(session, place, frameBytes)
    if (stream === undefined) return
    const receivedAtMs = clock.wallMs()
    const publication = toPublication(message, { topics, device: session.device, boot, receivedAtMs, frameBytes })
    if ('refused' in publication) return this.#nack(session, stream, place, 'too_large', publication.refused)
    if (message.type === 'telemetry') lastValues.merge(session.device, message.points, receivedAtMs)
    const { observer } = this.#needs
    // For who looks on. Opaque bytes have nothing to see.
    if (message.type === 'event') {
      observer?.event(session.device, message, recent.event(session.device, message), frameBytes)
    } else if (message.type === 'telemetry') {
      observer?.telemetry(session.device, message.points, receivedAtMs, frameBytes)
    }
    const entry = stream.take(boot, message.seq, frameBytes, this.#brake(session, frameBytes))
    this.#publish(session, stream, entry, publication)
    this.#holdBudget()
  }

  /** [M-7] A message that will never be taken, with a place in the sequence. */
  refuse(session: Session, place: Place, code: NackCode, reason: string): void {
    const stream = this.#admit(session, place, 0)
    if (stream === undefined) return
    this.#nack(session, stream, place, code, reason)
  }

  /** The device's stream if the message is new and within the window; a repeat is only acknowledged again. */
  #admit(session: Session, place: Place, bytes: number): DeviceStream | undefined {
    const { counters, limits } = this.#needs
    const { stream } = session
    if (stream === undefined) return undefined
    const found = stream.place(place.boot, place.seq)
    if (found.repeat) {
      counters.count(session.device, 'repeated')
      const acked = stream.acked(place.boot) ?? 0
      if (acked >= place.seq) session.sendAck(place.boot, acked)
      return undefined
    }
    if (stream.hasRoom(bytes, limits)) {
      if (found.gap > 0) counters.count(session.device, 'gaps', undefined, found.gap)
      return stream
    }
    session.log.info(stream.unacknowledged, 'window overstepped')
    counters.count(session.device, 'dropped', 'window')
    // What an earlier boot left on its way is the bus's fault, not the device's.
    session.end(stream.waitsForOtherThan(session.boot) ? CLOSE.busUnavailable : CLOSE.tooMany)
    return undefined
  }

  /** Over its rate a device gets its acknowledgements later, and nothing else. */
  #brake(session: Session, bytes: number): number {
    const nowMs = this.#needs.clock.monotonicMs()
    return nowMs + Math.max(session.messageRate.take(1, nowMs), session.byteRate.take(bytes, nowMs))
  }

  #publish(
    session: Session,
    stream: DeviceStream,
    entry: Entry,
    publication: { topic: string; payload: string | Uint8Array },
  ): void {
    const { bus, clock, metrics, counters, sessions } = this.#needs
    const startedMs = clock.monotonicMs()
    bus.publish(publication.topic, publication.payload).then(
      () => {
        metrics.observe('publish_ms', clock.monotonicMs() - startedMs)
        counters.count(session.device, 'published')
        entry.settled = true
        const current = sessions.of(session.device) // perhaps a later session: the stream is the device's
        current?.acks.request(entry.ackNotBeforeMs)
      },
      (error: unknown) => this.#publishFailed(session.device, stream, entry, error),
    )
  }

  /** The bus will not have it now: nothing is acknowledged, the device keeps it and comes back later. */
  #publishFailed(device: string, stream: DeviceStream, entry: Entry, error: unknown): void {
    const code = error instanceof GatewayError ? error.code : 'internal'
    this.#needs.counters.count(device, 'dropped', code)
    const current = this.#needs.sessions.of(device) // perhaps a later session
    if (code === 'bus_refused') return this.#refusedByBus(current, stream, entry)
    stream.giveUp(entry)
    if (code !== 'stopping') current?.log.warn({ error, reason: code }, 'publish failed')
    current?.end(code === 'stopping' ? CLOSE.restart : CLOSE.busUnavailable)
  }

  /** The device must hear of it. While it is away the message counts as never taken: it is sent and refused again. */
  #refusedByBus(current: Session | undefined, stream: DeviceStream, entry: Entry): void {
    if (current?.state !== 'ready') return stream.giveUp(entry)
    stream.refuseTaken(entry)
    const { boot, seq } = entry
    const reason = 'the bus refused it'
    current.send({ type: 'nack', seq, boot: this.#unlessCurrent(current, boot), code: 'forbidden', reason })
    current.acks.request()
  }

  /** The `nack` goes out before any acknowledgement that covers it. */
  #nack(session: Session, stream: DeviceStream, place: Place, code: NackCode, reason: string): void {
    this.#needs.counters.count(session.device, 'refused', code)
    session.log.debug({ reason, code }, 'message refused') // the device hears it; a flood of them is no news
    stream.refuse(place.boot, place.seq)
    session.send({ type: 'nack', seq: place.seq, boot: this.#unlessCurrent(session, place.boot), code, reason })
    session.acks.request()
  }

  #unlessCurrent(session: Session, boot: string): string | undefined {
    return boot === session.boot ? undefined : boot
  }

  /**
   * When all devices together wait for too much, the one with the most gives way. What it sent waits on, so the
   * next goes only when it has grown by a window more: else one message after the other would send the fleet away.
   */
  #holdBudget(): void {
    const { bus, limits, sessions } = this.#needs
    const { bytes } = bus.backlog()
    if (bytes <= limits.unconfirmedMaxBytes) this.#giveWayAboveBytes = limits.unconfirmedMaxBytes
    if (bytes <= this.#giveWayAboveBytes) return
    this.#giveWayAboveBytes = bytes + limits.windowBytes
    sessions.heaviest()?.end(CLOSE.busUnavailable)
  }
}
