import { beforeEach, describe, expect, test } from 'vitest'
import { CoreRig, type DeviceEnd } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ROUND_TRIP_MS = 20
const STEPS: readonly [string, number][] = [
  ['an hour ahead', HOUR_MS],
  ['an hour back', -HOUR_MS],
  ['a day ahead', DAY_MS],
  ['a day back', -DAY_MS],
]

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})

/** Each second, as the gateway does; the devices answer their pings. */
async function liveOn(seconds: number, ends: readonly DeviceEnd[]): Promise<void> {
  for (const end of ends) end.link.onPing = () => void rig.clock.after(ROUND_TRIP_MS, () => end.pong())
  for (let second = 0; second < seconds; second++) {
    await rig.clock.advance(1_000)
    await rig.duty('heartbeat')
    await rig.duty('sleepers')
    await rig.duty('due commands')
    await rig.duty('command changes')
  }
}

describe.each(STEPS)('a wall clock that is set %s [B28]', (_name, stepMs) => {
  test('ends no session: heartbeats go by intervals, and a device without an answer still goes in time [S-7]', async () => {
    const here = await rig.ready('d1')
    const gone = await rig.ready('d2')
    await liveOn(20, [here])
    rig.clock.stepWall(stepMs)
    await liveOn(10, [here])
    expect(here.link.closedWith).toBeUndefined()
    expect(gone.link.closedWith).toBe(4012)
    await liveOn(60, [here])
    expect(here.link.closedWith).toBeUndefined()
    expect(here.link.pings).toBeGreaterThanOrEqual(4)
    expect(rig.core.presence.of('d1').state).toBe('online')
    expect(rig.core.presence.of('d2').state).toBe('offline')
  })

  test('changes nothing about acknowledgements; the age of a record is counted from the new time [T-4]', async () => {
    const end = await rig.ready('d1')
    end.telemetry(1)
    await settled()
    rig.clock.stepWall(stepMs)
    end.telemetry(2, undefined, [{ ageMs: 1_500, values: { temp: 1 } }])
    await rig.clock.advance(100)
    expect(end.link.acks.at(-1)).toBe(2)
    const [, published] = rig.bus.on('/telemetry')
    expect(published?.json).toMatchObject({ points: [{ ts: rig.clock.wallMs() - 1_600 }] })
  })

  test('lets no token end that has no end, and no handshake fail', async () => {
    await rig.ready('d1')
    rig.clock.stepWall(stepMs)
    await rig.duty('replaced tokens')
    await rig.duty('due rotations')
    const again = await rig.ready('d1')
    expect(again.link.of('welcome')).toHaveLength(1)
    expect(again.link.of('token')).toEqual([])
  })

  test('gives every command one final state', async () => {
    const end = await rig.ready('d1')
    const sent = await rig.core.commands.submit('d1', { name: 'x', ttl_s: 60, timeout_s: 30 })
    await settled()
    end.send({ type: 'accepted', id: sent.id })
    await rig.register('d2')
    const queued = await rig.core.commands.submit('d2', { name: 'x', ttl_s: 60 })
    await settled()
    rig.clock.stepWall(stepMs)
    await liveOn(5, [end])
    rig.clock.stepWall(-stepMs)
    await liveOn(120, [end])
    const states = [sent, queued].map(({ id }) => rig.memory.commands.get(id))
    expect(states).toMatchObject([{ state: 'unknown' }, { state: 'expired' }])
    for (const command of states) {
      const finals = command?.history.filter(({ state }) => state === 'unknown' || state === 'expired')
      expect(finals).toHaveLength(1)
    }
  })

  test('a sleeper is online as soon as it is back, whatever was said of its wake [P-6]', async () => {
    const end = await rig.ready('d1')
    end.send({ type: 'bye', sleepS: 600 })
    await settled()
    rig.clock.stepWall(stepMs)
    await liveOn(10, [])
    expect(rig.core.presence.of('d1').state).toBe(stepMs > 0 ? 'offline' : 'sleeping')
    await rig.ready('d1')
    expect(rig.core.presence.of('d1').state).toBe('online')
  })
})
