import { beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../gateway/core/errors.ts'
import { CoreRig } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})

const shown = () => rig.bus.on('/info').map(({ payload }) => JSON.parse(String(payload)))

describe('what a device is, for which the bus has no room [U-4]', () => {
  beforeEach(async () => {
    rig.bus.refuses = (topic) => (topic.endsWith('/info') ? new GatewayError('bus_full') : undefined)
    await rig.ready('d1')
    await settled()
    expect(shown()).toEqual([])
  })

  test('is shown once there is room, and once only', async () => {
    rig.bus.refuses = () => undefined
    await rig.duty('device info')
    await rig.duty('device info')
    expect(shown()).toMatchObject([{ firmware: '1.0.0', tags: [] }])
  })

  test('is shown as it is by then', async () => {
    await rig.core.fleet.updateDevice('d1', { tags: ['new'] })
    await settled()
    rig.bus.refuses = () => undefined
    await rig.duty('device info')
    expect(shown()).toMatchObject([{ tags: ['new'] }])
  })

  test('is left alone when something newer was shown meanwhile', async () => {
    rig.bus.refuses = () => undefined
    await rig.core.fleet.updateDevice('d1', { tags: ['new'] })
    await rig.duty('device info')
    expect(shown()).toMatchObject([{ tags: ['new'] }])
  })

  test('is not shown of a device that is deleted in the same moment', async () => {
    const row = await rig.memory.device('d1')
    if (row !== undefined) rig.core.info.publish(row)
    rig.core.info.forget('d1') // before it is heard that there is no room
    await settled()
    rig.bus.refuses = () => undefined
    await rig.duty('device info')
    expect(shown()).toEqual([])
  })

  test('is not shown of a deleted device', async () => {
    await rig.core.fleet.deleteDevice('d1')
    rig.bus.refuses = () => undefined
    await rig.duty('device info')
    expect(shown()).toEqual([])
  })
})
