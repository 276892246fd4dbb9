import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeviceStream, type Entry } from '../../gateway/core/device-stream.ts'

const WINDOW = { windowMessages: 64, windowBytes: 32 * 1024 }

/** Takes seqs of one boot, 100 bytes each. */
function taken(stream: DeviceStream, boot: string, ...seqs: number[]): Entry[] {
  return seqs.map((seq) => stream.take(boot, seq, 100, 0))
}
function settle(...entries: (Entry | undefined)[]): void {
  for (const entry of entries) if (entry) entry.settled = true
}

describe('the sequence of a device', () => {
  test('a seq at or below the highest one taken of its boot is a repeat [A-4]', () => {
    const stream = new DeviceStream()
    taken(stream, 'b1', 5)
    expect([4, 5].map((seq) => stream.place('b1', seq))).toEqual([{ repeat: true }, { repeat: true }])
    expect(stream.place('b1', 6)).toEqual({ repeat: false, gap: 0 })
    expect(stream.place('b2', 5)).toEqual({ repeat: false, gap: 0 })
  })

  test('gaps are allowed and counted [A-1]', () => {
    const stream = new DeviceStream()
    taken(stream, 'b1', 1)
    expect(stream.place('b1', 10)).toEqual({ repeat: false, gap: 8 })
  })

  test('an ack covers every message up to it, and none that is not settled [A-3]', () => {
    const stream = new DeviceStream()
    const [one, two, three] = taken(stream, 'b1', 1, 2, 3)
    settle(one, three)
    expect(stream.takeAcks(0)).toEqual([{ boot: 'b1', seq: 1 }])
    expect(stream.takeAcks(0)).toEqual([])
    settle(two)
    expect(stream.takeAcks(0)).toEqual([{ boot: 'b1', seq: 3 }])
    expect(stream.acked('b1')).toBe(3)
    expect(stream.acked('b2')).toBeUndefined()
  })

  test('each boot is acknowledged for itself', () => {
    const stream = new DeviceStream()
    const [one] = taken(stream, 'b1', 900)
    taken(stream, 'b2', 1)
    settle(one)
    expect(stream.takeAcks(0)).toEqual([{ boot: 'b1', seq: 900 }])
  })

  test('a message of a device over its rate is acknowledged later [A-6]', () => {
    const stream = new DeviceStream()
    settle(stream.take('b1', 1, 100, 500), stream.take('b1', 2, 100, 0))
    expect(stream.nextAckAtMs()).toBe(500)
    expect(stream.takeAcks(499)).toEqual([])
    expect(stream.unacknowledged).toEqual({ messages: 2, bytes: 200 })
    expect(stream.takeAcks(500)).toEqual([{ boot: 'b1', seq: 2 }])
    expect(stream.nextAckAtMs()).toBeUndefined()
  })

  test('knows whether something waits for the bus [S-5]', () => {
    const stream = new DeviceStream()
    expect(stream.isSettled).toBe(true)
    const [one] = taken(stream, 'b1', 1)
    expect(stream.isSettled).toBe(false)
    settle(one)
    expect(stream.isSettled).toBe(true)
  })
})

describe('the window of a device [A-2]', () => {
  test('is 64 messages', () => {
    const stream = new DeviceStream()
    for (let seq = 1; seq <= 64; seq++) {
      expect(stream.hasRoom(100, WINDOW)).toBe(true)
      taken(stream, 'b1', seq)
    }
    expect(stream.hasRoom(1, WINDOW)).toBe(false)
  })

  test('is 32 KiB, but one message alone may be larger', () => {
    const stream = new DeviceStream()
    expect(stream.hasRoom(60_000, WINDOW)).toBe(true)
    stream.take('b1', 1, 60_000, 0)
    expect(stream.hasRoom(1, WINDOW)).toBe(false)
    const other = new DeviceStream()
    other.take('b1', 1, 32_000, 0)
    expect(other.hasRoom(768, WINDOW)).toBe(true)
    expect(other.hasRoom(769, WINDOW)).toBe(false)
  })

  test('opens again with the ack', () => {
    const stream = new DeviceStream()
    settle(...taken(stream, 'b1', 1, 2))
    stream.takeAcks(0)
    expect(stream.unacknowledged).toEqual({ messages: 0, bytes: 0 })
  })

  test('counts the messages of all boots', () => {
    const stream = new DeviceStream()
    taken(stream, 'b1', 1)
    taken(stream, 'b2', 1)
    expect(stream.unacknowledged.messages).toBe(2)
  })
})

describe('a refused message [A-7]', () => {
  test('is consumed: it is acknowledged after those before it and takes no room', () => {
    const stream = new DeviceStream()
    const [one] = taken(stream, 'b1', 1)
    stream.refuse('b1', 2)
    expect(stream.place('b1', 2)).toEqual({ repeat: true })
    expect(stream.unacknowledged.messages).toBe(1)
    expect(stream.takeAcks(0)).toEqual([])
    settle(one)
    expect(stream.takeAcks(0)).toEqual([{ boot: 'b1', seq: 2 }])
  })

  test('a flood of them is one acknowledgement', () => {
    const stream = new DeviceStream()
    taken(stream, 'b1', 1)
    for (let seq = 2; seq <= 10_000; seq++) stream.refuse('b1', seq)
    expect(stream.unacknowledged.messages).toBe(1)
    expect(stream.place('b1', 10_001)).toEqual({ repeat: false, gap: 0 })
  })

  test('leaves the window at once when the bus refuses it after it was taken', () => {
    const stream = new DeviceStream()
    const [one, two] = taken(stream, 'b1', 1, 2)
    if (two) stream.refuseTaken(two)
    expect(stream.unacknowledged).toEqual({ messages: 1, bytes: 100 })
    settle(one)
    expect(stream.takeAcks(0)).toEqual([{ boot: 'b1', seq: 2 }])
    expect(stream.unacknowledged).toEqual({ messages: 0, bytes: 0 })
  })
})

describe('a message that was given up', () => {
  test('and all after it in its boot count as never taken', () => {
    const stream = new DeviceStream()
    const [one, two] = taken(stream, 'b1', 1, 2, 3)
    taken(stream, 'b2', 1)
    if (two) stream.giveUp(two)
    expect(stream.place('b1', 2)).toEqual({ repeat: false, gap: 0 })
    expect(stream.unacknowledged.messages).toBe(2)
    settle(one)
    expect(stream.takeAcks(0)).toEqual([{ boot: 'b1', seq: 1 }])
  })

  test('leaves what was acknowledged before as it is', () => {
    const stream = new DeviceStream()
    const [one, two] = taken(stream, 'b1', 1, 2)
    settle(one)
    stream.takeAcks(0)
    if (two) stream.giveUp(two)
    expect(stream.place('b1', 1)).toEqual({ repeat: true })
    expect(stream.place('b1', 2)).toEqual({ repeat: false, gap: 0 })
  })

  test('is not counted a second time when the bus answers for it after all', () => {
    const stream = new DeviceStream()
    const [one, two] = taken(stream, 'b1', 1, 2)
    if (one) stream.giveUp(one)
    if (two) stream.refuseTaken(two)
    if (two) stream.giveUp(two)
    expect(stream.unacknowledged).toEqual({ messages: 0, bytes: 0 })
  })
})

describe('the boots of a device', () => {
  test('four are remembered [A-5]', () => {
    const stream = new DeviceStream()
    for (const boot of ['b1', 'b2', 'b3', 'b4', 'b5']) {
      settle(...taken(stream, boot, 7))
      stream.takeAcks(0)
    }
    expect(stream.place('b1', 7)).toEqual({ repeat: false, gap: 0 })
    expect(['b2', 'b3', 'b4', 'b5'].map((boot) => stream.acked(boot))).toEqual([7, 7, 7, 7])
  })

  test('the one that was not used for longest is forgotten, not the one that came first [L-14]', () => {
    const stream = new DeviceStream()
    for (const [boot, seq] of [
      ['now', 1],
      ['b2', 1],
      ['b3', 1],
      ['b4', 1],
      ['now', 2],
      ['b5', 1],
    ] as const) {
      settle(...taken(stream, boot, seq))
      stream.takeAcks(0)
    }
    expect(stream.acked('now')).toBe(2)
    expect(stream.acked('b2')).toBeUndefined()
  })

  test('one with a message on its way to the bus is never forgotten', () => {
    const stream = new DeviceStream()
    const [waiting] = taken(stream, 'b1', 1)
    for (const boot of ['b2', 'b3', 'b4', 'b5', 'b6']) {
      settle(...taken(stream, boot, 1))
      stream.takeAcks(0)
    }
    expect(stream.place('b1', 1)).toEqual({ repeat: true })
    settle(waiting)
    expect(stream.takeAcks(0)).toEqual([{ boot: 'b1', seq: 1 }])
  })
})

/** What a step of the model does; numbers choose among what is possible then. */
type Step =
  | { do: 'take'; boot: number; gap: number; bytes: number }
  | { do: 'refuse'; boot: number; gap: number }
  | { do: 'repeat'; boot: number; back: number }
  | { do: 'settle' | 'refuseTaken' | 'giveUp'; which: number }
  | { do: 'ack' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('take' as const), boot: fc.nat(2), gap: fc.nat(3), bytes: fc.nat(9_000) }),
  fc.record({ do: fc.constant('refuse' as const), boot: fc.nat(2), gap: fc.nat(3) }),
  fc.record({ do: fc.constant('repeat' as const), boot: fc.nat(2), back: fc.nat(5) }),
  fc.record({ do: fc.constantFrom('settle' as const, 'settle' as const, 'refuseTaken' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('giveUp' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('ack' as const) }),
)

type Fate = 'waits' | 'settled' | 'refused'
interface ModelEntry {
  readonly entry: Entry | undefined
  readonly bytes: number
  fate: Fate
}
/** The same rules with none of the cleverness: every seq with its fate, by boot. */
class Model {
  readonly boots = new Map<string, Map<number, ModelEntry>>()
  readonly acked = new Map<string, number>()
  /** What was left out before a message that was given up stays left out. */
  readonly passedOver = new Map<string, number>()

  of(boot: string): Map<number, ModelEntry> {
    const known = this.boots.get(boot) ?? new Map<number, ModelEntry>()
    this.boots.set(boot, known)
    return known
  }
  highest(boot: string): number {
    return Math.max(this.acked.get(boot) ?? 0, this.passedOver.get(boot) ?? 0, ...this.of(boot).keys())
  }
  waiting(): { boot: string; seq: number; item: ModelEntry }[] {
    return [...this.boots].flatMap(([boot, seqs]) =>
      [...seqs].flatMap(([seq, item]) => (item.fate === 'waits' ? [{ boot, seq, item }] : [])),
    )
  }
  /** What may be acknowledged: up to the first that waits. */
  ackable(boot: string): number {
    let covered = this.acked.get(boot) ?? 0
    for (const [seq, { fate }] of this.of(boot)) {
      if (fate === 'waits') break
      covered = Math.max(covered, seq)
    }
    return covered
  }
  window(): { messages: number; bytes: number } {
    let messages = 0
    let bytes = 0
    for (const [boot, seqs] of this.boots) {
      for (const [seq, item] of seqs) {
        if (item.fate === 'refused' || seq <= (this.acked.get(boot) ?? 0)) continue
        messages += 1
        bytes += item.bytes
      }
    }
    return { messages, bytes }
  }
}

function perform(one: Step, stream: DeviceStream, model: Model): void {
  if (one.do === 'take' || one.do === 'refuse') {
    const boot = `b${one.boot}`
    const seq = model.highest(boot) + 1 + one.gap
    const bytes = one.do === 'take' ? one.bytes : 0
    if (!stream.hasRoom(bytes, WINDOW)) return
    expect(stream.place(boot, seq)).toMatchObject({ repeat: false })
    const entry = one.do === 'take' ? stream.take(boot, seq, bytes, 0) : undefined
    if (one.do === 'refuse') stream.refuse(boot, seq)
    model.of(boot).set(seq, { entry, bytes, fate: entry ? 'waits' : 'refused' })
    return
  }
  if (one.do === 'repeat') {
    const boot = `b${one.boot}`
    const seq = model.highest(boot) - one.back
    if (seq >= 1) expect(stream.place(boot, seq)).toEqual({ repeat: true })
    return
  }
  if (one.do === 'ack') return acknowledge(stream, model)
  const waiting = model.waiting()
  const chosen = waiting[one.which % Math.max(1, waiting.length)]
  if (chosen?.item.entry === undefined) return
  if (one.do === 'giveUp') {
    stream.giveUp(chosen.item.entry)
    model.passedOver.set(chosen.boot, chosen.seq - 1)
    for (const seq of [...model.of(chosen.boot).keys()]) if (seq >= chosen.seq) model.of(chosen.boot).delete(seq)
  } else if (one.do === 'settle') {
    chosen.item.entry.settled = true
    chosen.item.fate = 'settled'
  } else {
    stream.refuseTaken(chosen.item.entry)
    chosen.item.fate = 'refused'
  }
}

function acknowledge(stream: DeviceStream, model: Model): void {
  const points = new Map(stream.takeAcks(0).map(({ boot, seq }) => [boot, seq]))
  for (const boot of model.boots.keys()) {
    const before = model.acked.get(boot) ?? 0
    const covered = model.ackable(boot)
    expect(points.get(boot)).toBe(covered > before ? covered : undefined)
    model.acked.set(boot, covered)
  }
}

test('whatever happens in whatever order: an ack covers what is settled and nothing else, acks rise, the window adds up', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const stream = new DeviceStream()
      const model = new Model()
      for (const one of steps) {
        perform(one, stream, model)
        expect(stream.unacknowledged).toEqual(model.window())
        expect(stream.isSettled).toBe(model.waiting().length === 0)
      }
    }),
    { numRuns: 300 },
  )
})
