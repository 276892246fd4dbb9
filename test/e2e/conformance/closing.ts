import { close, fragments, ping, text } from '../../helpers/raw-frames.ts'
import { badUtf8, type Case, protocolError, sized, telemetry } from './case.ts'

const hello = telemetry('Hello, world!')
const after = text(telemetry('after', 2))
const [first = hello, second = hello] = fragments(text, hello, [20])

/** 7.1 What comes after a close frame counts for nothing. */
export const order: Case[] = [
  {
    id: '7.1.1',
    says: 'a message, then a close',
    sends: [text(hello), close(1000)],
    expects: { values: ['Hello, world!'], closes: 1000 },
  },
  { id: '7.1.2', says: 'two close frames', sends: [close(1000), close(1000)], expects: { closes: 1000 } },
  { id: '7.1.3', says: 'a ping after it has no pong', sends: [close(1000), ping('late')], expects: { closes: 1000 } },
  { id: '7.1.4', says: 'a text after it is not taken', sends: [close(1000), after], expects: { closes: 1000 } },
  {
    id: '7.1.5',
    says: 'a close between two fragments',
    sends: [first, close(1000), second],
    expects: { closes: 1000 },
  },
  {
    id: '7.1.6',
    says: '64 KiB, then a close, then a ping',
    sends: [text(sized(65_536)), close(1000), ping('late')],
    expects: { nacks: ['too_large'], closes: 1000 },
  },
  { id: '7.1.7', says: 'the close byte by byte', sends: [close(1000, 'slowly')], chop: 1, expects: { closes: 1000 } },
]

/** 7.3 and 7.5: its payload. */
export const payload: Case[] = [
  { id: '7.3.1', says: 'no payload is answered with none', sends: [close()], expects: { closes: 1005 } },
  { id: '7.3.2', says: 'one byte', sends: [oneByte()], expects: protocolError },
  { id: '7.3.3', says: 'a code', sends: [close(1000)], expects: { closes: 1000 } },
  { id: '7.3.4', says: 'a code and a reason', sends: [close(1000, 'Hello, world!')], expects: { closes: 1000 } },
  { id: '7.3.5', says: 'a reason of 123 bytes', sends: [close(1000, 'x'.repeat(123))], expects: { closes: 1000 } },
  { id: '7.3.6', says: 'a reason of 124 bytes', sends: [close(1000, 'x'.repeat(124))], expects: protocolError },
  { id: '7.3.7', says: 'a close in two fragments', sends: [close(1000, '', { fin: false })], expects: protocolError },
  {
    id: '7.5.1',
    says: 'a reason that is no UTF-8',
    sends: [close(1000, Buffer.from('cebaed', 'hex'))],
    expects: badUtf8,
  },
]

function oneByte(): Buffer {
  return Buffer.concat([Buffer.from([0x88, 0x81, 0, 0, 0, 0]), Buffer.from('a')])
}

const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999, 1012, 1013, 1014]
const INVALID = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]

/** 7.7, 7.9 and 7.13: a code that may stand there is answered with itself; IANA has given 1012 to 1014 since. */
export const codes: Case[] = [
  ...VALID.map((code, n) => ({
    id: `7.7.${n + 1}`,
    says: `${code} is a code`,
    sends: [close(code)],
    expects: { closes: code },
  })),
  ...INVALID.map((code, n) => ({
    id: `7.9.${n + 1}`,
    says: `${code} is none`,
    sends: [close(code)],
    expects: protocolError,
  })),
  ...[1015, 5000, 65_535].map((code, n) => ({
    id: `7.13.${n + 1}`,
    says: `${code} is none`,
    sends: [close(code)],
    expects: protocolError,
  })),
]
