import { beforeEach, describe, expect, test } from 'vitest'
import { DeviceCounters } from '../../gateway/core/device-counters.ts'
import { GatewayError } from '../../gateway/core/errors.ts'
import { LastValues } from '../../gateway/core/last-values.ts'
import type { TelemetryPoint } from '../../protocol/messages.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { CountingMetrics, FakeBus, QuietLog } from '../helpers/core-fakes.ts'
import { ManualClock, settled } from '../helpers/manual-clock.ts'
import { MemoryRegistry } from '../helpers/memory-registry.ts'

let clock: ManualClock
let bus: FakeBus
let registry: MemoryRegistry
let log: QuietLog
let counters: DeviceCounters
let values: LastValues

function newValues(): LastValues {
  return new LastValues({ registry, bus, topics: topicsUnder('fairlead'), clock, log, counters })
}
beforeEach(() => {
  clock = new ManualClock()
  bus = new FakeBus()
  registry = new MemoryRegistry()
  log = new QuietLog()
  counters = new DeviceCounters(new CountingMetrics())
  values = newValues()
})
const point = (ts: number, entries: TelemetryPoint['values']): TelemetryPoint => ({ ts, values: entries })
const merge = (...points: TelemetryPoint[]) => values.merge('d1', points, 10_000)

describe('the last value of each key [U-5]', () => {
  test('the newest ts wins, whatever the order of arrival', () => {
    merge(point(5, { temp: 5, door: 'open' }))
    merge(point(3, { temp: 3, fan: true }))
    expect(values.of('d1')).toEqual({ temp: 5, door: 'open', fan: true })
    merge(point(5, { temp: 6 }))
    expect(values.of('d1').temp).toBe(6)
  })

  test('a value of unknown age counts as of now', () => {
    merge(point(9_999, { temp: 1 }), { values: { temp: 2 } }, { ageMs: 5_000, values: { temp: 3 } })
    expect(values.of('d1').temp).toBe(2)
  })

  test('at most 128 keys: the one with the oldest value is left out and counted', () => {
    for (let i = 0; i < 130; i++) merge(point(i === 7 ? 1_000 : 2_000 + i, { [`k${i}`]: i }))
    const shown = values.of('d1')
    expect(Object.keys(shown)).toHaveLength(128)
    expect(shown).not.toHaveProperty('k7')
    expect(shown).not.toHaveProperty('k0')
    expect(counters.of('d1').dropped).toBe(2)
  })

  test('a frame full of keys costs no more than 128 of them', () => {
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`k${i}`, i]))
    merge(point(1, many))
    expect(Object.keys(values.of('d1'))).toHaveLength(128)
  })

  test('at most 8 KiB on the bus', async () => {
    for (let i = 0; i < 20; i++) merge(point(i, { [`k${i}`]: 'ü'.repeat(500) }))
    values.tick()
    const payload = String(bus.on('/state')[0]?.payload)
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(8 * 1024)
    expect(Object.keys(JSON.parse(payload))).toEqual(['k12', 'k13', 'k14', 'k15', 'k16', 'k17', 'k18', 'k19'])
  })

  test('a device that has none has an empty object', () => {
    expect(values.of('unknown')).toEqual({})
  })
})

describe('the state topic', () => {
  test('is published retained, at most once a second, with the newest', async () => {
    for (let ms = 0; ms < 3_000; ms += 50) {
      merge(point(ms, { temp: ms }))
      values.tick()
      await clock.advance(50)
    }
    values.tick()
    expect(bus.on('/state').map(({ json }) => json.temp)).toEqual([0, 1_000, 2_000, 2_950])
    expect(bus.on('/state').every(({ retain }) => retain)).toBe(true)
  })

  test('does not pile up while the bus is away', async () => {
    bus.confirms = () => false
    for (let i = 0; i < 10; i++) {
      merge(point(i, { temp: i }))
      values.tick()
      await clock.advance(5_000)
    }
    expect(bus.on('/state')).toHaveLength(1)
    bus.confirmAll()
    await settled()
    values.tick()
    expect(bus.on('/state').at(-1)?.json).toEqual({ temp: 9 })
  })

  test('is tried again when the bus had no room, and not when it never takes it', async () => {
    bus.refuses = () => new GatewayError('bus_full')
    merge(point(1, { temp: 1 }))
    values.tick()
    await clock.advance(15_000)
    bus.refuses = () => undefined
    values.tick()
    expect(bus.on('/state')).toHaveLength(1)
    bus.refuses = () => new GatewayError('bus_refused')
    merge(point(2, { temp: 2 }))
    await clock.advance(1_000)
    values.tick()
    await clock.advance(1_000)
    bus.refuses = () => undefined
    values.tick()
    expect(bus.on('/state')).toHaveLength(1)
    expect(log.at('warn')).toEqual(['state not published'])
  })
})

describe('over a restart', () => {
  test('the values are stored now and then, loaded again and published again', async () => {
    merge(point(5, { temp: 21.5 }))
    values.tick()
    await clock.advance(10_000)
    values.tick()
    await settled()
    expect(registry.values.get('d1')).toEqual({ temp: [21.5, 5] })
    values = newValues()
    await values.restore()
    values.tick()
    expect(bus.on('/state')).toHaveLength(2)
    merge(point(4, { temp: 4 }))
    expect(values.of('d1')).toEqual({ temp: 21.5 })
  })

  test('what could not be stored is stored with the next', async () => {
    merge(point(5, { temp: 21.5 }))
    registry.fail('saveLastValues')
    await expect(values.save()).rejects.toThrow(GatewayError)
    await clock.advance(20_000)
    values.tick()
    await settled()
    expect(log.at('warn')).toContain('last values not stored')
    registry.recover()
    await values.save()
    expect(registry.values.get('d1')).toEqual({ temp: [21.5, 5] })
    registry.values.clear()
    await values.save()
    expect(registry.values.size).toBe(0)
  })

  test('a deleted device is forgotten, also one whose values are being stored or published', async () => {
    bus.confirms = () => false
    merge(point(5, { temp: 21.5 }))
    const release = registry.hold('saveLastValues')
    const saving = values.save()
    values.tick()
    values.forget('d1')
    registry.fail('saveLastValues')
    release()
    await expect(saving).rejects.toThrow(GatewayError)
    bus.waiting()[0]?.fail()
    await clock.advance(60_000)
    values.tick()
    registry.recover()
    await values.save()
    expect([registry.values.size, bus.publishes.length]).toEqual([0, 1])
    expect(values.of('d1')).toEqual({})
  })
})
