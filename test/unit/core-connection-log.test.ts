import { beforeEach, describe, expect, test } from 'vitest'
import { CoreRig } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(async () => {
  rig = new CoreRig()
  await rig.register()
})
const write = async () => {
  await rig.duty('connection log')
  await settled()
}
const history = async () => (await rig.core.fleet.connections('d1', { limit: 9 })).items

describe('the connections of a device', () => {
  test('are kept with when, from where, with what, how much and why they ended', async () => {
    const connectedAtMs = rig.clock.wallMs()
    const device = await rig.ready('d1', { boot: 'b7', firmware: '1.4.0' }, '192.0.2.1')
    await write()
    const facts = { device: 'd1', session: 1, connectedAtMs, address: '192.0.2.1', firmware: '1.4.0', boot: 'b7' }
    expect(await history()).toEqual([{ ...facts, id: 1, messages: 1, endedAtMs: undefined, reason: undefined }])
    device.telemetry(1)
    await rig.clock.advance(1_000)
    device.vanish()
    await write()
    const ended = { endedAtMs: connectedAtMs + 1_000, reason: 'connection_lost' }
    expect(await history()).toEqual([{ ...facts, ...ended, id: 1, messages: 2 }])
  })

  test('that ended before they were written are one row; those without a welcome have session 0', async () => {
    const device = await rig.ready()
    device.vanish()
    rig.open().vanish('closed_by_device')
    await write()
    expect(await history()).toMatchObject([
      { session: 0, reason: 'closed_by_device' },
      { session: 1, reason: 'connection_lost' },
    ])
  })

  test('tell a takeover from a loss', async () => {
    await rig.ready()
    await rig.ready()
    await write()
    expect(await history()).toMatchObject([{ session: 2 }, { session: 1, reason: 'replaced' }])
    expect((await history())[0]?.endedAtMs).toBeUndefined()
  })

  test('that were open when the gateway died have ended by its restart', async () => {
    await rig.ready()
    await write()
    rig = new CoreRig({ after: rig })
    await rig.core.connectionLog.restore()
    expect(await history()).toMatchObject([{ session: 1, reason: 'gateway_restarted', endedAtMs: rig.clock.wallMs() }])
  })

  test('that were open when the gateway died have ended when it was last known to live', async () => {
    await rig.ready()
    await write()
    await rig.clock.advance(3_600_000)
    await rig.duty('mark of life')
    const lastMarkMs = rig.clock.wallMs()
    await rig.clock.advance(600_000)
    rig = new CoreRig({ after: rig })
    await rig.core.connectionLog.restore()
    expect(await history()).toMatchObject([{ reason: 'gateway_restarted', endedAtMs: lastMarkMs }])
  })

  test('without a device there is no life to mark', async () => {
    await rig.duty('mark of life')
    expect(rig.memory.aliveAtMs).toBeUndefined()
  })

  test('wait while the store is away, and are written at a clean stop', async () => {
    rig.memory.fail('saveConnections')
    const device = await rig.ready()
    await write()
    device.vanish()
    rig.memory.recover()
    await rig.core.connectionLog.settled()
    expect(await history()).toMatchObject([{ session: 1, reason: 'connection_lost' }])
  })

  test('of a storm share a few writes', async () => {
    let writes = 0
    const save = rig.memory.saveConnections.bind(rig.memory)
    rig.memory.saveConnections = (rows) => {
      writes += 1
      return save(rows)
    }
    for (let i = 0; i < 1_200; i++) rig.open().vanish()
    await write()
    expect(rig.memory.connections).toHaveLength(1_200)
    expect(writes).toBe(3)
  })

  test('page by page', async () => {
    for (let i = 0; i < 3; i++) (await rig.ready()).vanish()
    await write()
    const first = await rig.core.fleet.connections('d1', { limit: 2 })
    expect(first.items.map(({ session }) => session)).toEqual([3, 2])
    expect((await rig.core.fleet.connections('d1', { limit: 2, before: first.next })).items).toHaveLength(1)
    await expect(rig.core.fleet.connections('nobody', { limit: 2 })).rejects.toMatchObject({ code: 'device_not_found' })
  })
})

describe('next_wake_s of hello [S-13]', () => {
  test('counts for a bye without sleep_s', async () => {
    const device = await rig.ready('d1', { nextWakeS: 600 })
    device.send({ type: 'bye' })
    const wakeAtMs = rig.clock.wallMs() + 600_000
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'sleeping', reason: 'sleep', wakeAtMs })
    await rig.clock.advance(631_000)
    await rig.duty('sleepers')
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'offline', reason: 'missed_wake' })
  })

  test('does not make a lost connection a sleep, and sleep_s says more', async () => {
    ;(await rig.ready('d1', { nextWakeS: 600 })).vanish()
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'offline', reason: 'connection_lost' })
    const device = await rig.ready('d1', { nextWakeS: 600 })
    device.send({ type: 'bye', sleepS: 60 })
    expect(rig.core.presence.of('d1')).toMatchObject({ wakeAtMs: rig.clock.wallMs() + 60_000 })
  })
})
