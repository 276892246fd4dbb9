import { describe, expect, test } from 'vitest'
import { parseBinary } from '../../protocol/binary.ts'
import { type Content, Outbox } from '../../simulator/outbox.ts'

const WIDE = { windowMessages: 1_000, windowBytes: 1_000_000 }
const MAX_BYTES = 14_336

const reading = (temp: number): Content => ({
  kind: 'telemetry',
  points: [{ time: { bornAtMs: 1_000 }, values: { temp } }],
})

function filled(count: number, maxRecords = 1_000): Outbox {
  const outbox = new Outbox('b1', 1, maxRecords)
  for (let i = 1; i <= count; i++) outbox.put(reading(i), MAX_BYTES)
  return outbox
}

/** The frames sent now, as JSON. */
function pumped(outbox: Outbox, window = WIDE, nowMs = 5_000): Record<string, unknown>[] {
  const frames: Record<string, unknown>[] = []
  outbox.pump(window, nowMs, (frame) => void frames.push(JSON.parse(String(frame))))
  return frames
}

const seqs = (frames: Record<string, unknown>[]): unknown[] => frames.map((frame) => frame.seq)

describe('the window [A-2]', () => {
  test('lets only so many messages be unacknowledged', () => {
    const outbox = filled(10)
    expect(seqs(pumped(outbox, { ...WIDE, windowMessages: 4 }))).toEqual([1, 2, 3, 4])
    expect(pumped(outbox, { ...WIDE, windowMessages: 4 })).toEqual([])
    outbox.acknowledge('b1', 2)
    expect(seqs(pumped(outbox, { ...WIDE, windowMessages: 4 }))).toEqual([5, 6])
  })

  test('lets only so many bytes be unacknowledged', () => {
    const outbox = filled(10)
    const [first] = pumped(filled(1))
    const bytes = JSON.stringify(first).length
    const sent = pumped(outbox, { ...WIDE, windowBytes: bytes * 4 })
    expect(sent.length).toBeGreaterThan(0)
    expect(sent.reduce((sum, frame) => sum + JSON.stringify(frame).length, 0)).toBeLessThanOrEqual(bytes * 4)
  })

  test('is passed by one message alone that is larger than it', () => {
    const outbox = filled(2)
    expect(seqs(pumped(outbox, { ...WIDE, windowBytes: 10 }))).toEqual([1])
    outbox.acknowledge('b1', 1)
    expect(seqs(pumped(outbox, { ...WIDE, windowBytes: 10 }))).toEqual([2])
  })
})

describe('acknowledgements', () => {
  test('are cumulative within their boot and leave other boots alone [A-3]', () => {
    const outbox = filled(3)
    outbox.reboot('b2')
    outbox.put(reading(4), MAX_BYTES)
    pumped(outbox)
    expect(outbox.acknowledge('b2', 9).map(({ boot, seq }) => [boot, seq])).toEqual([['b2', 1]])
    expect(outbox.acknowledge('b1', 2).map(({ seq }) => seq)).toEqual([1, 2])
    expect([outbox.length, outbox.inFlight]).toEqual([1, 1])
  })

  test('count for nothing where nothing was sent', () => {
    const outbox = filled(3)
    pumped(outbox, { ...WIDE, windowMessages: 1 })
    expect(outbox.acknowledge('b1', 3).map(({ seq }) => seq)).toEqual([1])
    expect(outbox.length).toBe(2)
  })

  test('cover what an earlier link sent [S-14]', () => {
    const outbox = filled(3)
    pumped(outbox, { ...WIDE, windowMessages: 2 })
    outbox.rewind()
    expect(outbox.acknowledge('b1', 3).map(({ seq }) => seq)).toEqual([1, 2])
    expect(seqs(pumped(outbox))).toEqual([3])
  })

  test('free the window exactly once, also with a nack in between [A-7]', () => {
    const outbox = filled(5)
    pumped(outbox, { ...WIDE, windowMessages: 3 })
    expect(outbox.refuse('b1', 2)?.seq).toBe(2)
    expect(outbox.refuse('b1', 2)).toBeUndefined()
    expect(outbox.inFlight).toBe(2)
    outbox.acknowledge('b1', 3)
    outbox.acknowledge('b1', 3)
    expect(outbox.inFlight).toBe(0)
    expect(seqs(pumped(outbox))).toEqual([4, 5])
  })
})

describe('a lost link', () => {
  test('makes everything unacknowledged be sent again in its old order [A-11]', () => {
    const outbox = filled(4)
    pumped(outbox)
    outbox.acknowledge('b1', 1)
    outbox.rewind()
    expect(seqs(pumped(outbox))).toEqual([2, 3, 4])
  })
})

describe('a full outbox', () => {
  test('gives up the oldest record that is not in flight', () => {
    const outbox = filled(4, 4)
    pumped(outbox, { ...WIDE, windowMessages: 2 })
    const { record, loser } = outbox.put(reading(5), MAX_BYTES)
    expect([record.seq, loser?.seq, outbox.length]).toEqual([5, 3, 4])
  })

  test('gives up the new record when all others are in flight', () => {
    const outbox = filled(2, 2)
    pumped(outbox)
    const { record, loser } = outbox.put(reading(3), MAX_BYTES)
    expect(loser).toBe(record)
    expect(outbox.length).toBe(2)
  })
})

describe('time', () => {
  test('the age is counted when the frame is sent, and again when it is sent again', () => {
    const outbox = filled(1)
    expect(pumped(outbox, WIDE, 5_000)).toMatchObject([{ points: [{ age_ms: 4_000 }] }])
    outbox.rewind()
    expect(pumped(outbox, WIDE, 9_000)).toMatchObject([{ points: [{ age_ms: 8_000 }] }])
  })

  test('a known time is sent as it is, an unknown one not at all [T-2]', () => {
    const outbox = new Outbox('b1', 1, 10)
    outbox.put({ kind: 'event', name: 'a', data: null, time: { ts: 7 } }, MAX_BYTES)
    outbox.put({ kind: 'event', name: 'b', data: null, time: undefined }, MAX_BYTES)
    expect(pumped(outbox)).toEqual([
      { type: 'event', seq: 1, name: 'a', data: null, ts: 7 },
      { type: 'event', seq: 2, name: 'b', data: null },
    ])
  })
})

describe('a reboot', () => {
  test('keeps the boot and seq that records were born with [A-9]', () => {
    const outbox = filled(2)
    outbox.reboot('b2')
    outbox.put(reading(3), MAX_BYTES)
    expect(pumped(outbox)).toMatchObject([{ seq: 1, boot: 'b1' }, { seq: 2, boot: 'b1' }, { seq: 1 }])
    expect(outbox.boot).toBe('b2')
  })

  test('gives binary frames, which carry no boot id, a new place in the new boot [B-4]', () => {
    const outbox = filled(1)
    const { record } = outbox.put({ kind: 'channel', name: 'cam', payload: Buffer.from('x') }, MAX_BYTES)
    outbox.reboot('b2')
    const frames: (string | Uint8Array)[] = []
    outbox.pump(WIDE, 0, (frame) => void frames.push(frame))
    expect(record).toMatchObject({ boot: 'b2', seq: 1 })
    expect(parseBinary(frames[1] as Uint8Array)).toMatchObject({ message: { seq: 1, channel: 'cam' } })
    expect(outbox.acknowledge('b2', 1)).toEqual([record])
    expect(outbox.put(reading(2), MAX_BYTES).record.seq).toBe(2)
  })
})

test('a frame over the limit is refused before it takes a sequence number [L-3]', () => {
  const outbox = filled(1)
  const large: Content = { kind: 'event', name: 'e', data: 'x'.repeat(MAX_BYTES), time: undefined }
  expect(() => outbox.put(large, MAX_BYTES)).toThrow(RangeError)
  expect(outbox.put(reading(2), MAX_BYTES).record.seq).toBe(2)
})

test('settled is told to whoever asks before and after', async () => {
  const { record } = filled(0).put(reading(1), MAX_BYTES)
  const early = record.settled
  record.settle('acked')
  expect([await early, await record.settled]).toEqual(['acked', 'acked'])
})
