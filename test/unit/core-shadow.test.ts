import { beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../gateway/core/errors.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { REPORTED_MAX_BYTES } from '../../protocol/limits.ts'
import { CoreRig, type DeviceEnd } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})
const change = (patch: unknown, ifVersions?: number[]) => rig.core.fleet.changeDesired('d1', patch, { ifVersions })
const desired = (device: DeviceEnd) => device.link.of('desired').map(({ version, state }) => [version, state])
const dropped = () => rig.core.fleet.device('d1').then(({ counters }) => counters.dropped)
const shown = () => rig.bus.on('d1/shadow').map((publish) => (publish.payload === '' ? '' : publish.json))
async function report(device: DeviceEnd, version: number, state: JsonObject = {}): Promise<void> {
  device.send({ type: 'reported', version, state })
  await settled()
}

describe('what is desired [M-12]', () => {
  test('is stored, then sent at once to a device that is here, whole and with its version', async () => {
    const device = await rig.ready()
    expect(await change({ a: 1, b: 2 })).toMatchObject({ desired: { a: 1, b: 2 }, desiredVersion: 1 })
    expect(await change({ b: null })).toMatchObject({ desired: { a: 1 }, desiredVersion: 2 })
    await settled()
    expect(desired(device)).toEqual([
      [1, { a: 1, b: 2 }],
      [2, { a: 1 }],
    ])
  })

  test('is not sent before it is stored, and not at all when it could not be', async () => {
    const device = await rig.ready()
    const release = rig.memory.hold('changeDesired')
    const asked = change({ a: 1 })
    await settled()
    expect(desired(device)).toEqual([])
    release()
    await asked
    await settled()
    expect(desired(device)).toHaveLength(1)
    rig.memory.fail('changeDesired')
    await expect(change({ a: 2 })).rejects.toMatchObject({ code: 'registry_unavailable' })
    await settled()
    expect(desired(device)).toHaveLength(1)
  })

  test('waits for a device that is away, and comes after its welcome', async () => {
    await rig.register()
    await change({ a: 1 })
    await change({ a: 2 })
    const device = await rig.ready()
    expect(device.link.messages.map(({ type }) => type)).toEqual(['welcome', 'desired'])
    expect(desired(device)).toEqual([[2, { a: 2 }]])
  })

  test('comes after each welcome until the device has reported that version', async () => {
    await rig.register()
    await change({ a: 1 })
    const first = await rig.ready()
    expect(desired(first)).toHaveLength(1)
    first.vanish()
    const second = await rig.ready()
    expect(desired(second)).toHaveLength(1)
    await report(second, 1, { a: 1 })
    second.vanish()
    expect(desired(await rig.ready())).toEqual([])
  })

  test('that changes nothing is neither sent nor published again', async () => {
    const device = await rig.ready()
    await change({ a: 1 })
    await settled()
    const publishes = rig.bus.publishes.length
    expect(await change({ a: 1 })).toMatchObject({ desiredVersion: 1 })
    await settled()
    expect(desired(device)).toHaveLength(1)
    expect(rig.bus.publishes).toHaveLength(publishes)
  })

  test('is sent once more to a device that reports another version, and then no more in this session', async () => {
    const device = await rig.ready()
    await report(device, 0, { own: true })
    await change({ a: 1 })
    await report(device, 1, { a: 1 })
    device.vanish()
    const reset = await rig.ready() // the gateway believes that it runs with version 1
    expect(desired(reset)).toEqual([])
    await report(reset, 0)
    expect(desired(reset)).toEqual([[1, { a: 1 }]])
    for (let i = 0; i < 5; i++) await report(reset, 0)
    expect(desired(reset)).toHaveLength(1)
  })

  test('gets a higher version when the device runs with one that was never given', async () => {
    await rig.register()
    await change({ a: 1 })
    const device = await rig.ready()
    await report(device, 7, { old: true })
    expect(desired(device)).toEqual([
      [1, { a: 1 }],
      [8, { a: 1 }],
    ])
    await report(device, 8, { a: 1 })
    expect(await rig.core.fleet.shadow('d1')).toMatchObject({ desiredVersion: 8, reportedVersion: 8 })
    expect(desired(device)).toHaveLength(2)
  })

  test('is delivered later when the store could not say what it is', async () => {
    await rig.register()
    await change({ a: 1 })
    rig.memory.fail('shadow')
    const device = await rig.ready()
    expect(rig.log.at('error')).toContain('settings not delivered')
    rig.memory.recover()
    await rig.clock.advance(5_000)
    expect(desired(device)).toHaveLength(1)
    expect(device.link.closes).toEqual([])
  })

  test('goes to the session that is here by now, not to the one it was read for', async () => {
    await rig.register()
    await change({ a: 1 })
    const release = rig.memory.hold('shadow')
    const older = await rig.ready()
    const newer = await rig.ready()
    release()
    await settled()
    expect([desired(older), desired(newer)]).toEqual([[], [[1, { a: 1 }]]])
  })

  test.each([
    ['not an object', ['a'], 'bad_request'],
    ['nested nine deep', { a: { a: { a: { a: { a: { a: { a: { a: {} } } } } } } } }, 'bad_request'],
    ['with half of a surrogate pair', { a: '\ud800' }, 'bad_request'],
    ['over 3 KiB [L-6]', { a: 'x'.repeat(3_072) }, 'too_large'],
  ])('%s is refused at the door', async (_, patch, code) => {
    const device = await rig.ready()
    await expect(change(patch)).rejects.toMatchObject({ code })
    expect(await rig.core.fleet.shadow('d1')).toMatchObject({ desired: {}, desiredVersion: 0 })
    expect(desired(device)).toEqual([])
  })

  test('is changed only if the version is the one that was read', async () => {
    await rig.register()
    await change({ a: 1 })
    await expect(change({ a: 2 }, [0])).rejects.toMatchObject({ code: 'precondition_failed' })
    expect(await change({ a: 2 }, [1])).toMatchObject({ desiredVersion: 2 })
  })

  test('belongs to a device that exists', async () => {
    await expect(change({ a: 1 })).rejects.toMatchObject({ code: 'device_not_found' })
    await expect(rig.core.fleet.shadow('d1')).rejects.toMatchObject({ code: 'device_not_found' })
    await rig.register()
    expect(await rig.core.fleet.shadow('d1')).toMatchObject({ desired: {}, reported: {}, reportedVersion: 0 })
  })
})

describe('what is reported [M-12]', () => {
  test('is welcome unasked: stored with its time, and nothing is counted against the device', async () => {
    const device = await rig.ready()
    await report(device, 0, { interval_s: 60 })
    expect(await rig.core.fleet.shadow('d1')).toMatchObject({
      reported: { interval_s: 60 },
      reportedVersion: 0,
      reportedAtMs: rig.clock.wallMs(),
      desiredVersion: 0,
    })
    expect(await rig.core.fleet.device('d1')).toMatchObject({ counters: { dropped: 0, malformed: 0 } })
    expect(rig.metrics.of('shadow_changes reported')).toBe(1)
  })

  test('is stored in its order: of those that come while one is being stored the newest wins, the others are counted', async () => {
    const device = await rig.ready()
    const release = rig.memory.hold('saveReported')
    for (let n = 1; n <= 5; n++) device.send({ type: 'reported', version: 0, state: { n } })
    release()
    await settled()
    expect((await rig.core.fleet.shadow('d1')).reported).toEqual({ n: 5 })
    expect(rig.metrics.of('shadow_changes reported')).toBe(2)
    expect(rig.metrics.of('messages_dropped reported_replaced')).toBe(3)
  })

  test('in a session that was replaced meanwhile never comes after the newer one', async () => {
    const older = await rig.ready()
    const release = rig.memory.hold('saveReported')
    older.send({ type: 'reported', version: 0, state: { from: 'older' } })
    const newer = await rig.ready()
    newer.send({ type: 'reported', version: 0, state: { from: 'newer' } })
    older.send({ type: 'reported', version: 0, state: { from: 'older, late' } })
    release()
    await settled()
    expect((await rig.core.fleet.shadow('d1')).reported).toEqual({ from: 'newer' })
    await rig.memory.saveReported('d1', { version: 0, state: { from: 'older' }, session: 1, atMs: 0 })
    expect((await rig.core.fleet.shadow('d1')).reported).toEqual({ from: 'newer' })
  })

  test.each([
    ['more than fits the bus beside the largest desired [L-28]', 0, { text: 'ä'.repeat(REPORTED_MAX_BYTES / 2) }],
    ['a version out of a broken memory', 2 ** 53 - 1, {}],
  ])('%s is dropped and counted, and no reason to end a session', async (_, version, state) => {
    const device = await rig.ready()
    await report(device, version, state)
    expect(await dropped()).toBe(1)
    expect(device.link.closes).toEqual([])
    expect(rig.memory.shadows.size).toBe(0)
  })

  test('that cannot be stored ends the session: the device reports again in the next', async () => {
    const device = await rig.ready()
    rig.memory.fail('saveReported')
    await report(device, 0, { a: 1 })
    expect(device.link.closedWith).toBe(1011)
    expect(rig.log.at('error')).toEqual(['report not stored'])
    rig.memory.recover()
    const again = await rig.ready()
    await report(again, 0, { a: 1 })
    expect((await rig.core.fleet.shadow('d1')).reported).toEqual({ a: 1 })
  })
})

describe('the shadow on the bus [U-8]', () => {
  test('is retained and shows both sides after each change', async () => {
    const device = await rig.ready()
    expect(shown()).toEqual([])
    await change({ a: 1 })
    await settled()
    await report(device, 1, { a: 1, b: 2 })
    expect(shown()).toEqual([
      { desired: { a: 1 }, reported: {}, versions: { desired: 1, reported: 0 } },
      { desired: { a: 1 }, reported: { a: 1, b: 2 }, versions: { desired: 1, reported: 1 } },
    ])
    expect(rig.bus.on('d1/shadow').every(({ retain }) => retain)).toBe(true)
  })

  test('ends as the row is, however slow the bus: what is between may be left out', async () => {
    await rig.register()
    rig.bus.confirms = (topic) => !topic.endsWith('/shadow')
    for (let n = 1; n <= 9; n++) await change({ n })
    await settled()
    expect(rig.bus.waiting('d1/shadow')).toHaveLength(1)
    rig.bus.confirmAll()
    await settled()
    rig.bus.confirmAll()
    await settled()
    expect(shown().at(-1)).toMatchObject({ desired: { n: 9 }, versions: { desired: 9 } })
    expect(rig.bus.waiting('d1/shadow')).toEqual([])
  })

  test('of a large fleet goes out in parts, so that it never fills the memory', async () => {
    rig.bus.confirms = (topic) => !topic.endsWith('/shadow')
    for (let i = 0; i < 200; i++) {
      await rig.register(`d${i}`)
      await rig.core.fleet.changeDesired(`d${i}`, { i }, {})
    }
    await settled()
    expect(rig.bus.waiting('/shadow')).toHaveLength(64)
    for (let round = 0; round < 4; round++) {
      rig.bus.confirmAll()
      await settled()
    }
    expect(new Set(rig.bus.on('/shadow').map(({ topic }) => topic)).size).toBe(200)
  })

  test.each<[string, () => void]>([
    ['the bus has no room', () => (rig.bus.refuses = () => new GatewayError('bus_full'))],
    ['the store cannot be read', () => rig.memory.fail('shadow')],
  ])('is shown later while %s', async (_, fail) => {
    await rig.register()
    fail()
    await change({ a: 1 })
    await settled()
    expect(shown()).toEqual([])
    rig.bus.refuses = () => undefined
    rig.memory.recover()
    await rig.duty('shadows')
    await settled()
    expect(shown()).toHaveLength(1)
  })

  test('is given up when the bus will never take it, until the next change', async () => {
    await rig.register()
    rig.bus.refuses = () => new GatewayError('bus_refused')
    await change({ a: 1 })
    await settled()
    rig.bus.refuses = () => undefined
    await rig.duty('shadows')
    await settled()
    expect(shown()).toEqual([])
    await change({ a: 2 })
    await settled()
    expect(shown()).toMatchObject([{ desired: { a: 2 } }])
  })

  test('is published again by a gateway that starts [U-9]', async () => {
    await rig.register()
    await rig.register('d2')
    await change({ a: 1 })
    const later = new CoreRig({ registry: rig.memory })
    await later.core.shadowBoard.restore()
    await settled()
    expect(later.bus.on('/shadow').map(({ topic, json }) => [topic, json])).toEqual([
      ['fairlead/devices/d1/shadow', { desired: { a: 1 }, reported: {}, versions: { desired: 1, reported: 0 } }],
    ])
  })

  test('is cleared with its device, and nothing comes after that [U-6]', async () => {
    const device = await rig.ready()
    await change({ a: 1 })
    await settled()
    const release = rig.memory.hold('shadow')
    device.send({ type: 'reported', version: 1, state: { a: 1 } })
    await settled() // stored, and being read to be shown
    await rig.core.fleet.deleteDevice('d1')
    release()
    await settled()
    await rig.duty('shadows')
    await settled()
    expect(shown().at(-1)).toBe('')
    await rig.register()
    expect(await rig.core.fleet.shadow('d1')).toMatchObject({ desired: {}, desiredVersion: 0 })
  })
})
