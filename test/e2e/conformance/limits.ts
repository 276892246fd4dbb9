import { binary, evenFragments, fragments, frame, more, OPCODE, text } from '../../helpers/raw-frames.ts'
import { type Case, channelFrame, channelPayload, sized, telemetry, tooBig, tooManyFragments } from './case.ts'

/** 9.* and 10.* Sizes and pieces up to the limits of section 11 of the protocol, and beyond. */

const KIB = 1024
const FULL = 64 * KIB
const refused = { nacks: ['too_large'] } // [L-3]: 64 KiB fit the socket and not the bus
const arrives = { payloads: [channelPayload(channelFrame(FULL))] }

/** 9.1 and 9.2: one frame; more than 64 KiB ends with 1009 [L-2]. */
export const large: Case[] = [
  { id: '9.1.1', says: 'a text of 64 KiB', sends: [text(sized(FULL))], expects: refused },
  { id: '9.2.1', says: 'a binary frame of 64 KiB', sends: [binary(channelFrame(FULL))], expects: arrives },
  ...[FULL + 1, 256 * KIB, 1024 * KIB, 4096 * KIB, 16_384 * KIB].flatMap((bytes, n) => [
    { id: `9.1.${n + 2}`, says: `a text of ${bytes} bytes`, sends: [text(sized(bytes))], expects: tooBig },
    {
      id: `9.2.${n + 2}`,
      says: `a binary frame of ${bytes} bytes`,
      sends: [binary(channelFrame(bytes))],
      expects: tooBig,
    },
  ]),
]

/** The header alone decides: nothing of the payload was sent yet. */
export const claims: Case[] = [
  BigInt(FULL + 1),
  2n ** 31n,
  2n ** 32n,
  2n ** 52n,
  2n ** 53n,
  2n ** 62n,
  2n ** 64n - 1n,
].flatMap((claimedBytes, n) => [
  {
    id: `9.0.${2 * n + 1}`,
    says: `a header that promises a text of ${claimedBytes} bytes`,
    sends: [frame(OPCODE.text, '', { claimedBytes })],
    expects: tooBig,
  },
  {
    id: `9.0.${2 * n + 2}`,
    says: `a continuation that promises ${claimedBytes} bytes`,
    sends: [text('{', { fin: false }), frame(OPCODE.continuation, '', { claimedBytes })],
    expects: tooBig,
  },
])

/** 9.3 and 9.4: 64 KiB in fragments; more than 64 of them end with 1008 [L-24]. */
export const inFragments: Case[] = [
  ...[1, 2, 4, 8, 16, 32].flatMap((kib, n) => [
    {
      id: `9.3.${n + 1}`,
      says: `a text of 64 KiB in fragments of ${kib} KiB`,
      sends: evenFragments(text, sized(FULL), kib * KIB),
      expects: refused,
    },
    {
      id: `9.4.${n + 1}`,
      says: `a binary frame of 64 KiB in fragments of ${kib} KiB`,
      sends: evenFragments(binary, channelFrame(FULL), kib * KIB),
      expects: arrives,
    },
  ]),
  {
    id: '9.3.7',
    says: '64 KiB and a byte in fragments',
    sends: evenFragments(text, sized(FULL + 1), 4 * KIB),
    expects: tooBig,
  },
  {
    id: '9.4.7',
    says: '64 KiB and a byte in binary fragments',
    sends: evenFragments(binary, channelFrame(FULL + 1), 32 * KIB),
    expects: tooBig,
  },
  {
    id: '9.3.8',
    says: '65 fragments',
    sends: fragments(text, telemetry('x'), Array(64).fill(1)),
    expects: tooManyFragments,
  },
  {
    id: '9.4.8',
    says: '65 binary fragments',
    sends: fragments(binary, channelFrame(200), Array(64).fill(1)),
    expects: tooManyFragments,
  },
  {
    id: '9.3.9',
    says: '200 empty fragments that never end',
    sends: [text('', { fin: false }), ...Array(199).fill(more('', { fin: false }))],
    expects: tooManyFragments,
  },
]

/** 9.5 and 9.6: TLS delivers the frame in records of so many bytes. */
export const inPieces: Case[] = [128, 256, 512, 1024, 2048, 8192].flatMap((chop, n) => [
  {
    id: `9.5.${n + 1}`,
    says: `a text of 64 KiB in pieces of ${chop}`,
    sends: [text(sized(FULL))],
    chop,
    expects: refused,
  },
  {
    id: `9.6.${n + 1}`,
    says: `a binary frame in pieces of ${chop}`,
    sends: [binary(channelFrame(FULL))],
    chop,
    expects: arrives,
  },
])

/** 9.7 and 9.8: many in a row, as many as the window takes [L-8]. */
export const inARow: Case[] = [80, 100, 200, 300, 400, 500].flatMap((bytes, n) => {
  const seqs = Array.from({ length: 60 }, (_, at) => at + 1)
  const frames = seqs.map((seq) => channelFrame(bytes, seq))
  return [
    {
      id: `9.7.${n + 1}`,
      says: `60 texts of ${bytes} bytes`,
      sends: seqs.map((seq) => text(sized(bytes, seq))),
      expects: { values: seqs.map(() => 'sized') },
    },
    {
      id: `9.8.${n + 1}`,
      says: `60 binary frames of ${bytes} bytes`,
      sends: frames.map((one) => binary(one)),
      expects: { payloads: frames.map(channelPayload) },
    },
  ]
})

/** 10.1: fragments as a client cuts them by itself. */
export const automatic: Case[] = [
  {
    id: '10.1.1',
    says: 'a text of 64 KiB in fragments of 1,300 bytes',
    sends: evenFragments(text, sized(FULL), 1_300),
    expects: refused,
  },
  {
    id: '10.1.2',
    says: 'a text of 14 KiB in fragments of 1,300 bytes',
    sends: evenFragments(text, sized(14 * KIB), 1_300),
    expects: { values: ['sized'] },
  },
]
