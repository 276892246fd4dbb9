import { fragments, text } from '../../helpers/raw-frames.ts'
import { badUtf8, type Case, telemetry, VALUE_AT } from './case.ts'

/**
 * 6.* Text is UTF-8 [M-1]. What is valid reaches the bus byte for byte; what is not ends the session with 1007, at the
 * latest with the last fragment of its message (Autobahn calls that "non-strict"; RFC 6455 8.1 asks for no more).
 */

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex')
const GREETING = Buffer.from('Hello-µ@ßöäüàá-UTF-8!!')
const KOSME = Buffer.from('κόσμε')
/** κόσμε, then a surrogate half in three bytes, then "edited". */
const KOSME_BROKEN = Buffer.concat([KOSME, hex('ed a0 80'), Buffer.from('edited')])

const whole = (value: Buffer) => [text(telemetry(value))]
/** One fragment with everything before the value, then the value in these pieces, then the rest. */
function inside(value: Buffer, sizes: readonly number[]): Buffer[] {
  return fragments(text, telemetry(value), [VALUE_AT, ...sizes])
}

/** 6.1–6.4: empty fragments, fragments inside a code point, and how soon a bad byte is noticed. */
export const textFragments: Case[] = [
  { id: '6.1.1', says: 'an empty text', sends: [text('')], expects: { malformed: 1 } },
  { id: '6.1.2', says: 'three empty fragments', sends: fragments(text, '', [0, 0]), expects: { malformed: 1 } },
  {
    id: '6.1.3',
    says: 'a message between two empty fragments',
    sends: fragments(text, telemetry(GREETING), [0, telemetry(GREETING).length]),
    expects: { values: [GREETING] },
  },
  { id: '6.2.1', says: 'valid, in one frame', sends: whole(GREETING), expects: { values: [GREETING] } },
  { id: '6.2.2', says: 'cut between code points', sends: inside(GREETING, [6, 2]), expects: { values: [GREETING] } },
  { id: '6.2.3', says: 'cut inside a code point', sends: inside(GREETING, [7, 4]), expects: { values: [GREETING] } },
  { id: '6.2.4', says: 'a fragment for each byte', sends: inside(KOSME, bytes(KOSME)), expects: { values: [KOSME] } },
  { id: '6.3.1', says: 'a surrogate half, in one frame', sends: whole(KOSME_BROKEN), expects: badUtf8 },
  {
    id: '6.3.2',
    says: 'the same, a fragment for each byte',
    sends: inside(KOSME_BROKEN, bytes(KOSME_BROKEN)),
    expects: badUtf8,
  },
  ...failFast(),
]

function bytes(value: Buffer): number[] {
  return Array(value.length).fill(1)
}

/** A code point above U+10FFFF: its fourth byte makes no difference, the second is wrong already. */
function failFast(): Case[] {
  const value = Buffer.concat([KOSME, hex('f4 90 80 80'), Buffer.from('edited')])
  const cuts: [string, number[]][] = [
    ['wrong in the second fragment', [KOSME.length, 4]],
    ['wrong between two fragments', [KOSME.length + 1, 3]],
    ['the code point in two halves', [KOSME.length + 2, 2]],
    ['its last byte alone', [KOSME.length + 3, 1]],
  ]
  return cuts.map(([says, sizes], n) => ({ id: `6.4.${n + 1}`, says, sends: inside(value, sizes), expects: badUtf8 }))
}

/** Bytes between two letters, so that a cut code point is followed by something. */
interface Row {
  readonly says: string
  readonly bytes: string
  readonly good: boolean
}

const good = (says: string, digits: string): Row => ({ says, bytes: digits, good: true })
const bad = (says: string, digits: string): Row => ({ says, bytes: digits, good: false })

/** 6.5: the same text in five ways of chopping the bytes on their way. */
export const textChops: Case[] = [1, 2, 3, 5, 7].map((chop, n) => ({
  id: `6.5.${n + 1}`,
  says: `κόσμε in TLS records of ${chop}`,
  sends: whole(KOSME),
  chop,
  expects: { values: [KOSME] },
}))

/** 6.6: every beginning of κόσμε: good where it ends between code points. */
export const textPrefixes: Case[] = [...KOSME.keys()].map((at) => {
  const value = KOSME.subarray(0, at + 1)
  const valid = value.toString() === 'κόσμε'.slice(0, value.toString().length) && !value.toString().includes('\ufffd')
  return {
    id: `6.6.${at + 1}`,
    says: `the first ${at + 1} bytes of κόσμε, ${valid ? 'good' : 'bad'}`,
    sends: whole(value),
    expects: valid ? { values: [value] } : badUtf8,
  }
})

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  // 0x00 is UTF-8 and no JSON: see controlCharacter below
  '6.7': [good('U+0080', 'c280'), good('U+0800', 'e0a080'), good('U+10000', 'f0908080')],
  '6.8': [bad('first of five bytes', 'f888808080'), bad('first of six bytes', 'fc8480808080')],
  '6.9': [good('U+007F', '7f'), good('U+07FF', 'dfbf'), good('U+FFFF', 'efbfbf'), good('U+10FFFF', 'f48fbfbf')],
  '6.10': [bad('above U+10FFFF', 'f7bfbfbf'), bad('five bytes', 'fbbfbfbfbf'), bad('six bytes', 'fdbfbfbfbfbf')],
  '6.11': [
    good('U+D7FF', 'ed9fbf'),
    good('U+E000', 'ee8080'),
    good('U+FFFD', 'efbfbd'),
    good('U+10FFFF', 'f48fbfbf'),
    bad('U+110000', 'f4908080'),
  ],
  '6.12': continuations(),
  '6.13': [
    bad('all starts of two bytes', lonely(0xc0, 0xdf)),
    bad('all starts of three', lonely(0xe0, 0xef)),
    bad('all starts of four', lonely(0xf0, 0xf7)),
    bad('all starts of five', lonely(0xf8, 0xfb)),
    bad('all starts of six', lonely(0xfc, 0xfd)),
  ],
  '6.14': ['c0', 'e080', 'f08080', 'f8808080', 'fc80808080', 'df', 'efbf', 'f7bfbf', 'fbbfbfbf', 'fdbfbfbfbf'].map(
    (digits) => bad('the last byte is missing', digits),
  ),
  '6.15': [bad('all of those in a row', 'c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf')],
  '6.16': [bad('0xFE', 'fe'), bad('0xFF', 'ff'), bad('both', 'fefeffff')],
  '6.17': ['c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af'].map((digits) => bad('overlong "/"', digits)),
  '6.18': ['c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf'].map((digits) => bad('highest overlong', digits)),
  '6.19': ['c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080'].map((digits) => bad('overlong NUL', digits)),
  '6.20': ['eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf'].map((digits) =>
    bad('half a pair', digits),
  ),
  '6.21': [
    ...['eda080edb080', 'eda080edbfbf', 'edadbfedb080', 'edadbfedbfbf'],
    ...['edae80edb080', 'edae80edbfbf', 'edafbfedb080', 'edafbfedbfbf'],
  ].map((digits) => bad('a surrogate pair in UTF-8', digits)),
  '6.22': nonCharacters(),
  '6.23': ['efbfb9', 'efbfba', 'efbfbb', 'efbfbc', 'efbfbd', 'efbfbe', 'efbfbf'].map((digits) =>
    good('a special', digits),
  ),
}

function continuations(): Row[] {
  const runs = Array.from({ length: 6 }, (_, n) =>
    bad(`${n + 2} continuation bytes`, '80bf'.repeat(3).slice(0, 2 * n + 4)),
  )
  return [bad('0x80', '80'), bad('0xBF', 'bf'), ...runs]
}

/** Each start byte from `first` to `last`, a space behind it. */
function lonely(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, n) => `${(first + n).toString(16)}20`).join('')
}

/** U+nFFFE and U+nFFFF of all 17 planes: code points like any other. */
function nonCharacters(): Row[] {
  return Array.from({ length: 17 }, (_, plane) => plane * 0x10000).flatMap((plane) =>
    [0xfffe, 0xffff].map((low) => {
      const character = String.fromCodePoint(plane + low)
      return good(`U+${(plane + low).toString(16).toUpperCase()}`, Buffer.from(character).toString('hex'))
    }),
  )
}

export const codePoints: Case[] = Object.entries(GROUPS).flatMap(([group, rows]) =>
  rows.map((row, n) => {
    const value = Buffer.concat([Buffer.from('<'), hex(row.bytes), Buffer.from('>')])
    return {
      id: `${group}.${n + 1}`,
      says: `${row.says} (${row.bytes.slice(0, 16)}), ${row.good ? 'good' : 'bad'}`,
      sends: whole(value),
      expects: row.good ? { values: [value] } : badUtf8,
    }
  }),
)

/** Valid UTF-8 that JSON forbids unescaped: refused by the parser, not by the WebSocket layer. */
export const controlCharacter: Case[] = [
  { id: '6.7.0', says: 'U+0000 as it stands', sends: whole(hex('00')), expects: { malformed: 1 } },
  { id: '6.7.9', says: 'U+0000 as \\u0000', sends: whole(Buffer.from('\\u0000')), expects: { values: ['\\u0000'] } },
  { id: '6.24.1', says: 'a bad byte outside of any text', sends: [text(hex('ff'))], expects: badUtf8 },
  {
    id: '6.24.2',
    says: 'a byte order mark before the message',
    sends: [text(Buffer.concat([hex('efbbbf'), telemetry('x')]))],
    expects: { malformed: 1 },
  },
]
