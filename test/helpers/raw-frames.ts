import { randomBytes } from 'node:crypto'

/** WebSocket frames byte by byte (RFC 6455 section 5.2), good and bad, from the client's side. No library takes part. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface FrameOptions {
  /** False: more fragments follow. */
  readonly fin?: boolean
  /** The three reserved bits as a number from 0 to 7. */
  readonly rsv?: number
  /** A client must mask. */
  readonly masked?: boolean
  /** The length that the header claims, where it is not the payload's. */
  readonly claimedBytes?: bigint
}

type Payload = string | Uint8Array

export function frame(opcode: number, payload: Payload = '', options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, masked = true } = options
  const data = Buffer.from(payload)
  const length = lengthField(options.claimedBytes ?? BigInt(data.length))
  length.writeUInt8(length.readUInt8(0) | (masked ? 0x80 : 0), 0)
  const first = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode])
  if (!masked) return Buffer.concat([first, length, data])
  const key = randomBytes(4)
  return Buffer.concat([first, length, key, data.map((byte, at) => byte ^ key.readUInt8(at % 4))])
}

/** In the shortest of the three forms. */
function lengthField(bytes: bigint): Buffer {
  if (bytes < 126n) return Buffer.from([Number(bytes)])
  const field = Buffer.alloc(bytes < 65_536n ? 3 : 9)
  field.writeUInt8(bytes < 65_536n ? 126 : 127, 0)
  if (bytes < 65_536n) field.writeUInt16BE(Number(bytes), 1)
  else field.writeBigUInt64BE(bytes, 1)
  return field
}

export const text = (payload: Payload, options?: FrameOptions) => frame(OPCODE.text, payload, options)
export const binary = (payload: Payload, options?: FrameOptions) => frame(OPCODE.binary, payload, options)
export const more = (payload: Payload, options?: FrameOptions) => frame(OPCODE.continuation, payload, options)
export const ping = (payload: Payload = '', options?: FrameOptions) => frame(OPCODE.ping, payload, options)
export const pong = (payload: Payload = '', options?: FrameOptions) => frame(OPCODE.pong, payload, options)

/** A close frame; without a code its payload is empty. */
export function close(code?: number, reason: Payload = '', options?: FrameOptions): Buffer {
  if (code === undefined) return frame(OPCODE.close, '', options)
  const status = Buffer.alloc(2)
  status.writeUInt16BE(code)
  return frame(OPCODE.close, Buffer.concat([status, Buffer.from(reason)]), options)
}

/** The frames of one message cut into pieces of these sizes; what is left is the last piece. */
export function fragments(kind: typeof text | typeof binary, payload: Payload, sizes: readonly number[]): Buffer[] {
  const data = Buffer.from(payload)
  const pieces: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    pieces.push(data.subarray(at, at + size))
    at += size
  }
  pieces.push(data.subarray(at))
  return pieces.map((piece, index) => (index === 0 ? kind : more)(piece, { fin: index === pieces.length - 1 }))
}

/** The same in pieces of one size. */
export function evenFragments(kind: typeof text | typeof binary, payload: Payload, size: number): Buffer[] {
  const count = Math.max(0, Math.ceil(Buffer.byteLength(payload) / size) - 1)
  return fragments(kind, payload, Array(count).fill(size))
}

export interface ServerFrame {
  readonly opcode: number
  readonly payload: Buffer
}

/** Cuts what a server sends into frames. Throws on what no server may send: masked, fragmented or reserved. */
export class ServerFrames {
  #rest = Buffer.alloc(0)

  push(chunk: Buffer): ServerFrame[] {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const frames: ServerFrame[] = []
    for (let next = this.#next(); next !== undefined; next = this.#next()) frames.push(next)
    return frames
  }

  #next(): ServerFrame | undefined {
    const data = this.#rest
    if (data.length < 2) return undefined
    const short = data.readUInt8(1)
    const headerBytes = short < 126 ? 2 : short === 126 ? 4 : 10
    if (data.length < headerBytes) return undefined
    const long = () => (short === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2)))
    const end = headerBytes + (short < 126 ? short : long())
    const first = data.readUInt8(0)
    if (short >= 0x80 || (first & 0xf0) !== 0x80) throw new Error(`the server sent ${data.toString('hex', 0, 2)}`)
    if (data.length < end) return undefined
    this.#rest = data.subarray(end)
    return { opcode: first & 0x0f, payload: data.subarray(headerBytes, end) }
  }
}
