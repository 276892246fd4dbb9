import { SEQ_MAX } from './limits.ts'
import { isName } from './names.ts'
import type { Parsed } from './problem.ts'

/**
 * [B-1] A binary frame from a device, numbers big-endian:
 *
 *   0      kind: 1 = channel data (2 is kept for firmware blocks)
 *   1 … 4  seq, shared with telemetry and events
 *   5      n, length of the channel name
 *   6 …    channel name (ASCII, a name as [N-1]), then the payload to the end of the frame
 */
export const CHANNEL_DATA = 1
const HEADER_BYTES = 6

export interface ChannelData {
  readonly type: 'channel'
  readonly seq: number
  readonly channel: string
  /** A view of the frame, not a copy. */
  readonly payload: Uint8Array
}

/** A binary frame as its parts, or the reason. Never throws. */
export function parseBinary(frame: Uint8Array): Parsed<ChannelData> {
  if (frame.length === 0) return { ok: false, problem: { code: 'truncated' } }
  if (frame[0] !== CHANNEL_DATA) return { ok: false, problem: { code: 'unknown_kind' } } // [B-2]
  if (frame.length < HEADER_BYTES) return { ok: false, problem: { code: 'truncated' } }
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const seq = view.getUint32(1)
  if (seq === 0) return { ok: false, problem: { code: 'out_of_range', field: 'seq' } }
  const payloadAt = HEADER_BYTES + view.getUint8(5)
  if (frame.length < payloadAt) return { ok: false, problem: { code: 'truncated', field: 'channel' }, seq }
  const channel = String.fromCharCode(...frame.subarray(HEADER_BYTES, payloadAt))
  if (!isName(channel)) return { ok: false, problem: { code: 'bad_name', field: 'channel' }, seq }
  return { ok: true, message: { type: 'channel', seq, channel, payload: frame.subarray(payloadAt) } }
}

/** The frame of `payload` on `channel`; throws RangeError for what [B-1] cannot carry. */
export function encodeBinary(seq: number, channel: string, payload: Uint8Array): Uint8Array {
  if (!isName(channel)) throw new RangeError('channel is not a name [N-1]')
  if (!Number.isInteger(seq) || seq < 1 || seq > SEQ_MAX) throw new RangeError('seq is not in 1 … 2^32-1')
  const frame = new Uint8Array(HEADER_BYTES + channel.length + payload.length)
  const view = new DataView(frame.buffer)
  view.setUint8(0, CHANNEL_DATA)
  view.setUint32(1, seq)
  view.setUint8(5, channel.length)
  for (let i = 0; i < channel.length; i++) view.setUint8(HEADER_BYTES + i, channel.charCodeAt(i))
  frame.set(payload, HEADER_BYTES + channel.length)
  return frame
}
