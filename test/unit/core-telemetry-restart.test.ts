import { beforeEach, describe, expect, test } from 'vitest'
import { CoreRig } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})
const published = () => rig.bus.on('/d1/telemetry').map(({ json }) => `${json.boot}/${json.seq}`)
const gaps = async () => (await rig.core.fleet.device('d1')).counters.gaps

describe('numbers that a device left out [A-1]', () => {
  test('are counted for the device and for the fleet, also from one session to the next and for each boot', async () => {
    const first = await rig.ready()
    for (const seq of [1, 4]) first.telemetry(seq)
    first.vanish()
    const second = await rig.ready()
    second.telemetry(6)
    second.telemetry(9, 'b0')
    second.telemetry(10, 'b0')
    await settled()
    expect(await gaps()).toBe(3)
    expect(rig.metrics.of('messages_missing')).toBe(3)
  })

  test('are not counted again when what followed them is sent again', async () => {
    rig.holdTelemetry()
    const first = await rig.ready()
    for (const seq of [1, 5]) first.telemetry(seq)
    first.vanish()
    const second = await rig.ready()
    for (const seq of [1, 5, 6]) second.telemetry(seq)
    await settled()
    expect(await gaps()).toBe(3)
  })

  test('are not counted for a message that the window has no room for: it comes again', async () => {
    rig.holdTelemetry()
    const device = await rig.ready()
    for (let seq = 1; seq <= 64; seq++) device.telemetry(seq)
    device.telemetry(70)
    expect(device.link.closedWith).toBe(4013)
    expect(await gaps()).toBe(0)
  })
})

describe('a restart of the gateway [A-5]', () => {
  test('makes what was published and not acknowledged come again, with the same boot and seq, in order', async () => {
    rig.holdTelemetry()
    const before = await rig.ready()
    for (const seq of [1, 2, 3]) before.telemetry(seq)
    await settled()
    expect(before.link.acks).toEqual([])
    rig = new CoreRig({ after: rig })
    const after = await rig.ready()
    expect(after.link.of('welcome')[0]?.acked).toBeUndefined()
    for (const seq of [1, 2, 3, 4]) after.telemetry(seq)
    await rig.clock.advance(100)
    expect(published()).toEqual(['b1/1', 'b1/2', 'b1/3', 'b1/4'])
    expect(after.link.acks.at(-1)).toBe(4)
    expect(await gaps()).toBe(0)
  })

  test('blames no device for the numbers that it had acknowledged before', async () => {
    const before = await rig.ready()
    for (const seq of [1, 2, 3]) before.telemetry(seq)
    await rig.clock.advance(100)
    expect(before.link.acks.at(-1)).toBe(3)
    rig = new CoreRig({ after: rig })
    const after = await rig.ready()
    after.telemetry(4)
    await settled()
    expect(await gaps()).toBe(0)
  })
})
