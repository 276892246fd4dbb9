import type { ChannelData } from '../../protocol/binary.ts'
import { utf8Length } from '../../protocol/json.ts'
import { BUS_PAYLOAD_MAX_BYTES, TELEMETRY_MAX_BYTES } from '../../protocol/limits.ts'
import type { DeviceEvent, Telemetry, Timed } from '../../protocol/messages.ts'
import type { Topics } from '../../protocol/topics.ts'

/** A message as it goes to the bus, or why it is refused for ever. */
export type Publication =
  | { readonly topic: string; readonly payload: string | Uint8Array }
  | { readonly refused: string }

export type Sequenced = Telemetry | DeviceEvent | ChannelData

/** What the bus shows of a message, or why it never will [T-4] [T-5] [T-7] [B-3]. `frameBytes` is the size it arrived with. */
export function toPublication(
  message: Sequenced,
  at: { topics: Topics; device: string; boot: string; receivedAtMs: number; frameBytes: number },
): Publication {
  if (message.type === 'channel') {
    return { topic: at.topics.channel(at.device, message.channel), payload: message.payload }
  }
  if (at.frameBytes > TELEMETRY_MAX_BYTES) return { refused: `over ${TELEMETRY_MAX_BYTES} bytes` } // [L-3]
  const body =
    message.type === 'telemetry'
      ? { points: message.points.map((point) => ({ ...stamp(point, at.receivedAtMs), values: point.values })) }
      : { ...stamp(message, at.receivedAtMs), data: message.data }
  const payload = JSON.stringify({ boot: at.boot, seq: message.seq, ...body })
  // [L-4] Stamping can make a message grow.
  if (utf8Length(payload) > BUS_PAYLOAD_MAX_BYTES) return { refused: `over ${BUS_PAYLOAD_MAX_BYTES} bytes on the bus` }
  const topic = message.type === 'telemetry' ? at.topics.telemetry(at.device) : at.topics.event(at.device, message.name)
  return { topic, payload }
}

/** [T-4] The time of a point: as given, or by its age, or the time it was received, which is then said. */
export function stamp(timed: Timed, receivedAtMs: number): { ts: number; time?: 'received' } {
  if (timed.ts !== undefined) return { ts: timed.ts }
  if (timed.ageMs !== undefined) return { ts: Math.max(0, receivedAtMs - timed.ageMs) }
  return { ts: receivedAtMs, time: 'received' }
}
