import { expect } from 'vitest'
import { openRaw } from '../../helpers/raw-device.ts'
import { binary, text } from '../../helpers/raw-frames.ts'
import type { BadInput, World } from './world.ts'

const POINT = { ts: 1, values: { n: 1 } }
const frameOf = (message: object | string | Buffer): Buffer => {
  if (Buffer.isBuffer(message)) return binary(message)
  return text(typeof message === 'string' ? message : JSON.stringify(message))
}

/** Has a place in the sequence: a final `nack`, and the session goes on. */
function nacked(id: string, sends: string, message: object | string | Buffer, code = 'malformed'): BadInput {
  const does = async (world: World): Promise<void> => {
    const { raw, id: device } = await world.device()
    await raw.write([frameOf(message), frameOf({ type: 'telemetry', seq: 2, points: [POINT] })])
    await raw.until('the acknowledgement', () => raw.of('ack').some(({ seq }) => seq === 2))
    expect(raw.of('nack')).toEqual([{ type: 'nack', seq: 1, code, reason: expect.any(String) }])
    expect(await world.counters(device)).toMatchObject({ refused: 1, published: 1, malformed: 0 })
    raw.destroy()
  }
  return { id, sends, answer: `nack ${code}, then it goes on`, does, counts: ['messages_refused', code] }
}

/** [M-8] Has none: dropped and counted; twenty of them in a minute end the session. */
function dropped(id: string, sends: string, message: object | string | Buffer): BadInput {
  const does = async (world: World): Promise<void> => {
    const { raw, id: device } = await world.device()
    await raw.write(Array(19).fill(frameOf(message)))
    await raw.write([frameOf({ type: 'telemetry', seq: 9, points: [POINT] })])
    await raw.until('the acknowledgement', () => raw.of('ack').length > 0)
    await raw.write([frameOf(message)])
    await raw.until('the close', () => raw.ended)
    expect(raw.of('bye')).toMatchObject([{ code: 4014, reason: 'malformed_messages', reconnect: true }])
    expect(raw.closeCode).toBe(4014)
    expect(raw.of('nack')).toEqual([])
    expect(await world.counters(device)).toMatchObject({ malformed: 20, published: 1 })
  }
  return {
    id,
    sends,
    answer: 'dropped 19 times, then bye 4014',
    does,
    counts: ['sessions_closed', 'malformed_messages'],
  }
}

/** [S-2] Nothing but `hello` may come first. */
function beforeHello(sends: string, message: object | string | Buffer): BadInput {
  const does = async (world: World): Promise<void> => {
    const { token } = await world.gateway.enrol()
    const raw = await openRaw(world.gateway, token)
    await raw.write([frameOf(message)])
    await raw.until('the close', () => raw.ended)
    expect(raw.of('bye')).toMatchObject([{ code: 4015, retry_after_ms: 60_000 }])
    expect(raw.closeCode).toBe(4015)
  }
  return {
    id: 'B18',
    sends: `${sends} before hello`,
    answer: 'bye 4015',
    does,
    counts: ['sessions_closed', 'no_hello'],
  }
}

/** Good messages whose numbers are not: what the device hears, and its counters. */
function numbered(sends: string, seqs: readonly number[], acks: readonly number[], counters: object): BadInput {
  const does = async (world: World): Promise<void> => {
    const { raw, id } = await world.device()
    for (const [n, seq] of seqs.entries()) {
      await raw.write([frameOf({ type: 'telemetry', seq, points: [POINT] })])
      await raw.until('its acknowledgement', () => raw.of('ack').length > n)
    }
    expect(raw.of('ack').map(({ seq }) => seq)).toEqual(acks)
    expect(await world.counters(id)).toMatchObject(counters)
    raw.destroy()
  }
  return { id: 'B19', sends, answer: `ack ${acks.join(', ')}`, does }
}

const HELLO = { type: 'hello', boot: 'b', firmware: 'a', model: 'b', capabilities: [] }
const telemetry = (points: unknown, more = {}) => ({ type: 'telemetry', seq: 1, points, ...more })
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const big = Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`key${n}`, 'x'.repeat(1_020)]))

export const messages: readonly BadInput[] = [
  beforeHello('telemetry', telemetry([POINT])),
  beforeHello('no JSON', 'hi'),
  beforeHello('a hello without a boot id', { ...HELLO, boot: undefined }),
  beforeHello('a binary frame', Buffer.from([1, 0, 0, 0, 1, 1, 97, 0])),
  dropped('B17', 'a binary frame of a kind that does not exist', Buffer.from([7, 1, 2, 3])),
  dropped('B17', 'an empty binary frame', Buffer.alloc(0)),
  dropped('B18', 'no JSON', '{'),
  dropped('B18', 'an array', '[]'),
  dropped('B18', 'an empty text', ''),
  dropped('B18', 'an unknown type', { type: 'fly' }),
  dropped('B18', 'no type', { seq: 1 }),
  dropped('B18', 'a type that is a key of every object', { type: 'constructor' }),
  dropped('B18', 'a second hello [S-2]', HELLO),
  dropped('B18', 'a message that only a gateway may send', { type: 'welcome', session: 1 }),
  dropped('B18', '50,000 open brackets', '['.repeat(50_000)),
  dropped('B18', '__proto__ as the whole message', '{"__proto__":{"polluted":1}}'),
  nacked('B18', 'no points', telemetry([])),
  nacked('B18', 'a key with a slash', telemetry([{ values: { 'a/b': 1 } }])),
  nacked('B18', '__proto__ as a key', '{"type":"telemetry","seq":1,"points":[{"values":{"__proto__":1}}]}'),
  nacked('B18', '1e400', '{"type":"telemetry","seq":1,"points":[{"values":{"a":1e400}}]}'),
  nacked('B18', 'a value of null', telemetry([{ values: { a: null } }])),
  nacked('B18', 'ts and age_ms', telemetry([{ ts: 1, age_ms: 1, values: { a: 1 } }])),
  nacked('B18', 'half a surrogate pair', '{"type":"telemetry","seq":1,"points":[{"values":{"a":"\\ud800"}}]}'),
  nacked('B18', 'JSON 5,000 deep', `{"type":"event","seq":1,"name":"e","data":${nested(5_000)}}`),
  nacked('B18', 'a number of 10 KiB', `{"type":"telemetry","seq":1,"points":[{"values":{"a":${'9'.repeat(10_000)}}}]}`),
  nacked('B18', '15 KiB of telemetry [T-7]', telemetry([{ values: big }]), 'too_large'),
  { id: 'B18', sends: 'a key that stands twice', answer: 'the last counts [M-4]', does: duplicateKey },
  dropped('B19', 'seq 0', telemetry([POINT], { seq: 0 })),
  dropped('B19', 'seq -1', telemetry([POINT], { seq: -1 })),
  dropped('B19', 'seq 1.5', telemetry([POINT], { seq: 1.5 })),
  dropped('B19', 'seq 2^32', telemetry([POINT], { seq: 2 ** 32 })),
  dropped('B19', 'seq 2^53', '{"type":"telemetry","seq":9007199254740992,"points":[{"values":{"a":1}}]}'),
  dropped('B19', 'seq as a text', telemetry([POINT], { seq: '1' })),
  numbered('the same seq twice [A-4]', [5, 5], [5, 5], { published: 1, repeated: 1 }),
  numbered('a seq that goes back [A-4]', [5, 3], [5, 5], { published: 1, repeated: 1 }),
  numbered('a jump to the last seq there is', [5, 4_294_967_295], [5, 4_294_967_295], {
    published: 2,
    gaps: 4_294_967_289,
  }),
  { id: 'B19', sends: 'another boot', answer: 'its own sequence [A-1]', does: anotherBoot },
  nacked('B20', 'an event name with NUL', { type: 'event', seq: 1, name: 'a\0', data: 1 }),
  nacked('B20', 'an event name with a slash', { type: 'event', seq: 1, name: '../x', data: 1 }),
  nacked('B20', 'a channel with a wildcard', Buffer.from([1, 0, 0, 0, 1, 1, 35, 0])),
  nacked('B20', 'a channel with two dots', Buffer.from([1, 0, 0, 0, 1, 2, 46, 46, 0])),
  {
    id: 'B20',
    sends: 'device ids with / + # $ NUL .. %2F and more',
    answer: '400, and no topic of that name',
    does: badIds,
  },
  {
    id: 'B21',
    sends: '1,000 messages at once',
    answer: 'bye 4013 beyond the window [A-2]',
    does: overWindow,
    counts: ['sessions_closed', 'window_overstepped'],
  },
  {
    id: 'B21',
    sends: '1,000 empty frames',
    answer: 'bye 4014',
    does: emptyFrames,
    counts: ['sessions_closed', 'malformed_messages'],
  },
  {
    id: 'B21',
    sends: '400 log lines at once',
    answer: 'those over the rate are dropped [M-11]',
    does: manyLogs,
    counts: ['messages_dropped', 'log_rate'],
  },
]

async function duplicateKey(world: World): Promise<void> {
  const { raw } = await world.device()
  await raw.write([text('{"type":"telemetry","seq":1,"seq":2,"points":[{"ts":1,"values":{"twice":1,"twice":2}}]}')])
  await raw.until('the acknowledgement', () => raw.of('ack').some(({ seq }) => seq === 2))
  const shown = await world.bus.next(({ text: body }) => body.includes('twice'))
  expect(JSON.parse(shown.text)).toMatchObject({ seq: 2, points: [{ values: { twice: 2 } }] })
  raw.destroy()
}

async function anotherBoot(world: World): Promise<void> {
  const { raw } = await world.device()
  await raw.write([frameOf(telemetry([POINT], { seq: 7 })), frameOf(telemetry([POINT], { boot: 'boot-2' }))])
  await raw.until('both', () => raw.of('ack').length === 2)
  expect(raw.of('ack')).toEqual([
    { type: 'ack', seq: 7 },
    { type: 'ack', seq: 1, boot: 'boot-2' },
  ])
  raw.destroy()
}

async function badIds(world: World): Promise<void> {
  const ids = [
    'a/b',
    '+',
    '#',
    '$SYS',
    'a\0',
    '..',
    '.',
    '.hidden',
    'a%2Fb',
    'ä',
    'a b',
    '',
    '\ufeffa',
    '\ud800',
    'a'.repeat(65),
    '__proto__',
  ]
  for (const id of ids) {
    const answer = await world.gateway.api('POST', 'devices', { id })
    expect(answer, id).toMatchObject({ status: 400, body: { code: 'bad_request' } })
  }
  const { status } = await world.gateway.api('POST', 'devices', { id: 'constructor' })
  expect(status).toBe(201) // a name like any other [N-1]
  expect((await world.gateway.api('DELETE', 'devices/constructor')).status).toBe(204)
  const topics = new Set(world.bus.messages.map(({ topic }) => topic.split('/')[2]))
  expect(ids.filter((id) => topics.has(id))).toEqual([])
}

async function overWindow(world: World): Promise<void> {
  const { raw } = await world.device()
  const frames = Array.from({ length: 1_000 }, (_, n) => frameOf(telemetry([POINT], { seq: n + 1 })))
  await raw.write([Buffer.concat(frames)])
  await raw.until('the close', () => raw.ended)
  expect(raw.of('bye')).toMatchObject([{ code: 4013, retry_after_ms: 10_000 }])
}

async function emptyFrames(world: World): Promise<void> {
  const { raw } = await world.device()
  await raw.write([Buffer.concat(Array(1_000).fill(text('')))])
  await raw.until('the close', () => raw.ended)
  expect(raw.of('bye')).toMatchObject([{ code: 4014 }])
}

async function manyLogs(world: World): Promise<void> {
  const { raw, id } = await world.device()
  const lines = Array.from({ length: 400 }, (_, n) => frameOf({ type: 'log', level: 'info', text: `line ${n}` }))
  await raw.write([Buffer.concat([...lines, frameOf(telemetry([POINT]))])])
  await raw.until('the acknowledgement', () => raw.of('ack').length > 0)
  expect((await world.counters(id)).dropped).toBeGreaterThan(100)
  raw.destroy()
}
