import { binary, close, evenFragments, fragments, frame, more, ping, pong, text } from '../../helpers/raw-frames.ts'
import { type Case, channelFrame, channelPayload, protocolError, sized, telemetry } from './case.ts'

const BYTE = 1
const hello = telemetry('Hello, world!')
const taken = { values: ['Hello, world!'] }
const SIZES = [125, 126, 127, 128]
const LARGE = 14 * 1024 + 1

/** 1.* Messages of many sizes in one frame. Over 14 KiB telemetry is too large for the bus [L-3], a channel is not. */
export const messages: Case[] = [
  { id: '1.1.1', says: 'an empty text is no message', sends: [text('')], expects: { malformed: 1 } },
  ...SIZES.map((size, n) => ({
    id: `1.1.${n + 2}`,
    says: `a text of ${size} bytes`,
    sends: [text(sized(size))],
    expects: { values: ['sized'] },
  })),
  { id: '1.1.6a', says: 'a text of 14 KiB', sends: [text(sized(LARGE - 1))], expects: { values: ['sized'] } },
  { id: '1.1.6b', says: 'one byte more is refused', sends: [text(sized(LARGE))], expects: { nacks: ['too_large'] } },
  { id: '1.1.6', says: 'a text of 65,535 bytes', sends: [text(sized(65_535))], expects: { nacks: ['too_large'] } },
  { id: '1.1.7', says: 'a text of 65,536 bytes', sends: [text(sized(65_536))], expects: { nacks: ['too_large'] } },
  {
    id: '1.1.8',
    says: 'a text of 65,536 bytes in pieces of 997',
    sends: [text(sized(65_536))],
    chop: 997,
    expects: { nacks: ['too_large'] },
  },
  { id: '1.2.1', says: 'an empty binary frame is no message', sends: [binary('')], expects: { malformed: 1 } },
  ...[...SIZES, 65_535, 65_536].map((size, n) => {
    const sent = channelFrame(size)
    const expects = { payloads: [channelPayload(sent)] }
    return { id: `1.2.${n + 2}`, says: `a binary frame of ${size} bytes`, sends: [binary(sent)], expects }
  }),
  {
    id: '1.2.8',
    says: 'a binary frame of 65,536 bytes in pieces of 997',
    sends: [binary(channelFrame(65_536))],
    chop: 997,
    expects: { payloads: [channelPayload(channelFrame(65_536))] },
  },
]

const FULL = Buffer.alloc(125, 0xfe)

/** 2.* Pings, their pongs, and pongs that nobody asked for. */
export const pings: Case[] = [
  { id: '2.1', says: 'a ping without payload', sends: [ping()], expects: { pongs: [''] } },
  { id: '2.2', says: 'a ping with a text', sends: [ping('Hello, world!')], expects: { pongs: ['Hello, world!'] } },
  {
    id: '2.3',
    says: 'a ping with bytes that are no UTF-8',
    sends: [ping(Buffer.from([0, 0xff, 0xfe, 0xfd, 0]))],
    expects: { pongs: [Buffer.from([0, 0xff, 0xfe, 0xfd, 0])] },
  },
  { id: '2.4', says: 'a ping with 125 bytes', sends: [ping(FULL)], expects: { pongs: [FULL] } },
  { id: '2.4b', says: '42 sizes in a row', sends: everySize(), expects: { pongs: everySizePayloads() } },
  { id: '2.5', says: 'a ping with 126 bytes', sends: [ping(Buffer.alloc(126))], expects: protocolError },
  { id: '2.6', says: 'a ping byte by byte', sends: [ping(FULL)], chop: BYTE, expects: { pongs: [FULL] } },
  { id: '2.7', says: 'a pong that nobody asked for', sends: [pong()], expects: {} },
  { id: '2.8', says: 'the same with a payload', sends: [pong('unsolicited')], expects: {} },
  { id: '2.9', says: 'such a pong, then a ping', sends: [pong('x'), ping('after')], expects: { pongs: ['after'] } },
  { id: '2.10', says: 'ten pings', sends: tenPings(), expects: { pongs: tenPayloads() } },
  { id: '2.11', says: 'ten pings byte by byte', sends: tenPings(), chop: BYTE, expects: { pongs: tenPayloads() } },
]

/** [S-7] So many at once are no flood. */
function everySizePayloads(): Buffer[] {
  return Array.from({ length: 42 }, (_, n) => Buffer.alloc(3 * n, n))
}
function everySize(): Buffer[] {
  return everySizePayloads().map((payload) => ping(payload))
}
function tenPayloads(): string[] {
  return Array.from({ length: 10 }, (_, n) => `payload-${n}`)
}
function tenPings(): Buffer[] {
  return tenPayloads().map((payload) => ping(payload))
}

/** 3.* Reserved bits mean an extension, and none is ever agreed upon. */
export const reservedBits: Case[] = [
  { id: '3.1', says: 'RSV 1 on a text', sends: [text(hello, { rsv: 1 })], expects: protocolError },
  ...[undefined, 'frames' as const, BYTE].map((chop, n) => ({
    id: `3.${n + 2}`,
    says: `a good text, then one with RSV ${n + 2}, then a ping: ${named(chop)}`,
    sends: [text(hello), text(telemetry('no', 2), { rsv: n + 2 }), ping()],
    ...(chop === undefined ? {} : { chop }),
    expects: { ...taken, closes: 1002 },
  })),
  { id: '3.5', says: 'RSV 5 on a binary frame', sends: [binary(channelFrame(20), { rsv: 5 })], expects: protocolError },
  { id: '3.6', says: 'RSV 6 on a ping', sends: [ping('x', { rsv: 6 })], expects: protocolError },
  { id: '3.7', says: 'RSV 7 on a close', sends: [close(1000, '', { rsv: 7 })], expects: protocolError },
  { id: '3.8', says: 'RSV 1 on a pong', sends: [pong('', { rsv: 1 })], expects: protocolError },
  {
    id: '3.9',
    says: 'RSV 1 on a continuation',
    sends: [text('{', { fin: false }), more('}', { rsv: 1 })],
    expects: protocolError,
  },
]

/** 4.* Reserved opcodes, of data (3–7) and of control frames (11–15), alone and after a good text. */
export const reservedOpcodes: Case[] = [...opcodes(1, 3), ...opcodes(2, 11)]

function opcodes(group: number, first: number): Case[] {
  const way = [
    (opcode: number) => ({ says: 'empty', sends: [frame(opcode)], expects: protocolError }),
    (opcode: number) => ({ says: 'with a payload', sends: [frame(opcode, 'reserved')], expects: protocolError }),
    (opcode: number) => afterText(opcode, '', undefined),
    (opcode: number) => afterText(opcode, 'reserved', 'frames' as const),
    (opcode: number) => afterText(opcode, 'reserved', BYTE),
  ]
  return way.map((make, n) => {
    const one = make(first + n)
    return { ...one, id: `4.${group}.${n + 1}`, says: `opcode ${first + n} ${one.says}` }
  })
}

function afterText(opcode: number, payload: string, chop: Case['chop']) {
  const sends = [text(hello), frame(opcode, payload), ping()]
  return {
    says: `after a good text, ${named(chop)}`,
    sends,
    ...(chop ? { chop } : {}),
    expects: { ...taken, closes: 1002 },
  }
}

function named(chop: Case['chop']): string {
  if (chop === undefined) return 'in one piece'
  return chop === 'frames' ? 'frame by frame' : 'byte by byte'
}

const CHOPS = [undefined, 'frames' as const, BYTE]
const inTwo = fragments(text, hello, [20])
const [first = hello, second = hello] = inTwo

/** The same frames in one piece, frame by frame and byte by byte. */
function thrice(from: number, says: string, sends: Buffer[], expects: Case['expects']): Case[] {
  return CHOPS.map((chop, n) => ({
    id: `5.${from + n}`,
    says: `${says}, ${named(chop)}`,
    sends,
    ...(chop === undefined ? {} : { chop }),
    expects,
  }))
}

const inFive = evenFragments(text, hello, Math.ceil(hello.length / 5))
const withPings = inFive.flatMap((piece, n) => (n === 1 || n === 3 ? [piece, ping(`pongme ${n}`)] : [piece]))
const nothing = text(telemetry('after', 2))

/** 5.* Fragments [M-1], control frames between them, and continuations of nothing. */
export const fragmentation: Case[] = [
  { id: '5.1', says: 'a ping in two fragments', sends: [ping('a', { fin: false }), more('b')], expects: protocolError },
  { id: '5.2', says: 'a pong in two fragments', sends: [pong('a', { fin: false }), more('b')], expects: protocolError },
  ...thrice(3, 'a text in two fragments', inTwo, taken),
  ...thrice(6, 'the same with a ping between', [first, ping('between'), second], { ...taken, pongs: ['between'] }),
  ...thrice(9, 'a last continuation of nothing, then a text', [more('x'), nothing], protocolError),
  ...thrice(12, 'a continuation of nothing, then a text', [more('x', { fin: false }), nothing], protocolError),
  {
    id: '5.15',
    says: 'a whole message in two fragments, then a continuation of nothing',
    sends: [...inTwo, more('x', { fin: false }), nothing],
    expects: { ...taken, closes: 1002 },
  },
  ...[false, true].map((fin, n) => ({
    id: `5.${16 + n}`,
    says: `a continuation of nothing (FIN ${fin}) before a text in fragments, twice`,
    sends: [more('x', { fin }), ...inTwo, more('x', { fin }), ...inTwo],
    expects: protocolError,
  })),
  {
    id: '5.18',
    says: 'a second text inside a fragmented one',
    sends: [text('{', { fin: false }), text('}')],
    expects: protocolError,
  },
  {
    id: '5.19',
    says: 'five fragments, two pings between, frame by frame',
    sends: withPings,
    chop: 'frames',
    expects: pinged(),
  },
  { id: '5.20', says: 'the same in one piece', sends: withPings, expects: pinged() },
  {
    id: '5.21',
    says: 'a binary message in three fragments',
    sends: fragments(binary, channelFrame(300), [7, 100]),
    expects: { payloads: [channelPayload(channelFrame(300))] },
  },
  {
    id: '5.22',
    says: 'a text in 64 fragments, each of one byte but the last [L-24]',
    sends: fragments(text, hello, Array(63).fill(1)),
    expects: taken,
  },
]

function pinged(): Case['expects'] {
  return { ...taken, pongs: ['pongme 1', 'pongme 3'] }
}

/** Masks are not in Autobahn's list, since its client always masks: RFC 6455 section 5.1. */
export const masks: Case[] = [
  { id: 'M.1', says: 'a text without a mask', sends: [text(hello, { masked: false })], expects: protocolError },
  { id: 'M.2', says: 'a binary frame without a mask', sends: [binary('x', { masked: false })], expects: protocolError },
  { id: 'M.3', says: 'a ping without a mask', sends: [ping('', { masked: false })], expects: protocolError },
  { id: 'M.4', says: 'a close without a mask', sends: [close(1000, '', { masked: false })], expects: protocolError },
  {
    id: 'M.5',
    says: 'a good text, then one without a mask',
    sends: [text(hello), text(telemetry('no', 2), { masked: false })],
    expects: { ...taken, closes: 1002 },
  },
  {
    id: 'M.6',
    says: 'a continuation without a mask',
    sends: [text('{', { fin: false }), more('}', { masked: false })],
    expects: protocolError,
  },
]
