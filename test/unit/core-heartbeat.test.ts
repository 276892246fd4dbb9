import { beforeEach, describe, expect, test } from 'vitest'
import { repeat } from '../../gateway/core/periodic.ts'
import { CoreRig, type DeviceEnd } from '../helpers/core-rig.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
  repeat(rig.core.duties, rig.clock, rig.log)
})

/** From now on the device answers pings, as every WebSocket library does. */
function answering(end: DeviceEnd): DeviceEnd {
  end.link.onPing = () => rig.clock.after(100, () => end.pong())
  return end
}

describe('the heartbeat [S-7]', () => {
  test('pings every 18 s and keeps a device that answers', async () => {
    const device = answering(await rig.ready())
    await rig.clock.advance(17_000)
    expect(device.link.pings).toBe(0)
    await rig.clock.advance(600_000 - 17_000)
    expect(device.link.pings).toBeGreaterThanOrEqual(31)
    expect(device.link.closedWith).toBeUndefined()
  })

  test('pings also a device that talks all the time: while the bus is away it hears nothing else [S-11]', async () => {
    const device = answering(await rig.ready())
    rig.holdAll()
    for (let seq = 1; seq <= 60; seq++) {
      device.telemetry(seq)
      await rig.clock.advance(10_000)
    }
    expect(device.link.acks).toEqual([])
    expect(device.link.pings).toBeGreaterThanOrEqual(31)
    expect(device.link.closedWith).toBeUndefined()
  })

  test('any frame is a sign of life, not only a pong', async () => {
    const device = await rig.ready()
    device.link.onPing = () => rig.clock.after(7_000, () => device.send({ type: 'log', level: 'info', text: 'here' }))
    await rig.clock.advance(120_000)
    expect(device.link.pings).toBeGreaterThan(3)
    expect(device.link.closedWith).toBeUndefined()
  })

  test('ends a silent session with 4012 within 30 s of its last frame [P-8]', async () => {
    for (let phaseMs = 0; phaseMs < 20_000; phaseMs += 700) {
      const device = answering(await rig.ready(`d${phaseMs}`))
      await rig.clock.advance(20_000 + phaseMs)
      expect(device.link.closedWith).toBeUndefined()
      device.link.onPing = () => {} // the network is cut
      const lastFrameAt = rig.clock.monotonicMs()
      while (device.link.closedWith === undefined && rig.clock.monotonicMs() - lastFrameAt < 30_000) {
        await rig.clock.advance(500)
      }
      expect(device.link.closedWith).toBe(4012)
      expect(rig.core.presence.of(`d${phaseMs}`)).toMatchObject({ state: 'offline', reason: 'heartbeat_timeout' })
    }
  })

  test('does not take a frame from before the ping for its answer', async () => {
    const device = await rig.ready()
    await rig.clock.advance(17_500)
    device.pong()
    await rig.clock.advance(9_500)
    expect(device.link.closedWith).toBe(4012)
  })

  test('a process that was suspended blames no device', async () => {
    const device = answering(await rig.ready())
    await rig.clock.advance(19_000)
    rig.clock.suspend(60_000)
    await rig.clock.advance(100)
    expect(rig.log.at('warn')).toContain('the process was suspended')
    expect(device.link.closedWith).toBeUndefined()
    await rig.clock.advance(60_000)
    expect(device.link.closedWith).toBeUndefined()
    device.link.onPing = () => {}
    await rig.clock.advance(30_000)
    expect(device.link.closedWith).toBe(4012)
  })
})

test('no hello within 15 s ends with 4015 [S-1] [L-10]', async () => {
  await rig.register()
  const device = answering(rig.open())
  await rig.clock.advance(14_000)
  expect(device.link.closedWith).toBeUndefined()
  await rig.clock.advance(2_000)
  expect(device.link.closedWith).toBe(4015)
})

test('a token that ends during the session ends it with 4001', async () => {
  const tokenId = await rig.register()
  const device = answering(rig.open('d1', tokenId, rig.clock.wallMs() + 60_000))
  device.hello()
  await rig.clock.advance(59_000)
  expect(device.link.closedWith).toBeUndefined()
  await rig.clock.advance(2_000)
  expect(device.link.closedWith).toBe(4001)
})
