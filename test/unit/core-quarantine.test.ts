import { beforeEach, describe, expect, test } from 'vitest'
import { CoreRig, type DeviceEnd } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

const MINUTE_MS = 60_000
let rig: CoreRig
beforeEach(async () => {
  rig = new CoreRig()
  await rig.register()
})
const alerts = () => rig.bus.on('/d1/alert').map(({ json }) => json)
const view = async () => (await rig.core.fleet.device('d1')).quarantine

/** Each takes the session from the one before. */
async function takeTurns(holders: readonly { boot: string; address?: string }[], pauseMs = 5_000) {
  const ends: DeviceEnd[] = []
  for (const { boot, address } of holders) {
    ends.push(await rig.ready('d1', { boot }, address))
    await rig.clock.advance(pauseMs)
  }
  return ends
}
const CLONES = ['a', 'b', 'a', 'b', 'a'].map((boot) => ({ boot }))

describe('two holders of one token [P-9]', () => {
  test('that take turns are quarantined: whoever has the session keeps it, and nobody may take it', async () => {
    const ends = await takeTurns(CLONES)
    expect(ends.map(({ link }) => link.closedWith)).toEqual([4009, 4009, 4009, 4009, undefined])
    const sinceMs = rig.clock.wallMs() - 5_000
    expect(await view()).toEqual({ sinceMs, untilMs: sinceMs + 5 * MINUTE_MS })
    expect(alerts()).toEqual([
      { alert: 'quarantined', reason: 'two_holders', at: sinceMs, until: sinceMs + 5 * MINUTE_MS },
    ])
    expect(rig.metrics.of('quarantines begun')).toBe(1)
    expect(rig.memory.audit).toMatchObject([{ actor: 'gateway', action: 'device_quarantined', device: 'd1' }])
    expect(await refusal()).toMatchObject({ status: 429, code: 'quarantined', retryAfterS: 295 })
  })

  test('are found also when they obey the hint of 4009 and come back after a minute and more', async () => {
    await takeTurns(CLONES, 75_000)
    expect(await view()).toBeDefined()
  })

  test('are found by their addresses when they start anew each time', async () => {
    const addresses = ['192.0.2.1', '192.0.2.2']
    await takeTurns(Array.from({ length: 5 }, (_, i) => ({ boot: `b${i}`, address: addresses[i % 2] })))
    expect(await view()).toBeDefined()
    expect(rig.memory.audit[0]?.detail).toMatchObject({ addresses: expect.arrayContaining(addresses) })
  })

  test('may connect again when the time is over; it is shown and audited', async () => {
    await takeTurns(CLONES)
    await rig.clock.advance(5 * MINUTE_MS)
    await rig.duty('quarantines')
    expect(await view()).toBeUndefined()
    expect(await refusal()).toMatchObject({ device: 'd1' })
    expect(alerts().at(-1)).toMatchObject({ alert: 'quarantine_over', reason: 'time' })
    expect(rig.memory.audit.at(-1)).toMatchObject({ action: 'quarantine_ended' })
  })

  test('may connect again when an operator says so', async () => {
    await takeTurns(CLONES)
    await rig.core.fleet.releaseDevice('d1')
    await rig.core.fleet.releaseDevice('d1')
    expect(await refusal()).toMatchObject({ device: 'd1' })
    expect(alerts().slice(1)).toMatchObject([{ alert: 'quarantine_over', reason: 'operator' }])
    await expect(rig.core.fleet.releaseDevice('nobody')).rejects.toMatchObject({ code: 'device_not_found' })
  })

  test('of one device say nothing of another', async () => {
    await rig.register('d2')
    await takeTurns(CLONES)
    expect((await rig.core.fleet.device('d2')).quarantine).toBeUndefined()
  })

  test('leave nothing behind when the device is deleted', async () => {
    await takeTurns(CLONES)
    await rig.core.fleet.deleteDevice('d1')
    await rig.register()
    expect(await view()).toBeUndefined()
  })
})

describe('one device is not punished', () => {
  test('for bad Wi-Fi: it comes back with the same boot id, from wherever', async () => {
    const many = Array.from({ length: 12 }, (_, i) => ({ boot: 'a', address: `192.0.2.${i % 3}` }))
    await takeTurns(many)
    expect(await view()).toBeUndefined()
  })

  test('for starting anew again and again while its old sockets are still open', async () => {
    await takeTurns(Array.from({ length: 12 }, (_, i) => ({ boot: `b${i}`, address: '192.0.2.1' })))
    expect(await view()).toBeUndefined()
  })

  test('for two turns, nor for turns that are far apart', async () => {
    await takeTurns(CLONES.slice(0, 4))
    expect(await view()).toBeUndefined()
    await rig.clock.advance(11 * MINUTE_MS)
    await takeTurns(CLONES.slice(0, 3))
    expect(await view()).toBeUndefined()
  })

  test('for coming back after its session was over by itself', async () => {
    for (const boot of ['a', 'b', 'a', 'b', 'a', 'b']) {
      const device = await rig.ready('d1', { boot })
      device.vanish()
      await settled()
    }
    expect(await view()).toBeUndefined()
  })
})

/** What a handshake of the device is answered. */
function refusal() {
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'fairlead.v1',
    authorization: `Bearer signed~d1~${rig.tokenOf.get('d1')}`,
  }
  return rig.core.admission.admit({ method: 'GET', target: '/device/v1', address: '192.0.2.9', headers })
}
