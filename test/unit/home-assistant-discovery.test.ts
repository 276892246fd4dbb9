import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { discover, type Origin } from '../../gateway/core/home-assistant/discovery.ts'
import { labelOf, meaningOfFlag, meaningOfNumber } from '../../gateway/core/home-assistant/key-meanings.ts'
import { configTopic } from '../../gateway/core/home-assistant/topic.ts'
import type { DeviceRow } from '../../gateway/core/records.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { discoveryProblems, render } from '../helpers/home-assistant-schema.ts'

const ORIGIN: Origin = { base: 'site/fairlead', topics: topicsUnder('site/fairlead'), node: 'node-1', version: '0.1.0' }
const ROW: DeviceRow = {
  ...{ id: 'greenhouse-1', model: 'example-greenhouse', firmware: '1.4.0', tags: ['roof'], createdAtMs: 0 },
  ...{ enabled: true, capabilities: ['commands'] },
}
const TOPIC = configTopic('homeassistant', ORIGIN.base, ROW.id)
const STATE = { chip_temperature: 21.5, moisture: 1200, rssi: -61, free_heap: 180_000, door_open: true, note: 'dry' }

const told = (values: JsonObject, row = ROW) => discover(row, values, ORIGIN)
const parsed = (payload: string | undefined) => JSON.parse(payload ?? '{}')
/** Keys that a device may use [N-1], with values that it may send. */
const anyState = fc.dictionary(
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.string()),
  { minKeys: 1, maxKeys: 128 },
)

describe('a device as Home Assistant is told of it [U-15]', () => {
  test('names itself, where it comes from and when it is there', () => {
    const payload = parsed(told(STATE).payload)
    expect(payload.dev).toEqual({
      ...{ ids: ['site/fairlead:greenhouse-1'], name: 'greenhouse-1', mdl: 'example-greenhouse', sw: '1.4.0' },
    })
    expect(payload.o).toEqual({ name: 'fairlead', sw: '0.1.0' })
    expect(payload.stat_t).toBe('site/fairlead/devices/greenhouse-1/state')
    const [device, node] = payload.avty
    expect([device.t, node.t]).toEqual([
      'site/fairlead/devices/greenhouse-1/availability',
      'site/fairlead/nodes/node-1/state',
    ])
    const shown = (state: string) => render(device.val_tpl, { state })
    expect([shown('online'), shown('sleeping'), shown('offline')]).toEqual(['online', 'online', 'offline'])
    expect(render(node.val_tpl, { state: 'offline' })).toBe('offline')
    expect(payload.avty_mode).toBe('all')
  })

  test('has a sensor for each key, by the type of its value', () => {
    const { components, payload } = told(STATE)
    expect(components).toEqual([
      ...['sensor_chip_temperature', 'sensor_moisture', 'sensor_rssi', 'sensor_free_heap'],
      ...['binary_sensor_door_open', 'sensor_note'],
    ])
    const { cmps } = parsed(payload)
    expect(cmps.sensor_chip_temperature).toEqual({
      ...{ p: 'sensor', name: 'Chip temperature', dev_cla: 'temperature', unit_of_meas: '°C', stat_cla: 'measurement' },
      val_tpl: "{{ value_json['chip_temperature'] | default(none) }}",
      uniq_id: 'site/fairlead:greenhouse-1:chip_temperature',
    })
    expect(cmps.sensor_rssi.ent_cat).toBe('diagnostic')
    expect(cmps.sensor_free_heap.ent_cat).toBe('diagnostic')
    const door = cmps.binary_sensor_door_open
    expect([render(door.val_tpl, STATE), door.pl_on]).toEqual(['True', 'True'])
    expect([render(door.val_tpl, { door_open: false }), door.pl_off]).toEqual(['False', 'False'])
    expect(render(cmps.sensor_moisture.val_tpl, {})).toBe('None') // unknown, and no error
    expect(render(cmps.sensor_note.val_tpl, { note: 'x'.repeat(400) })).toHaveLength(255)
  })

  test('is what the documentation asks for, whatever the device is called and measures', () => {
    expect(discoveryProblems(TOPIC, told(STATE).payload)).toEqual([])
    fc.assert(
      fc.property(anyState, fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/), (values, id) => {
        const { payload, components, leftOut } = told(values, { ...ROW, id })
        expect(discoveryProblems(configTopic('homeassistant', ORIGIN.base, id), payload)).toEqual([])
        expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(16 * 1024)
        expect(components.length + leftOut).toBe(Object.keys(values).length)
      }),
    )
  })

  test('[L-4] is one message of 16 KiB at most: keys that came first stay', () => {
    const many = Object.fromEntries(Array.from({ length: 128 }, (_, i) => [`temperature_of_shelf_number_${i}`, i]))
    const { components, payload, leftOut } = told(many)
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(16 * 1024)
    expect(Buffer.byteLength(payload)).toBeGreaterThan(15 * 1024)
    expect(components).toEqual(
      Object.keys(many)
        .slice(0, components.length)
        .map((key) => `sensor_${key}`),
    )
    expect(leftOut).toBe(128 - components.length)
  })

  test('takes back by name what is gone, before the rest is said again', () => {
    const before = told({ ...STATE, door_open: true }).components
    const after = told({ ...STATE, door_open: 'ajar', pressure_hpa: 1013 })
    const farewell = after.farewell(before)
    const { cmps } = parsed(farewell)
    expect(cmps.binary_sensor_door_open).toEqual({ p: 'binary_sensor' })
    expect(Object.keys(cmps)).not.toContain('sensor_pressure_hpa') // new ones come with the second message
    expect(cmps.sensor_chip_temperature.uniq_id).toBeDefined()
    expect(discoveryProblems(TOPIC, farewell ?? '')).toEqual([])
    expect(Object.keys(parsed(after.payload).cmps)).not.toContain('binary_sensor_door_open')
    expect(told(STATE).farewell(before)).toBeUndefined()
  })
})

describe('the schema of the tests notices', () => {
  const broken = (change: (payload: ReturnType<typeof parsed>) => void) => {
    const payload = parsed(told(STATE).payload)
    change(payload)
    return discoveryProblems(TOPIC, JSON.stringify(payload))
  }
  test.each<[string, (payload: ReturnType<typeof parsed>) => void]>([
    ['a misspelt short name', ({ cmps }) => Object.assign(cmps.sensor_note, { val_tmpl: 'x' })],
    ['a unit that does not go with the class', ({ cmps }) => Object.assign(cmps.sensor_rssi, { unit_of_meas: '%' })],
    ['no unique id', ({ cmps }) => delete cmps.sensor_note.uniq_id],
    ['no platform', ({ cmps }) => delete cmps.sensor_note.p],
    ['no origin', (payload) => delete payload.o],
    ['no identifiers', ({ dev }) => delete dev.ids],
    ['no state topic', (payload) => delete payload.stat_t],
    ['a wildcard', (payload) => Object.assign(payload, { stat_t: 'fairlead/+/state' })],
    ['no components', (payload) => Object.assign(payload, { cmps: {} })],
  ])('%s', (_name, change) => {
    expect(broken(change)).not.toEqual([])
  })

  test('a topic with a dot', () => {
    expect(discoveryProblems('homeassistant/device/a.b/config', told(STATE).payload)).toHaveLength(1)
  })
})

describe('what a key means', () => {
  test.each([
    ['temperature', 'temperature', '°C'],
    ['temp', 'temperature', '°C'],
    ['outsideTemperature', 'temperature', '°C'],
    ['temperature_2', 'temperature', '°C'],
    ['temp_f', 'temperature', '°F'],
    ['soil.humidity_pct', 'humidity', '%'],
    ['moisture_percent', 'moisture', '%'],
    ['battery_level', 'battery', '%'],
    ['battery_mv', 'voltage', 'mV'],
    ['battery_voltage', 'voltage', 'V'],
    ['pressure_hpa', 'pressure', 'hPa'],
    ['energy_kwh', 'energy', 'kWh'],
    ['rssi', 'signal_strength', 'dBm'],
    ['wifi_rssi_dbm', 'signal_strength', 'dBm'],
    ['uptime', 'duration', 's'],
    ['uptime_ms', 'duration', 'ms'],
    ['heap_min', 'data_size', 'B'],
    ['co2', 'carbon_dioxide', 'ppm'],
    ['pm2_5', 'pm25', 'µg/m³'],
  ])('%s is %s in %s', (key, deviceClass, unit) => {
    expect(meaningOfNumber(key)).toMatchObject({ deviceClass, unit })
  })

  test.each([
    ...['moisture', 'pressure', 'energy', 'phase_a', 'zone_c', 'temperature_setpoint', 'temperature_raw', 'sensor'],
    ...[
      'water_level',
      'power_factor',
      'constructor',
      '__proto__',
      'humidity_absolute',
      'distance',
      '42',
      'a-',
      'level',
    ],
  ])('%s says no unit, and none is guessed', (key) => {
    expect(meaningOfNumber(key)).toEqual({ stateClass: 'measurement' })
    expect(meaningOfFlag(key).deviceClass).toBeUndefined()
  })

  test.each([
    ['door_open', 'door'],
    ['door', 'door'],
    ['valve_open', 'opening'],
    ['battery_low', 'battery'],
    ['pump', 'running'],
    ['button', undefined],
  ])('%s that is true is %s', (key, deviceClass) => {
    expect(meaningOfFlag(key).deviceClass).toBe(deviceClass)
  })

  test('people read a name and not a key', () => {
    expect(['chip_temperature', 'uptime_s', 'battery_mv', 'rssi', 'pm2_5', 'co2'].map(labelOf)).toEqual([
      ...['Chip temperature', 'Uptime', 'Battery voltage', 'RSSI', 'PM2.5', 'CO₂'],
    ])
  })
})

test('two devices never share a topic', () => {
  const name = fc.stringMatching(/^[a][._-]{0,3}[a_]{0,2}[._-]{0,2}$/)
  fc.assert(
    fc.property(name, name, (a, b) => {
      fc.pre(a !== b)
      expect(configTopic('homeassistant', 'fairlead', a)).not.toBe(configTopic('homeassistant', 'fairlead', b))
    }),
  )
  expect(configTopic('ha', 'site/a.b', 'pump_1.x')).toBe('ha/device/site_0a_-b/pump__1_-x/config')
})
