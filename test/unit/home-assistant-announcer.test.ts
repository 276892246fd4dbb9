import { beforeEach, describe, expect, test } from 'vitest'
import { DeviceCounters } from '../../gateway/core/device-counters.ts'
import { GatewayError } from '../../gateway/core/errors.ts'
import { Announcer } from '../../gateway/core/home-assistant/announcer.ts'
import type { Announcement, AnnouncementStore, HomeAssistantSettings } from '../../gateway/core/home-assistant/ports.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { CountingMetrics, FakeBus, QuietLog } from '../helpers/core-fakes.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { MemoryRegistry } from '../helpers/memory-registry.ts'

const SETTINGS: HomeAssistantSettings = { prefix: 'homeassistant', tags: ['ha'], models: ['pump'] }
const TOPIC = 'homeassistant/device/fairlead/d1/config'

class MemoryStore implements AnnouncementStore {
  readonly rows = new Map<string, Announcement>()
  broken = false

  async announcements() {
    return [...this.rows.values()]
  }
  async saveAnnouncement(row: Announcement) {
    if (this.broken) throw new GatewayError('registry_unavailable')
    this.rows.set(row.topic, row)
  }
  async dropAnnouncement(topic: string) {
    if (this.broken) throw new GatewayError('registry_unavailable')
    this.rows.delete(topic)
  }
}

let clock: ManualClock
let bus: FakeBus
let registry: MemoryRegistry
let store: MemoryStore
let log: QuietLog
let metrics: CountingMetrics
let values: Map<string, JsonObject>
let announcer: Announcer

/** As after a start of the process. */
function start(wanted: HomeAssistantSettings | 'off' = SETTINGS, base = 'fairlead'): Promise<void> {
  const settings = wanted === 'off' ? undefined : wanted
  announcer = new Announcer({
    ...{ registry, store, bus, clock, log, settings, base, node: 'node-1', version: '0.1.0', random: () => 0.5 },
    counters: new DeviceCounters(metrics),
    topics: topicsUnder(base),
    values: { of: (device) => values.get(device) ?? {} },
  })
  return announcer.restore()
}

async function pass(ms: number): Promise<void> {
  const { everyMs, run } = announcer.duty
  for (let left = ms; left > 0; left -= everyMs) {
    await run()
    await clock.advance(Math.min(left, everyMs))
  }
  await run()
  await clock.advance(0)
}

async function addDevice(id: string, more: { tags?: string[]; model?: string } = { tags: ['ha'] }): Promise<void> {
  const row = { id, tags: more.tags ?? [], model: more.model, createdAtMs: 0 }
  await registry.createDevice(row, { id: 't', device: id, createdAtMs: 0 })
}

/** The device measured this. */
function measures(id: string, state: JsonObject): void {
  values.set(id, state)
  announcer.keysChanged(id)
}

async function updated(id: string, patch: { tags?: string[] }): Promise<void> {
  const row = await registry.updateDevice(id, patch)
  if (row) announcer.rowChanged(row)
}

const configs = () => bus.publishes.filter(({ topic }) => topic.endsWith('/config'))
const onBus = () => configs().map(({ payload }) => (payload === '' ? 'cleared' : Object.keys(parsed(payload))))
const parsed = (payload: string | Uint8Array) => JSON.parse(String(payload)).cmps

beforeEach(async () => {
  clock = new ManualClock()
  bus = new FakeBus()
  registry = new MemoryRegistry()
  store = new MemoryStore()
  log = new QuietLog()
  metrics = new CountingMetrics()
  values = new Map()
  await start()
  await addDevice('d1')
})

describe('a device is announced', () => {
  test('once its keys have settled, all together and retained', async () => {
    measures('d1', { temperature: 20 })
    await pass(1_000)
    measures('d1', { temperature: 21, humidity: 40 })
    await pass(500)
    expect(configs()).toEqual([])
    await pass(1_000)
    expect(onBus()).toEqual([['sensor_temperature', 'sensor_humidity']])
    expect(configs()[0]).toMatchObject({ topic: TOPIC, retain: true })
  })

  test.each<[string, { tags?: string[]; model?: string }, number]>([
    ['with one of the tags', { tags: ['roof', 'ha'] }, 1],
    ['of one of the models', { model: 'pump' }, 1],
    ['with neither', { tags: ['roof'], model: 'valve' }, 0],
  ])('when it is one %s: %j', async (_name, more, times) => {
    await addDevice('d2', more)
    measures('d2', { temperature: 20 })
    await pass(5_000)
    expect(configs()).toHaveLength(times)
  })

  test('of every model when the settings say so, and not before it has keys', async () => {
    await start({ ...SETTINGS, models: ['*'] })
    await addDevice('d2', { model: 'valve' })
    await updated('d2', {})
    await pass(5_000)
    expect(configs()).toEqual([])
    measures('d2', { temperature: 20 })
    await pass(5_000)
    expect(configs()).toHaveLength(1)
  })

  test('again when a key comes, and not when nothing is new', async () => {
    measures('d1', { temperature: 20 })
    await pass(5_000)
    await updated('d1', { tags: ['ha'] }) // as after each hello
    await pass(15_000)
    expect(configs()).toHaveLength(1)
    measures('d1', { temperature: 20, humidity: 40 })
    await pass(5_000)
    expect(onBus().at(-1)).toEqual(['sensor_temperature', 'sensor_humidity'])
  })

  test('at most every ten seconds, however many keys it makes up', async () => {
    for (let i = 0; i < 600; i++) {
      measures('d1', { [`key_${i}`]: i })
      await pass(100)
    }
    const wholes = configs().length
    expect(wholes).toBeGreaterThan(5)
    expect(wholes).toBeLessThanOrEqual(2 * 7) // each after the first takes back what was there before
  })

  test('with what is gone taken back first', async () => {
    measures('d1', { door: true, temperature: 20 })
    await pass(5_000)
    measures('d1', { door: 'ajar', temperature: 20 })
    await pass(15_000)
    const [, farewell, whole] = configs()
    expect(parsed(farewell?.payload ?? '').binary_sensor_door).toEqual({ p: 'binary_sensor' })
    expect(Object.keys(parsed(whole?.payload ?? ''))).toEqual(['sensor_door', 'sensor_temperature'])
    expect(store.rows.get(TOPIC)?.components).toEqual(['sensor_door', 'sensor_temperature'])
  })

  test('and what does not fit is counted', async () => {
    measures('d1', Object.fromEntries(Array.from({ length: 128 }, (_, i) => [`temperature_of_shelf_number_${i}`, i])))
    await pass(5_000)
    expect(metrics.of('messages_dropped discovery_full')).toBeGreaterThan(10)
  })
})

describe('an announcement is taken back', () => {
  beforeEach(async () => {
    measures('d1', { temperature: 20 })
    await pass(5_000)
  })

  test('when the device loses its tag', async () => {
    await updated('d1', { tags: [] })
    await pass(3_000)
    expect(onBus()).toEqual([['sensor_temperature'], 'cleared'])
    expect(store.rows.size).toBe(0)
    await updated('d1', { tags: ['ha'] })
    await pass(3_000)
    expect(onBus().at(-1)).toEqual(['sensor_temperature'])
  })

  test('when the device is deleted', async () => {
    await registry.deleteDevice('d1')
    announcer.gone('d1')
    await pass(3_000)
    expect(configs().at(-1)).toMatchObject({ topic: TOPIC, payload: '', retain: true })
    expect(store.rows.size).toBe(0)
  })

  test('when it was deleted while it was being announced', async () => {
    measures('d1', { temperature: 20, humidity: 40 })
    bus.confirms = () => false
    await pass(15_000)
    await registry.deleteDevice('d1')
    announcer.gone('d1')
    bus.confirms = () => true
    bus.confirmAll()
    await pass(5_000)
    expect(onBus().at(-1)).toBe('cleared')
    expect(store.rows.size).toBe(0)
  })

  test.each<[string, HomeAssistantSettings | 'off', string?]>([
    ['the feature is off', 'off'],
    ['the prefix is another', { ...SETTINGS, prefix: 'ha' }],
    ['the base topic is another', SETTINGS, 'site'],
    ['the device is of no use any more', { ...SETTINGS, tags: ['other'] }],
  ])('at the next start when %s', async (_name, settings, base) => {
    bus.publishes.length = 0
    await start(settings, base)
    await start(settings, base) // and once more, as if the first had crashed
    await pass(1_000)
    expect(configs().map(({ topic, payload }) => [topic, payload])).toContainEqual([TOPIC, ''])
    expect(store.rows.has(TOPIC)).toBe(false)
  })

  test('at the next start when the device was deleted and the crash came before the clearing', async () => {
    await registry.deleteDevice('d1')
    await start()
    await pass(1_000)
    expect(onBus().at(-1)).toBe('cleared')
  })
})

describe('what comes between', () => {
  test('after a start the same is announced once more, for a bus that forgot', async () => {
    measures('d1', { temperature: 20 })
    await pass(5_000)
    await start()
    await pass(1_000)
    expect(onBus()).toEqual([['sensor_temperature'], ['sensor_temperature']])
  })

  test('a key that went during a restart is taken back', async () => {
    measures('d1', { temperature: 20, humidity: 40 })
    await pass(5_000)
    values.set('d1', { temperature: 20 })
    await start()
    await pass(1_000)
    expect(parsed(configs().at(-2)?.payload ?? '').sensor_humidity).toEqual({ p: 'sensor' })
    expect(onBus().at(-1)).toEqual(['sensor_temperature'])
  })

  test('when Home Assistant starts, all are announced again, at a hundred a second at most', async () => {
    for (let i = 2; i <= 400; i++) {
      await addDevice(`d${i}`)
      measures(`d${i}`, { temperature: i })
    }
    measures('d1', { temperature: 1 })
    await pass(10_000)
    expect(configs()).toHaveLength(400)
    announcer.heard(Buffer.from('offline'))
    await pass(10_000)
    expect(configs()).toHaveLength(400)
    announcer.heard(Buffer.from('online'))
    await pass(3_000)
    expect(configs().length).toBeGreaterThan(400)
    expect(configs().length).toBeLessThanOrEqual(400 + 300)
    await pass(10_000)
    expect(configs()).toHaveLength(800)
    expect(new Set(configs().map(({ topic }) => topic)).size).toBe(400)
  })

  test('a birth message that comes before the bus has confirmed counts', async () => {
    bus.confirms = () => false
    measures('d1', { temperature: 20 })
    await pass(3_000)
    announcer.heard(Buffer.from('online'))
    bus.confirms = () => true
    bus.confirmAll()
    await pass(6_000)
    expect(configs()).toHaveLength(2)
  })

  test('nothing is published that is not stored: a registry that is away puts it off', async () => {
    store.broken = true
    measures('d1', { temperature: 20 })
    await pass(5_000)
    expect(configs()).toEqual([])
    store.broken = false
    await pass(6_000)
    expect(onBus()).toEqual([['sensor_temperature']])
    expect(log.at('warn')).toContain('home assistant not told')
  })

  test('a bus that is full puts it off, one that never takes it is not asked again', async () => {
    bus.refuses = () => new GatewayError('bus_full')
    measures('d1', { temperature: 20 })
    await pass(3_000)
    bus.refuses = () => undefined
    await pass(6_000)
    expect(onBus()).toEqual([['sensor_temperature']])
    bus.refuses = () => new GatewayError('bus_refused')
    measures('d1', { temperature: 20, humidity: 40 })
    await pass(15_000)
    bus.refuses = () => undefined
    await pass(15_000)
    expect(configs()).toHaveLength(1)
  })

  test('a bus that is away holds up sixteen, and no more', async () => {
    bus.confirms = () => false
    for (let i = 2; i <= 50; i++) {
      await addDevice(`d${i}`)
      measures(`d${i}`, { temperature: i })
    }
    await pass(20_000)
    expect(configs()).toHaveLength(16)
    bus.confirms = () => true
    bus.confirmAll()
    await pass(5_000)
    expect(configs()).toHaveLength(49)
  })
})
