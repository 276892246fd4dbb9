import { beforeEach, describe, expect, test } from 'vitest'
import { encodeBinary } from '../../protocol/binary.ts'
import { CoreRig } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})

describe('hello comes first [S-1] [S-2]', () => {
  test('welcome answers it and makes the session ready [S-3]', async () => {
    const device = await rig.ready()
    expect(device.link.messages).toEqual([
      {
        type: 'welcome',
        session: 1,
        now: rig.clock.wallMs(),
        acked: undefined,
        limits: {
          frameBytes: 65_536,
          payloadBytes: 14_336,
          points: 100,
          windowMessages: 64,
          windowBytes: 32_768,
          messagesPerS: 50,
          burst: 200,
          pingIntervalMs: 18_000,
          pongTimeoutMs: 8_000,
        },
      },
    ])
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'online', session: 1, reason: 'connected' })
    expect(rig.core.sessions.online).toBe(1)
  })

  test.each([
    ['telemetry', '{"type":"telemetry","seq":1,"points":[{"values":{"a":1}}]}'],
    ['something that is not JSON', 'hello'],
    ['a hello without a boot', '{"type":"hello","firmware":"1","model":"m","capabilities":[]}'],
  ])('%s instead ends with 4015, and the device is not shown as online', async (_, frame) => {
    await rig.register()
    const device = rig.open()
    device.text(frame)
    await settled()
    expect(device.link.closedWith).toBe(4015)
    expect(rig.bus.on('/telemetry')).toEqual([])
    expect(rig.core.presence.of('d1').reason).toBe('never_connected')
    expect(rig.core.sessions.size).toBe(0)
  })

  test('a binary frame instead ends with 4015', async () => {
    await rig.register()
    const device = rig.open()
    device.binary(encodeBinary(1, 'cam', new Uint8Array(1)))
    expect(device.link.closedWith).toBe(4015)
  })

  test('the device is introduced on the bus with what it said, and its token counts as used [U-4]', async () => {
    const tokenId = await rig.register()
    await rig.core.fleet.updateDevice('d1', { tags: ['roof'] })
    const device = rig.open('d1', tokenId)
    device.hello({ firmware: '2.0.0', capabilities: ['commands'], nextWakeS: 60 })
    await settled()
    const info = rig.bus.on('/info').at(-1)
    expect(info?.retain).toBe(true)
    expect(info?.json).toMatchObject({
      model: 'greenhouse',
      firmware: '2.0.0',
      tags: ['roof'],
      capabilities: ['commands'],
    })
    expect(rig.memory.devices.get('d1')).toMatchObject({ firmware: '2.0.0' })
    expect(rig.memory.tokens.get(`d1/${tokenId}`)?.lastUsedAtMs).toBe(rig.clock.wallMs())
  })

  test('a store that cannot keep that does not stop the session', async () => {
    rig.memory.fail('updateDevice')
    const device = await rig.ready()
    expect(device.link.of('welcome')).toHaveLength(1)
    expect(rig.log.at('warn')).toEqual(['device not updated'])
  })
})

describe('the credential is checked again at hello [K-6]', () => {
  test.each<[number, string, (tokenId: string) => Promise<unknown>]>([
    [4500, 'revoked', (tokenId) => rig.memory.revokeToken('d1', tokenId, 1)],
    [4503, 'disabled', () => rig.memory.updateDevice('d1', { enabled: false })],
    [4521, 'deleted', () => rig.memory.deleteDevice('d1')],
    [
      4001,
      'expired',
      async (id) => rig.memory.tokens.set(`d1/${id}`, { id, device: 'd1', createdAtMs: 0, expiresAtMs: 1 }),
    ],
    [4500, 'gone', async (id) => rig.memory.tokens.delete(`d1/${id}`)],
  ])('%i when it was %s after the handshake', async (code, _, change) => {
    const tokenId = await rig.register()
    const device = rig.open('d1', tokenId)
    await change(tokenId)
    device.hello()
    await settled()
    expect(device.link.closedWith).toBe(code)
    expect(device.link.of('welcome')).toEqual([])
  })

  test('1011 when the store cannot say', async () => {
    await rig.register()
    rig.memory.fail('credential')
    const device = rig.open()
    device.hello()
    await settled()
    expect(device.link.closedWith).toBe(1011)
    expect(rig.log.at('error')).toEqual(['session not opened'])
  })
})

describe('frames between hello and welcome', () => {
  test('are kept in their order', async () => {
    await rig.register()
    const release = rig.memory.hold('nextSession')
    const device = rig.open()
    device.hello()
    device.telemetry(1)
    device.binary(encodeBinary(2, 'cam', new Uint8Array([1])))
    device.telemetry(3)
    await settled()
    expect(rig.bus.on('/telemetry')).toEqual([])
    release()
    await settled()
    expect(rig.bus.publishes.filter(({ topic }) => topic.includes('/telemetry')).map(({ topic }) => topic)).toEqual([
      'fairlead/devices/d1/telemetry',
      'fairlead/devices/d1/telemetry/cam',
      'fairlead/devices/d1/telemetry',
    ])
    expect(device.link.messages[0]?.type).toBe('welcome')
    await rig.clock.advance(50)
    expect(device.link.acks.at(-1)).toBe(3)
  })

  test('are bounded by the window in number [A-2]', async () => {
    await rig.register()
    rig.memory.hold('nextSession')
    const device = rig.open()
    device.hello()
    for (let seq = 1; seq <= 64; seq++) device.telemetry(seq)
    expect(device.link.closedWith).toBeUndefined()
    device.telemetry(65)
    expect(device.link.closedWith).toBe(4013)
  })

  test('and in bytes, though one alone may be larger', async () => {
    await rig.register()
    rig.memory.hold('nextSession')
    const device = rig.open()
    device.hello()
    device.binary(encodeBinary(1, 'cam', new Uint8Array(60_000)))
    expect(device.link.closedWith).toBeUndefined()
    device.telemetry(2)
    expect(device.link.closedWith).toBe(4013)
  })

  test('end with the session: what follows a bye is not taken [S-6]', async () => {
    await rig.register()
    const release = rig.memory.hold('nextSession')
    const device = rig.open()
    device.hello()
    device.telemetry(1)
    device.send({ type: 'bye' })
    device.telemetry(2)
    release()
    await settled()
    expect(rig.bus.on('/telemetry')).toHaveLength(1)
    expect(device.link.closedWith).toBe(1000)
  })
})

describe('a connection that ends early', () => {
  test.each(['credential', 'nextSession'] as const)(
    'while its hello waits for %s: nothing is left of it',
    async (method) => {
      await rig.register()
      const release = rig.memory.hold(method)
      const device = rig.open()
      device.hello()
      await settled()
      device.vanish()
      release()
      await settled()
      expect(device.link.messages).toEqual([])
      expect(rig.core.sessions.size).toBe(0)
      expect(rig.core.presence.of('d1').reason).toBe('never_connected')
    },
  )

  test('too slow for its own welcome: it is offline again, and not introduced', async () => {
    await rig.register()
    const device = rig.open()
    device.link.slow = true
    device.hello()
    await settled()
    expect(device.link.closedWith).toBe(4008)
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'offline', reason: 'slow_consumer' })
    expect(rig.bus.on('/info')).toEqual([])
  })
})

describe('a newer connection of the same device [S-5]', () => {
  test('replaces the older one: bye 4009, and no offline between [P-8]', async () => {
    const older = await rig.ready()
    const newer = await rig.ready()
    expect(older.link.closedWith).toBe(4009)
    expect(newer.link.of('welcome')[0]?.session).toBe(2)
    older.vanish()
    await settled()
    const shown = rig.bus.on('d1/availability').map(({ json }) => `${json.state} ${json.session}`)
    expect(shown).toEqual(['offline 0', 'online 1', 'online 2'])
    expect(rig.core.sessions.size).toBe(1)
  })

  test('what the older one still sends is ignored, and not acknowledged', async () => {
    const older = await rig.ready()
    await rig.ready()
    const before = rig.bus.publishes.length
    older.telemetry(1)
    older.send({ type: 'log', level: 'info', text: 'late' })
    older.pong()
    await settled()
    expect(rig.bus.publishes).toHaveLength(before)
    expect(older.link.acks).toEqual([])
  })

  test('of two hellos at once the higher number stays, whichever was faster', async () => {
    await rig.register()
    const release = rig.memory.hold('nextSession')
    const late = rig.open()
    late.hello() // has number 1, and waits for it
    await settled()
    rig.memory.pass('nextSession')
    const fast = rig.open()
    fast.hello()
    await settled()
    expect(fast.link.of('welcome')[0]?.session).toBe(2)
    release()
    await settled()
    expect([late.link.closedWith, fast.link.closedWith]).toEqual([4009, undefined])
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'online', session: 2 })
  })

  test('that is gone already still counts: a slower one with a lower number does not come after it [S-4]', async () => {
    await rig.register()
    const release = rig.memory.hold('nextSession')
    const slow = rig.open()
    slow.hello()
    await settled()
    rig.memory.pass('nextSession')
    const fast = rig.open()
    fast.hello()
    await settled()
    expect(fast.link.of('welcome')).toMatchObject([{ session: 2 }])
    fast.vanish()
    release()
    await settled()
    expect(slow.link.of('welcome')).toEqual([])
    expect(slow.link.closedWith).toBe(4009)
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'offline', session: 2 })
  })

  test('waits with welcome until the messages of the older one have settled', async () => {
    const older = await rig.ready()
    rig.holdTelemetry()
    older.telemetry(1)
    older.telemetry(2)
    const newer = await rig.ready()
    await rig.clock.advance(500)
    expect(newer.link.messages).toEqual([])
    rig.bus.confirmAll()
    await rig.clock.advance(20)
    expect(newer.link.of('welcome')[0]?.acked).toBe(2)
  })

  test('waits 2 s at most: the messages are known either way, and acknowledged to it', async () => {
    const older = await rig.ready()
    rig.holdTelemetry()
    older.telemetry(1)
    const newer = await rig.ready()
    await rig.clock.advance(1_900)
    expect(newer.link.messages).toEqual([])
    await rig.clock.advance(200)
    expect(newer.link.of('welcome')[0]?.acked).toBe(0)
    newer.telemetry(1)
    rig.bus.confirmAll()
    await rig.clock.advance(50)
    expect(newer.link.acks).toEqual([1])
    expect(rig.bus.on('/telemetry')).toHaveLength(1)
  })

  test('that goes while it waits leaves the device offline', async () => {
    const older = await rig.ready()
    rig.holdTelemetry()
    older.telemetry(1)
    const newer = await rig.ready()
    newer.vanish()
    await rig.clock.advance(3_000)
    expect(newer.link.messages).toEqual([])
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'offline', session: 2, reason: 'connection_lost' })
  })
})

describe('the end of a session', () => {
  test('is shown with its reason, logged and counted [P-2]', async () => {
    const device = await rig.ready()
    await rig.clock.advance(1_234)
    device.vanish('closed_by_device')
    expect(rig.core.presence.of('d1')).toMatchObject({ state: 'offline', session: 1, reason: 'closed_by_device' })
    expect(rig.metrics.of('sessions_closed closed_by_device')).toBe(1)
    expect(rig.log.lines.find(({ message }) => message === 'session over')?.fields).toEqual({
      reason: 'closed_by_device',
      session: 1,
      livedMs: 1_234,
    })
  })

  test('by bye with a sleep shows the device as sleeping [S-6] [P-6]', async () => {
    const device = await rig.ready()
    device.send({ type: 'bye', sleepS: 600 })
    expect(device.link.closes).toEqual([{ code: 1000, reason: 'bye' }])
    expect(rig.core.presence.of('d1')).toMatchObject({
      state: 'sleeping',
      reason: 'sleep',
      wakeAtMs: rig.clock.wallMs() + 600_000,
    })
  })

  test('of one that floods pings is 4013 [S-7]', async () => {
    const device = await rig.ready()
    for (let i = 0; i <= 100; i++) device.ping()
    expect(device.link.closedWith).toBe(4013)
  })
})
