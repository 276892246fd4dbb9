/**
 * One case of the conformance suite: bytes that a device sends after `welcome`, and what must come of them. Numbers and
 * order follow Autobahn's list (1.* framing … 10.* misc). Autobahn expects an echo; `/device/v1` has none, so "the
 * message was taken" is shown by its acknowledgement and by the bus, byte for byte.
 */
export interface Case {
  /** Autobahn's number, with a letter where one of its cases became several. */
  readonly id: string
  readonly says: string
  /** Frames, in order. */
  readonly sends: readonly Buffer[]
  /** How the bytes are cut for TLS: frame by frame, or in pieces of so many bytes. In one piece by default. */
  readonly chop?: 'frames' | number
  readonly expects: Expected
}

/** What is not named must not happen: no pong, no value on the bus, no `nack`, nothing malformed. */
export interface Expected {
  /** Telemetry that reaches the bus: the bytes of its value. */
  readonly values?: readonly (string | Buffer)[]
  /** Payloads of binary frames that reach the bus. */
  readonly payloads?: readonly Buffer[]
  readonly pongs?: readonly (string | Buffer)[]
  /** Codes of `nack`. */
  readonly nacks?: readonly string[]
  /** Messages that are dropped and counted [M-8]. */
  readonly malformed?: number
  /** The code with which the gateway closes. Without it the session lives on and acknowledges the next message. */
  readonly closes?: number
}

/** A frame of telemetry with this text as its only value, as it stands: the bytes need not be UTF-8. */
export function telemetry(value: string | Buffer, seq = 1): Buffer {
  const head = `{"type":"telemetry","seq":${seq},"points":[{"ts":1,"values":{"v":"`
  return Buffer.concat([Buffer.from(head), Buffer.from(value), Buffer.from('"}}]}')])
}

/** Where the value begins in such a frame with a `seq` of one digit. */
export const VALUE_AT = telemetry('').length - '"}}]}'.length

/** Telemetry of exactly so many bytes: JSON may end with spaces [M-1]. */
export function sized(bytes: number, seq = 1): Buffer {
  const message = telemetry('sized', seq)
  return Buffer.concat([message, Buffer.alloc(bytes - message.length, ' ')])
}

/** A frame on channel `raw` of exactly so many bytes [B-1]. */
export function channelFrame(bytes: number, seq = 1): Buffer {
  const head = Buffer.from([1, 0, 0, 0, seq, 3, 0x72, 0x61, 0x77])
  return Buffer.concat([head, Buffer.alloc(bytes - head.length, seq)])
}

/** What of such a frame reaches the bus. */
export const channelPayload = (frame: Buffer) => frame.subarray(9)

export const protocolError: Expected = { closes: 1002 }
export const badUtf8: Expected = { closes: 1007 }
export const tooBig: Expected = { closes: 1009 }
export const tooManyFragments: Expected = { closes: 1008 }
