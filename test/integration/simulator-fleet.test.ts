import { expect, onTestFinished, test } from 'vitest'
import { type Fleet, type FleetOptions, startFleet } from '../../simulator/fleet.ts'
import { progressLine, showProgress } from '../../simulator/progress.ts'
import { type SimulatorPeer, startPeer } from '../helpers/simulator-peer.ts'

function fleetAt(peer: SimulatorPeer, count: number, options: Partial<FleetOptions> = {}): Fleet {
  const devices = Array.from({ length: count }, (_, index) => ({ id: `d${index}`, token: `t${index}` }))
  const fleet = startFleet({ devices, url: peer.url, timeScale: 0.001, ...options })
  onTestFinished(() => fleet.stop())
  return fleet
}

test('a fleet connects along its ramp, shares the rate evenly, and leaves nothing behind', async () => {
  const peer = await startPeer()
  peer.acknowledgeAll()
  const fleet = fleetAt(peer, 10, { ratePerS: 20, rampMs: 500, payloadKeys: 6, seed: 1 })
  expect(fleet.counts()).toMatchObject({ devices: 10, ready: 0 })
  expect([...fleet.devices.values()].filter(({ state }) => state === 'offline')).toHaveLength(9)
  await expect.poll(() => fleet.counts().acked, { timeout: 20_000 }).toBeGreaterThan(100)
  fleet.stopTelemetry()
  expect(await fleet.drained(5_000)).toBe(true)
  const { ready, everReady, sent, acked, unacked } = fleet.counts()
  expect([ready, everReady, unacked, sent - acked]).toEqual([10, 10, 0, 0])
  expect([fleet.connectMs.count, fleet.ackMs.count]).toEqual([10, acked])
  const shares = [...fleet.devices.values()].map((device) => device.counts.sent)
  expect(Math.min(...shares)).toBeGreaterThan(0)
  await fleet.stop()
  expect(fleet.counts().ready).toBe(0)
})

test('a message has as many values as asked for, under names', async () => {
  const peer = await startPeer()
  fleetAt(peer, 1, { ratePerS: 50, payloadKeys: 5 })
  const { session } = await peer.greeted()
  session.welcome()
  const { points } = await session.next('telemetry')
  expect(Object.keys(points[0]?.values ?? {})).toEqual(['temperature', 'humidity', 'battery', 'pressure', 'value_5'])
})

test('a fleet without acknowledgements is not drained in time', async () => {
  const peer = await startPeer()
  const fleet = fleetAt(peer, 1, { ratePerS: 50 })
  const { session } = await peer.greeted()
  session.welcome()
  await session.next('telemetry')
  expect(await fleet.drained(100)).toBe(false)
})

test('every device knows the usual commands, and its own before them', async () => {
  const peer = await startPeer()
  const fleet = fleetAt(peer, 1, { ratePerS: 0, commands: { ping: () => 'own' } })
  const { session, boot } = await peer.greeted()
  session.welcome()
  const run = async (id: string, name: string, params = {}) => {
    session.command(id, name, params)
    await session.next('accepted')
    return session.next('result')
  }
  expect(await run('c1', 'ping')).toMatchObject({ ok: true, data: 'own' })
  expect(await run('c2', 'set', { interval_s: 5 })).toMatchObject({ ok: true, data: { interval_s: 5 } })
  expect(await run('c3', 'fail', { code: 'stuck' })).toMatchObject({ ok: false, error: { code: 'stuck' } })
  expect(await run('c4', 'identify')).toMatchObject({ data: { boot, sessions: 1 } })
  expect(await run('c5', 'wait', { seconds: 'x' })).toMatchObject({ error: { code: 'bad_params' } })
  session.command('c6', 'wait', { seconds: 0 })
  await session.next('accepted')
  expect(await session.next('progress')).toMatchObject({ id: 'c6', percent: 10 })
  expect(fleet.counts().commands).toBe(6)
  session.command('c7', 'reboot')
  const again = await peer.greeted()
  expect(again.boot).not.toBe(boot)
})

test('progress is one line that is rewritten on a terminal, and plain lines elsewhere', async () => {
  const peer = await startPeer()
  const fleet = fleetAt(peer, 3, { ratePerS: 0 })
  const written = { terminal: '', plain: '' }
  showProgress(fleet, { isTTY: true, columns: 25, write: (text) => (written.terminal += text) })()
  showProgress(fleet, { write: (text) => (written.plain += text) })()
  expect(written.terminal).toBe('\r\x1b[2K0 s · 0/3 ready · sent 0\n')
  expect(written.plain).toBe('0 s · 0/3 ready · sent 0 · acked 0 · waiting 0\n')
  expect(progressLine(fleet, 61_000)).toContain('61 s')
})
