import { beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../gateway/core/errors.ts'
import { PresenceBoard } from '../../gateway/core/presence.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { FakeBus, QuietLog } from '../helpers/core-fakes.ts'
import { ManualClock, settled } from '../helpers/manual-clock.ts'
import { MemoryRegistry } from '../helpers/memory-registry.ts'

let clock: ManualClock
let bus: FakeBus
let registry: MemoryRegistry
let log: QuietLog
let board: PresenceBoard

function newBoard(): PresenceBoard {
  return new PresenceBoard({ registry, bus, topics: topicsUnder('fairlead'), clock, log, node: 'node-1' })
}
beforeEach(() => {
  clock = new ManualClock()
  bus = new FakeBus()
  registry = new MemoryRegistry()
  log = new QuietLog()
  board = newBoard()
})
const shown = () => bus.publishes.map(({ json }) => `${json.state} ${json.session} ${json.reason}`)

describe('availability on the bus [P-1]', () => {
  test('is retained and says state, session, since, reason and node', async () => {
    board.online('d1', 42)
    await settled()
    expect(bus.publishes[0]).toMatchObject({ topic: 'fairlead/devices/d1/availability', retain: true })
    const since = clock.wallMs()
    expect(bus.publishes[0]?.json).toEqual({ state: 'online', session: 42, since, reason: 'connected', node: 'node-1' })
    expect(registry.presence.get('d1')).toMatchObject({ state: 'online', session: 42 })
  })

  test('of a sleeper says when it promised to be back', () => {
    board.left('d1', 42, 'bye', 600)
    expect(bus.publishes[0]?.json).toMatchObject({
      state: 'sleeping',
      reason: 'sleep',
      wake_at: clock.wallMs() + 600_000,
    })
  })

  test('a device that was never seen is offline', () => {
    expect(board.of('d1')).toMatchObject({ state: 'offline', session: 0, sinceMs: 0, reason: 'never_connected' })
    board.introduce('d1')
    expect(shown()).toEqual(['offline 0 never_connected'])
  })
})

describe('an older session never replaces a newer one [P-3]', () => {
  test('not in memory and not on the bus', async () => {
    board.online('d1', 41)
    board.online('d1', 42)
    board.left('d1', 41, 'connection_lost')
    await settled()
    expect(board.of('d1')).toMatchObject({ state: 'online', session: 42 })
    expect(shown().at(-1)).toBe('online 42 connected')
  })
})

describe('the row is read when it is published and again after the confirmation [P-4]', () => {
  test('what changed meanwhile is published again: "offline 41" never stays over "online 42"', async () => {
    bus.confirms = () => false
    board.left('d1', 41, 'connection_lost')
    board.online('d1', 42)
    board.left('d1', 42, 'bye')
    board.online('d1', 43)
    expect(shown()).toEqual(['offline 41 connection_lost'])
    bus.confirmAll()
    await settled()
    expect(shown()).toEqual(['offline 41 connection_lost', 'online 43 connected'])
    bus.confirmAll()
    await settled()
    expect(bus.publishes).toHaveLength(2)
  })

  test('also when it changes in the moment after the last look at it', async () => {
    for (let turns = 0; turns < 12; turns++) {
      bus = new FakeBus()
      board = newBoard()
      bus.confirms = () => false
      board.online('d1', 1)
      bus.waiting()[0]?.confirm()
      for (let i = 0; i < turns; i++) await Promise.resolve()
      bus.confirms = () => true
      board.left('d1', 1, 'bye')
      await settled()
      expect(shown().at(-1)).toBe('offline 1 bye')
    }
  })
})

describe('a bus that has no room', () => {
  test('gets the row later: a device that went away must not stay online for ever', async () => {
    board.online('d1', 1)
    await settled()
    bus.refuses = () => new GatewayError('bus_full')
    board.left('d1', 1, 'connection_lost')
    for (let i = 0; i < 5; i++) {
      board.checkSleepers()
      await settled()
    }
    expect(log.at('warn')).toEqual(['availability not published'])
    bus.refuses = () => undefined
    board.checkSleepers()
    await settled()
    expect(shown().at(-1)).toBe('offline 1 connection_lost')
    board.checkSleepers()
    expect(bus.publishes).toHaveLength(2)
  })

  test('is not asked again for a device that was deleted, nor for what it will never take', async () => {
    bus.refuses = () => new GatewayError('bus_full')
    board.online('d1', 1)
    board.forget('d1')
    await settled()
    bus.refuses = () => new GatewayError('bus_refused')
    board.online('d2', 1)
    await settled()
    bus.refuses = () => undefined
    board.checkSleepers()
    expect(bus.publishes).toEqual([])
  })
})

describe('a registry that cannot store', () => {
  test('gets the row later, so that a restart after it knows the newest session [P-3]', async () => {
    board.online('d1', 1)
    await settled()
    registry.fail('savePresence')
    board.online('d1', 2)
    board.left('d1', 2, 'bye')
    await settled()
    board.checkSleepers()
    await settled()
    expect(registry.presence.get('d1')).toMatchObject({ state: 'online', session: 1 })
    expect(log.at('warn')).toEqual(['presence not stored', 'presence not stored']) // once for each change
    registry.recover()
    board.checkSleepers()
    await settled()
    expect(registry.presence.get('d1')).toMatchObject({ state: 'offline', session: 2 })
    expect(shown().at(-1)).toBe('offline 2 bye')
  })

  test('is not asked again for a device that was deleted', async () => {
    registry.fail('savePresence')
    board.online('d1', 1)
    await settled()
    board.forget('d1')
    registry.recover()
    board.checkSleepers()
    await settled()
    expect(registry.presence.size).toBe(0)
  })
})

describe('a restart [P-5]', () => {
  test('sets offline what was left behind as online, and publishes every device again', async () => {
    const row = { node: 'node-1', sinceMs: 5, reason: 'connected' }
    registry.presence.set('a', { ...row, device: 'a', state: 'online', session: 7 })
    registry.presence.set('b', { ...row, device: 'b', state: 'offline', session: 3, reason: 'bye' })
    registry.presence.set('c', {
      ...row,
      device: 'c',
      state: 'sleeping',
      session: 4,
      reason: 'sleep',
      wakeAtMs: clock.wallMs(),
    })
    await board.restore()
    await settled()
    expect(shown()).toEqual(['offline 7 gateway_restarted', 'offline 3 bye', 'sleeping 4 sleep'])
    expect(registry.presence.get('a')).toMatchObject({ state: 'offline', sinceMs: clock.wallMs() })
    await clock.advance(30_000)
    board.checkSleepers()
    expect(board.of('c')).toMatchObject({ state: 'offline', reason: 'missed_wake' })
  })
})

describe('a sleeper [P-6]', () => {
  test('that is not back 30 s after its wake is offline with missed_wake', async () => {
    board.left('d1', 1, 'bye', 60)
    await clock.advance(89_000)
    board.checkSleepers()
    expect(board.of('d1').state).toBe('sleeping')
    await clock.advance(1_000)
    board.checkSleepers()
    expect(board.of('d1')).toMatchObject({ state: 'offline', session: 1, reason: 'missed_wake' })
  })

  test('that is back in time stays online', async () => {
    board.left('d1', 1, 'bye', 60)
    board.online('d1', 2)
    await clock.advance(120_000)
    board.checkSleepers()
    expect(board.of('d1')).toMatchObject({ state: 'online', session: 2 })
  })

  test('that is deleted is forgotten', async () => {
    board.left('d1', 1, 'bye', 60)
    board.forget('d1')
    await clock.advance(120_000)
    board.checkSleepers()
    expect(board.of('d1').reason).toBe('never_connected')
  })
})

test('a store that fails is logged and changes nothing for those who look', async () => {
  registry.fail('savePresence')
  board.online('d1', 1)
  await settled()
  expect(log.at('warn')).toEqual(['presence not stored'])
  expect(shown()).toEqual(['online 1 connected'])
})

test('a device that is deleted during a publish is not published again', async () => {
  bus.confirms = () => false
  board.online('d1', 1)
  board.forget('d1')
  bus.confirmAll()
  await settled()
  expect(bus.publishes).toHaveLength(1)
})
