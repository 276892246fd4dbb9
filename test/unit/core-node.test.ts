import { describe, expect, test } from 'vitest'
import { SlidingCount } from '../../gateway/core/alarms/sliding-count.ts'
import { RecentDurations } from '../../gateway/core/node/recent-durations.ts'
import { Tally } from '../../gateway/core/node/tally.ts'
import { CoreRig } from '../helpers/core-rig.ts'

describe('what was counted lately', () => {
  test('is forgotten part by part', () => {
    const count = new SlidingCount(60_000)
    count.add(5, 1_000_000)
    count.add(2, 1_030_000)
    expect(count.sum(1_031_000)).toBe(7)
    expect(count.sum(1_062_000)).toBe(2)
    expect(count.sum(9_000_000)).toBe(0)
  })
})

describe('durations of the last minute', () => {
  test('are read to a tenth', () => {
    const durations = new RecentDurations()
    expect(durations.quantile(0.5, 0)).toBeUndefined()
    for (let ms = 1; ms <= 1_000; ms++) durations.add(ms, 0)
    expect(durations.quantile(0.5, 0)).toBeGreaterThan(450)
    expect(durations.quantile(0.5, 0)).toBeLessThan(551)
    expect(durations.quantile(0.99, 29_999)).toBeGreaterThan(900)
    expect(durations.quantile(0.99, 31_000)).toBeGreaterThan(900)
    expect(durations.quantile(0.99, 61_000)).toBeUndefined()
  })

  test('of no time at all, or of hours, have a place too', () => {
    const durations = new RecentDurations()
    durations.add(0, 0)
    expect(durations.quantile(1, 0)).toBe(0.05)
    durations.add(1e9, 0)
    expect(durations.quantile(1, 0)).toBeGreaterThan(100_000)
  })
})

test('refusals are told by reason, the most frequent first; of too many reasons the rest is other', () => {
  const tally = new Tally({ monotonicMs: () => 0 })
  tally.count('handshakes_refused', 'invalid_token')
  tally.count('handshakes_refused', 'overload', 3)
  tally.count('messages_refused', 'too_large')
  expect(tally.refusals()).toEqual([
    { reason: 'overload', count: 3 },
    { reason: 'invalid_token', count: 1 },
  ])
  for (let n = 0; n < 1_000; n++) tally.count('handshakes_refused', `r${n}`)
  expect(tally.refusals()).toHaveLength(65)
  expect(tally.refusals()[0]).toEqual({ reason: 'other', count: 938 })
})

test('the report says since when a part is as it is', async () => {
  const rig = new CoreRig()
  const { node } = rig.core.plane
  const startedAtMs = rig.clock.wallMs()
  expect(node()).toMatchObject({ name: 'node-1', started_at: startedAtMs, bus: { ready: true, since: startedAtMs } })
  await rig.clock.advance(5_000)
  rig.bus.trouble = 'gone'
  expect(node()).toMatchObject({ uptime_s: 5, bus: { ready: false, reason: 'gone', since: startedAtMs + 5_000 } })
  await rig.clock.advance(5_000)
  expect(node().bus.since).toBe(startedAtMs + 5_000)
  await rig.ready()
  expect(node().sessions).toEqual({ online: 1, connections: 1 })
})
