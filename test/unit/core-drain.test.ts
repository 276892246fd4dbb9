import { beforeEach, describe, expect, test } from 'vitest'
import { drain } from '../../gateway/core/drain.ts'
import { CoreRig, type DeviceEnd } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})

/** Starts the drain; `done` is true once it has ended. */
function start(spreadMs: number, random = () => 0): { done: boolean } {
  const state = { done: false }
  drain(rig.core.sessions, rig.clock, spreadMs, random).then(
    () => {
      state.done = true
    },
    () => {},
  )
  return state
}
async function devices(count: number): Promise<DeviceEnd[]> {
  const ends: DeviceEnd[] = []
  for (let i = 0; i < count; i++) ends.push(await rig.ready(`d${i}`))
  return ends
}
const closed = (ends: DeviceEnd[]) => ends.filter(({ link }) => link.closedWith !== undefined).length

describe('a gateway that stops [S-10]', () => {
  test('with nobody there is done at once', async () => {
    const state = start(5_000)
    await settled()
    expect(state.done).toBe(true)
  })

  test('says bye 1012 to every device, spread over the drain time', async () => {
    const ends = await devices(100)
    const state = start(1_000)
    await rig.clock.advance(500)
    expect(closed(ends)).toBeGreaterThanOrEqual(45)
    expect(closed(ends)).toBeLessThanOrEqual(60)
    await rig.clock.advance(520)
    expect(closed(ends)).toBe(100)
    expect(state.done).toBe(true)
    expect(ends.every(({ link }) => link.closedWith === 1012)).toBe(true)
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'offline', reason: 'restart' })
  })

  test('does not keep a few devices waiting for each other', async () => {
    const ends = await devices(3)
    const state = start(5_000)
    await rig.clock.advance(60)
    expect(closed(ends)).toBe(3)
    expect(state.done).toBe(true)
  })

  test('without a drain time ends all at once', async () => {
    const ends = await devices(50)
    start(0)
    await settled()
    expect(closed(ends)).toBe(50)
  })

  test('acknowledges what the bus takes in the meantime, then says bye', async () => {
    rig.holdTelemetry()
    const [device] = await devices(1)
    device?.telemetry(1)
    start(0)
    await rig.clock.advance(1_000)
    expect(device?.link.closes).toEqual([])
    rig.bus.confirmAll()
    await rig.clock.advance(100)
    expect(device?.link.messages.slice(1).map(({ type }) => type)).toEqual(['ack', 'bye'])
  })

  test('waits 5 s for the bus at most', async () => {
    rig.holdTelemetry()
    const [device] = await devices(1)
    device?.telemetry(1)
    const state = start(0)
    await rig.clock.advance(4_900)
    expect(state.done).toBe(false)
    await rig.clock.advance(200)
    expect(state.done).toBe(true)
    expect(device?.link.acks).toEqual([])
  })

  test('does not wait for a device that leaves by itself, nor for one without a hello', async () => {
    rig.holdTelemetry()
    const [device] = await devices(1)
    await rig.register('silent')
    const silent = rig.open('silent')
    device?.telemetry(1)
    const state = start(0)
    device?.vanish()
    await rig.clock.advance(100)
    expect(state.done).toBe(true)
    expect(silent.link.closedWith).toBe(1012)
  })

  test('its hint spreads the return of the fleet', async () => {
    const ends = await devices(2)
    const hints = [0, 0.9999]
    start(0, () => hints.shift() ?? 0)
    await settled()
    expect(ends.map(({ link }) => link.of('bye')[0]?.retryAfterMs)).toEqual([1_000, 1_999])
  })
})
