import { beforeEach, describe, expect, test } from 'vitest'
import type { AlarmKind } from '../../gateway/core/alarms/alarm.ts'
import { ALARM_LIMITS } from '../../gateway/core/alarms/limits.ts'
import { repeat } from '../../gateway/core/periodic.ts'
import { CoreRig } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
  repeat(rig.core.duties, rig.clock, rig.log)
})

const alarms = () => rig.core.plane.alarms.list()
const ids = () => alarms().map(({ id }) => id)
const alarm = (kind: AlarmKind) => alarms().find((one) => one.kind === kind)
const logged = (message: string) => rig.log.lines.filter((line) => line.message === message)
const pass = (ms: number) => rig.clock.advance(ms)

/** The device comes and its session ends for this reason, so often. */
async function comeAndGo(
  device: string,
  times: number,
  options: { boot?: (n: number) => string; reason?: string } = {},
) {
  for (let n = 0; n < times; n++) {
    const end = await rig.ready(device, { boot: options.boot?.(n) ?? 'b1' })
    await pass(10 * SECOND_MS)
    end.vanish(options.reason)
    await settled()
  }
}

describe('the bus', () => {
  test('that is away is an alarm with its reason, once it has lasted; it ends by itself', async () => {
    rig.bus.trouble = 'connect ECONNREFUSED 127.0.0.1:1883'
    await pass(4 * SECOND_MS)
    expect(ids()).toEqual([])
    await pass(3 * SECOND_MS)
    expect(alarm('bus_unavailable')).toMatchObject({ severity: 'critical', count: 1, id: 'bus_unavailable' })
    expect(alarm('bus_unavailable')?.text).toContain('connect ECONNREFUSED 127.0.0.1:1883')
    expect(rig.core.plane.alarms.counts()).toEqual({ warning: 0, critical: 1 })
    rig.bus.trouble = undefined
    await pass(3 * SECOND_MS)
    expect(ids()).toEqual(['bus_unavailable'])
    await pass(4 * SECOND_MS)
    expect(ids()).toEqual([])
    expect(logged('alarm')).toMatchObject([
      { level: 'warn', fields: { alarm: 'bus_unavailable', severity: 'critical' } },
    ])
    expect(logged('alarm over')).toMatchObject([{ level: 'info', fields: { alarm: 'bus_unavailable' } }])
  })

  test('that comes and goes is one alarm, begun once and not ended in between', async () => {
    rig.bus.trouble = 'gone'
    await pass(10 * SECOND_MS)
    const { sinceMs } = alarm('bus_unavailable') ?? {}
    for (let turn = 0; turn < 5; turn++) {
      rig.bus.trouble = undefined
      await pass(3 * SECOND_MS)
      rig.bus.trouble = 'gone'
      await pass(3 * SECOND_MS)
      expect(ids()).toEqual(['bus_unavailable'])
    }
    expect(logged('alarm')).toHaveLength(1)
    expect(logged('alarm over')).toEqual([])
    expect(sinceMs).toBeDefined()
  })

  test('that takes less than the fleet sends is an alarm until half of it has gone', async () => {
    let messages = ALARM_LIMITS.busWaitingMessages
    rig.bus.backlog = () => ({ messages, bytes: 100 * messages })
    await pass(50 * SECOND_MS)
    expect(ids()).toEqual([])
    await pass(15 * SECOND_MS)
    expect(alarm('bus_behind')).toMatchObject({ severity: 'warning', detail: { waiting_messages: messages } })
    messages = ALARM_LIMITS.busWaitingMessages / 2
    await pass(5 * MINUTE_MS)
    expect(alarm('bus_behind')?.detail).toMatchObject({ waiting_messages: messages })
    messages -= 1
    await pass(MINUTE_MS)
    expect(ids()).toEqual([])
  })

  test('that blinks is none', async () => {
    for (let turn = 0; turn < 5; turn++) {
      rig.bus.trouble = 'gone'
      await pass(2 * SECOND_MS)
      rig.bus.trouble = undefined
      await pass(2 * SECOND_MS)
    }
    expect(logged('alarm')).toEqual([])
  })
})

describe('what the gateway stands on', () => {
  test('a certificate is a warning 14 days before its end and critical 3 days before; a new one ends it', async () => {
    const endsIn = (ms: number) => {
      rig.surroundings.endsAtMs = rig.clock.wallMs() + ms
      return pass(2 * SECOND_MS)
    }
    await endsIn(15 * DAY_MS)
    expect(ids()).toEqual([])
    await endsIn(13.5 * DAY_MS)
    expect(alarm('certificate_ending')).toMatchObject({
      severity: 'warning',
      text: expect.stringContaining('in 13 days'),
    })
    await endsIn(1.5 * DAY_MS)
    expect(alarm('certificate_ending')).toMatchObject({
      severity: 'critical',
      text: expect.stringContaining('in 1 day.'),
    })
    await endsIn(-1)
    expect(alarm('certificate_ending')?.text).toContain('has ended')
    expect(logged('alarm has changed')).toHaveLength(1)
    rig.surroundings.source = 'own'
    await endsIn(DAY_MS)
    expect(alarm('certificate_ending')?.text).toContain('Put a new pair into its files')
    await endsIn(300 * DAY_MS)
    expect(ids()).toEqual([])
  })

  test('a disk that fills up is a warning, then critical', async () => {
    rig.surroundings.disk = { freeBytes: ALARM_LIMITS.diskFreeWarningBytes - 1 }
    await pass(2 * SECOND_MS)
    expect(alarm('disk_low')).toMatchObject({ severity: 'warning', text: expect.stringContaining('511 MiB left') })
    rig.surroundings.disk = { freeBytes: 1_000_000 }
    await pass(2 * SECOND_MS)
    expect(alarm('disk_low')?.severity).toBe('critical')
    rig.surroundings.disk = {}
    await pass(2 * MINUTE_MS)
    expect(ids()).toEqual([])
  })

  test('an event loop that is late for half a minute is an alarm; one that stumbles is none', async () => {
    const usage = rig.surroundings.usage
    rig.surroundings.usage = { ...usage, loopP99Ms: 3_000, loopMaxMs: 3_000 }
    await pass(6 * SECOND_MS)
    rig.surroundings.usage = usage
    await pass(MINUTE_MS)
    expect(logged('alarm')).toEqual([])
    rig.surroundings.usage = { ...usage, loopP99Ms: 400, loopMaxMs: 900 }
    await pass(40 * SECOND_MS)
    expect(alarm('event_loop_slow')).toMatchObject({ severity: 'warning', detail: { delay_p99_ms: 400 } })
    rig.surroundings.usage = usage
    await pass(2 * MINUTE_MS)
    expect(ids()).toEqual([])
  })

  test('a registry that cannot write is critical after seconds, with its reason', async () => {
    rig.memory.trouble = 'the last write failed: database or disk is full (SQLITE_FULL)'
    await pass(2 * SECOND_MS)
    expect(ids()).toEqual([])
    await pass(3 * SECOND_MS)
    expect(alarm('registry_unavailable')).toMatchObject({
      severity: 'critical',
      text: expect.stringContaining('disk is full'),
    })
    rig.memory.trouble = undefined
    await pass(8 * SECOND_MS)
    expect(ids()).toEqual([])
  })

  test('lost audit entries are critical for an hour', async () => {
    rig.memory.appendAudit = () => Promise.reject(new Error('away'))
    const { audit } = rig.core.plane
    for (let n = 0; n < 1_003; n++) audit.note({ actor: 'gateway', action: 'tested', outcome: 'ok' })
    await pass(2 * SECOND_MS)
    expect(alarm('audit_lost')).toMatchObject({ severity: 'critical', detail: { lost: 3 } })
    await pass(HOUR_MS + MINUTE_MS)
    expect(ids()).toEqual([])
  })

  test('a registry that falls behind keeps its alarm until it has caught up', async () => {
    rig.surroundings.waiting = ALARM_LIMITS.registryWaiting
    await pass(32 * SECOND_MS)
    rig.surroundings.waiting = ALARM_LIMITS.registryWaiting - 1
    await pass(5 * MINUTE_MS)
    expect(ids()).toEqual(['registry_slow'])
    rig.surroundings.waiting = 3
    await pass(MINUTE_MS)
    expect(ids()).toEqual([])
  })

  test('lost log lines and dead letters are alarms for an hour after the last', async () => {
    rig.surroundings.lost = 3
    await rig.core.commands.fromBus({
      topic: 'fairlead/devices/d1/command/request/c1',
      payload: Buffer.from('{'),
      retained: false,
    })
    await pass(2 * SECOND_MS)
    expect(alarm('log_lines_lost')?.detail).toEqual({ lost: 3 })
    expect(alarm('dead_letters')).toMatchObject({ detail: { letters: 1, last_reason: expect.any(String) } })
    await pass(50 * MINUTE_MS)
    rig.surroundings.lost = 4
    await pass(20 * MINUTE_MS)
    expect(ids()).toEqual(['log_lines_lost'])
    expect(alarm('log_lines_lost')?.detail).toEqual({ lost: 1 })
    await pass(50 * MINUTE_MS)
    expect(ids()).toEqual([])
  })
})

describe('a device', () => {
  test('with two holders of its token is an alarm as long as its quarantine; releasing it ends both', async () => {
    await rig.register()
    for (const boot of ['a', 'b', 'a', 'b', 'a']) {
      await rig.ready('d1', { boot }, boot === 'a' ? '192.0.2.1' : '192.0.2.2')
      await pass(5 * SECOND_MS)
    }
    expect(alarms()).toMatchObject([{ id: 'device_quarantined:d1', device: 'd1', severity: 'warning' }])
    expect(alarm('device_quarantined')?.detail.addresses).toContain('192.0.2.2')
    await rig.core.fleet.updateDevice('d1', { enabled: false })
    await pass(2 * SECOND_MS)
    expect(ids()).toEqual([])
    await rig.core.fleet.updateDevice('d1', { enabled: true })
    await pass(2 * SECOND_MS)
    expect(ids()).toEqual(['device_quarantined:d1'])
    await rig.core.fleet.releaseDevice('d1')
    await pass(2 * SECOND_MS)
    expect(ids()).toEqual([])
    await pass(10 * MINUTE_MS)
    expect(logged('alarm')).toHaveLength(2) // what the two did is no restless device
  })

  test('that restarts over and over is told from one that loses its connection again and again', async () => {
    await comeAndGo('boots', 4, { boot: (n) => `b${n}` })
    await comeAndGo('drops', 6)
    await pass(2 * SECOND_MS)
    expect(ids().sort()).toEqual(['device_flapping:drops', 'device_restarting:boots'])
    expect(alarm('device_restarting')?.detail).toMatchObject({ ends: 4, boots: 4, last_reason: 'connection_lost' })
    await pass(11 * MINUTE_MS)
    expect(ids()).toEqual([])
  })

  test('that sends what cannot be taken, or logs too much, is told apart from one that loses on its way', async () => {
    const end = await rig.ready()
    for (let seq = 1; seq <= 12; seq++) end.send({ type: 'event', seq, name: 'e', data: 'x'.repeat(15_000) })
    await pass(2 * SECOND_MS)
    expect(alarm('device_losing')).toMatchObject({ detail: { missing: 0, refused: 12, dropped: 0 } })
    expect(alarm('device_losing')?.text).toContain('mend its firmware')
  })

  test('that sleeps and wakes every minute, or was sent away, is none', async () => {
    for (let n = 0; n < 8; n++) {
      const end = await rig.ready('sleeper', { boot: `b${n}` })
      end.send({ type: 'bye', sleepS: 60 })
      await pass(30 * SECOND_MS)
    }
    await comeAndGo('calm', 3)
    expect(logged('alarm')).toEqual([])
  })

  test('that overslept by minutes is an alarm until it is back, disabled or deleted', async () => {
    for (const id of ['a', 'b', 'c']) {
      const end = await rig.ready(id)
      end.send({ type: 'bye', sleepS: 60 })
      await settled()
    }
    await pass(2 * MINUTE_MS)
    expect(ids()).toEqual([])
    await pass(5 * MINUTE_MS)
    expect(ids()).toEqual(['device_overslept:a', 'device_overslept:b', 'device_overslept:c'])
    await rig.core.fleet.updateDevice('a', { enabled: false })
    await rig.core.fleet.deleteDevice('b')
    expect(ids()).toEqual(['device_overslept:c'])
    await rig.ready('c')
    await pass(2 * SECOND_MS)
    expect(ids()).toEqual([])
    await rig.core.fleet.updateDevice('a', { enabled: true })
    await pass(2 * SECOND_MS)
    expect(ids()).toEqual(['device_overslept:a'])
  })

  test('that loses messages is an alarm from the tenth on, until ten minutes have passed without', async () => {
    const end = await rig.ready()
    end.telemetry(1)
    end.telemetry(8)
    await pass(2 * SECOND_MS)
    expect(ids()).toEqual([])
    end.telemetry(20)
    await pass(2 * SECOND_MS)
    expect(alarms()).toMatchObject([{ id: 'device_losing:d1', detail: { missing: 17, refused: 0, dropped: 0 } }])
    expect(alarm('device_losing')?.text).toContain('outbox overflows')
    await pass(9 * MINUTE_MS)
    expect(ids()).toEqual(['device_losing:d1'])
    await pass(2 * MINUTE_MS)
    expect(ids()).toEqual([])
  })
})

test('of many alarms of one kind the first are shown, and one says how many more there are', async () => {
  const total = ALARM_LIMITS.perKindMax + 20
  for (let n = 0; n < total; n++) {
    const end = await rig.ready(`d${100 + n}`)
    end.send({ type: 'bye', sleepS: 60 })
  }
  await pass(10 * MINUTE_MS)
  expect(ids()).toHaveLength(ALARM_LIMITS.perKindMax + 1)
  expect(alarms().find(({ id }) => id === 'device_overslept/more')).toMatchObject({ count: 20, detail: { more: 20 } })
  expect(rig.core.plane.alarms.counts()).toEqual({ warning: total, critical: 0 })
  expect(logged('alarm')).toHaveLength(ALARM_LIMITS.perKindMax + 1)
  for (let n = 0; n < 30; n++) await rig.ready(`d${100 + n}`)
  await pass(3 * SECOND_MS)
  expect(rig.core.plane.alarms.counts()).toEqual({ warning: total - 30, critical: 0 })
  expect(ids()).not.toContain('device_overslept/more')
})

test('the worst come first, and can be asked for by severity, kind and device', async () => {
  rig.surroundings.lost = 1
  await pass(10 * SECOND_MS)
  rig.bus.trouble = 'gone'
  await pass(10 * SECOND_MS)
  const { alarms: board } = rig.core.plane
  expect(ids()).toEqual(['bus_unavailable', 'log_lines_lost'])
  expect(board.list({ severity: 'warning' })).toMatchObject([{ kind: 'log_lines_lost' }])
  expect(board.list({ kind: 'bus_unavailable' })).toHaveLength(1)
  expect(board.list({ device: 'd1' })).toEqual([])
})
