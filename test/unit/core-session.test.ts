import { beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../gateway/core/limits.ts'
import { Session } from '../../gateway/core/session.ts'
import { Sessions } from '../../gateway/core/sessions.ts'
import { CLOSE } from '../../protocol/close-codes.ts'
import { FakeLink, QuietLog } from '../helpers/core-fakes.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

let clock: ManualClock
let link: FakeLink
let session: Session
let ends: [reason: string, sleepS?: number][]

function newSession(device: string, on: FakeLink): Session {
  const made = new Session({ device, tokenId: 't1' }, on, { clock, limits: DEFAULT_LIMITS, log: new QuietLog() })
  made.boot = 'b1'
  made.stream = new Sessions().stream(device)
  return made
}

beforeEach(() => {
  clock = new ManualClock()
  link = new FakeLink()
  session = newSession('d1', link)
  ends = []
  session.onEnded = (reason, sleepS) => ends.push(sleepS === undefined ? [reason] : [reason, sleepS])
  session.state = 'ready'
})

describe('the end of a session', () => {
  test('bye goes out before the close frame, with the same code and reason [S-8] [X-4]', () => {
    session.end(CLOSE.restart)
    expect(link.of('bye')).toEqual([
      { type: 'bye', code: 1012, reason: 'restart', reconnect: true, retryAfterMs: 1_000 },
    ])
    expect(link.closes).toEqual([{ code: 1012, reason: 'restart' }])
    expect(ends).toEqual([['restart']])
  })

  test.each(Object.values(CLOSE))('$code: reconnect is false only where a person must act [X-1]', (close) => {
    session.end(close, 7)
    const [bye] = link.of('bye')
    expect(bye).toMatchObject({ code: close.code, reason: close.reason, retryAfterMs: 7 })
    expect(bye?.reconnect).toBe(close.code < 4500)
  })

  test('happens once: the first reason stays', () => {
    session.end(CLOSE.malformed)
    session.end(CLOSE.internal)
    session.leave(60)
    session.lost('connection_lost')
    expect(ends).toEqual([['malformed_messages']])
    expect(link.closes).toHaveLength(1)
  })

  test('nothing is sent after it', () => {
    session.end(CLOSE.malformed)
    expect(session.send({ type: 'cancel', id: 'c1' })).toBe(false)
    session.sendAcks()
    expect(link.messages).toHaveLength(1)
  })

  test('a socket that is gone ends it without a word', () => {
    session.lost('connection_lost')
    expect(ends).toEqual([['connection_lost']])
    expect(link.messages).toEqual([])
    expect(link.closes).toEqual([])
  })

  test('a device that does not read is closed with 4008 [S-9]', () => {
    link.slow = true
    expect(session.send({ type: 'cancel', id: 'c1' })).toBe(false)
    expect(link.closedWith).toBe(4008)
    expect(ends).toEqual([['slow_consumer']])
  })

  test('a session that nobody listens to ends as well', () => {
    newSession('d1', new FakeLink()).lost('connection_lost')
  })
})

describe('a device that leaves [S-6]', () => {
  test('gets what can be acknowledged, then the close frame', () => {
    const entry = session.stream?.take('b1', 4, 10, 0)
    if (entry) entry.settled = true
    session.leave(600)
    expect(link.messages).toEqual([{ type: 'ack', seq: 4, boot: undefined }])
    expect(link.closes).toEqual([{ code: 1000, reason: 'bye' }])
    expect(ends).toEqual([['bye', 600]])
  })

  test('is over once also when it is too slow for its last acknowledgement', () => {
    const entry = session.stream?.take('b1', 4, 10, 0)
    if (entry) entry.settled = true
    link.slow = true
    session.leave(600)
    expect(ends).toEqual([['slow_consumer']])
  })
})

describe('acknowledgements', () => {
  test('name the boot only when it is not the one of hello [A-9]', () => {
    session.sendAck('b1', 3)
    session.sendAck('b0', 900)
    expect(link.acks).toEqual([3, 'b0/900'])
  })

  test('those that may not go out yet follow by themselves [A-6]', async () => {
    const notBeforeMs = clock.monotonicMs() + 700
    const entry = session.stream?.take('b1', 1, 10, notBeforeMs)
    if (entry) entry.settled = true
    session.acks.request()
    expect(link.acks).toEqual([])
    await clock.advance(699)
    expect(link.acks).toEqual([])
    await clock.advance(1)
    expect(link.acks).toEqual([1])
  })

  test('wait until the session is ready', () => {
    session.state = 'opening'
    const entry = session.stream?.take('b1', 1, 10, 0)
    if (entry) entry.settled = true
    session.acks.request()
    expect(link.acks).toEqual([])
  })
})

describe('malformed messages [M-8]', () => {
  test('20 within 60 s end the session with 4014', async () => {
    for (let i = 0; i < 19; i++) {
      session.noteMalformed()
      await clock.advance(3_000)
    }
    expect(link.closedWith).toBeUndefined()
    session.noteMalformed()
    expect(link.closedWith).toBe(4014)
  })

  test('fewer a minute never do, however long it goes on', async () => {
    for (let i = 0; i < 200; i++) {
      session.noteMalformed()
      await clock.advance(3_200)
    }
    expect(link.closedWith).toBeUndefined()
  })

  test('any 60 s count, not those of a fixed minute', async () => {
    session.noteMalformed()
    await clock.advance(55_000)
    for (let i = 0; i < 10; i++) session.noteMalformed()
    await clock.advance(10_000)
    for (let i = 0; i < 9; i++) session.noteMalformed()
    expect(link.closedWith).toBeUndefined()
    session.noteMalformed()
    expect(link.closedWith).toBe(4014)
  })
})

describe('pings of a device [S-7]', () => {
  test('five a second are taken for ever', async () => {
    for (let i = 0; i < 600; i++) {
      session.notePing()
      await clock.advance(200)
    }
    expect(link.closedWith).toBeUndefined()
  })

  test('a flood of them ends with 4013', () => {
    for (let i = 0; i < 100; i++) session.notePing()
    expect(link.closedWith).toBeUndefined()
    session.notePing()
    expect(link.closedWith).toBe(4013)
  })
})

describe('the sessions of all devices', () => {
  test('the higher number wins; the older one is ended with 4009 [S-5]', () => {
    const sessions = new Sessions()
    const [older, newer] = [new FakeLink(), new FakeLink()].map((on) => newSession('d1', on))
    if (!older || !newer) throw new Error('unreachable')
    older.number = 41
    newer.number = 42
    expect(sessions.claim(older)).toBe(true)
    expect(sessions.claim(newer)).toBe(true)
    expect(sessions.of('d1')).toBe(newer)
    expect(older.state).toBe('ended')
    sessions.remove(older)
    expect(sessions.of('d1')).toBe(newer)
  })

  test('one that comes late with a lower number is the one to go', () => {
    const sessions = new Sessions()
    const [late, first] = [new FakeLink(), new FakeLink()].map((on) => newSession('d1', on))
    if (!late || !first) throw new Error('unreachable')
    late.number = 41
    first.number = 42
    sessions.claim(first)
    expect(sessions.claim(late)).toBe(false)
    expect(late.state).toBe('ended')
    expect(sessions.of('d1')).toBe(first)
    expect(sessions.claim(first)).toBe(true)
    expect(first.state).not.toBe('ended')
  })

  test('counts connections and devices, and finds the one with the most bytes on their way', () => {
    const sessions = new Sessions()
    expect(sessions.heaviest()).toBeUndefined()
    for (const [device, bytes] of [
      ['a', 10],
      ['b', 3_000],
      ['c', 200],
    ] as const) {
      const one = newSession(device, new FakeLink())
      sessions.add(one)
      sessions.claim(one)
      one.stream?.take('b1', 1, bytes, 0)
    }
    const silent = newSession('d', new FakeLink())
    silent.stream = undefined
    sessions.add(silent)
    sessions.claim(silent)
    sessions.add(newSession('e', new FakeLink()))
    expect(sessions.heaviest()?.device).toBe('b')
    expect([sessions.size, sessions.online]).toEqual([5, 4])
  })

  test('remembers the sequence of a device until it is deleted', () => {
    const sessions = new Sessions()
    const stream = sessions.stream('d1')
    expect(sessions.stream('d1')).toBe(stream)
    sessions.forget('d1')
    expect(sessions.stream('d1')).not.toBe(stream)
  })
})
