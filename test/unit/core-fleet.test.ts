import { beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../gateway/core/errors.ts'
import { CoreRig } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})

describe('a new device', () => {
  test('has an id, a token that is shown this once, and is offline', async () => {
    const { device, token } = await rig.core.fleet.createDevice({ id: 'greenhouse-1', model: 'm1', tags: ['roof'] })
    expect(device).toMatchObject({ id: 'greenhouse-1', model: 'm1', tags: ['roof'], enabled: true })
    expect(device.presence).toMatchObject({ state: 'offline', reason: 'never_connected' })
    expect(token).toEqual({
      id: 'id-1',
      device: 'greenhouse-1',
      expiresAtMs: undefined,
      token: 'signed~greenhouse-1~id-1~',
    })
    expect(rig.bus.on('greenhouse-1/availability')).toHaveLength(1)
  })

  test('gets an id when none is given', async () => {
    expect((await rig.core.fleet.createDevice({})).device.id).toBe('id-1')
  })

  test.each(['with space', '.hidden', 'a/b', 'a+', '#', 'x'.repeat(65), '', 'nul\0'])(
    'cannot be called %j [N-1]',
    async (id) => {
      await expect(rig.core.fleet.createDevice({ id })).rejects.toMatchObject({ code: 'bad_request' })
    },
  )

  test('cannot have the id of another', async () => {
    await rig.register()
    await expect(rig.register()).rejects.toMatchObject({ code: 'device_exists' })
  })

  test('does not exist when its token cannot be signed', async () => {
    rig.tokens.broken = true
    await expect(rig.register()).rejects.toThrow('key file')
    expect(rig.memory.devices.size).toBe(0)
  })
})

describe('what an operator sees', () => {
  test('presence and counters of a device', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    await settled()
    const view = await rig.core.fleet.device('d1')
    expect(view.presence).toMatchObject({ state: 'online', session: 1 })
    expect(view.counters).toMatchObject({ connects: 1, received: 1, published: 1, refused: 0 })
    expect(await rig.core.fleet.lastValues('d1')).toEqual({ temp: 21.5 })
  })

  test('pages of devices, by id', async () => {
    for (const id of ['c', 'a', 'b']) await rig.register(id)
    const first = await rig.core.fleet.listDevices({ limit: 2 })
    expect(first.items.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(first.next).toBe('b')
    const second = await rig.core.fleet.listDevices({ limit: 2, after: first.next })
    expect(second).toMatchObject({ items: [{ id: 'c' }], next: undefined })
  })

  test('pages of commands, newest first', async () => {
    await rig.register()
    for (const name of ['one', 'two', 'three']) await rig.core.fleet.submitCommand('d1', { name })
    const first = await rig.core.fleet.listCommands('d1', { limit: 2 })
    expect(first.items.map(({ name }) => name)).toEqual(['three', 'two'])
    const second = await rig.core.fleet.listCommands('d1', { limit: 2, before: first.next })
    expect(second).toMatchObject({ items: [{ name: 'one' }], next: undefined })
  })

  test('nothing of a device that does not exist', async () => {
    const { fleet } = rig.core
    const asked = [
      () => fleet.device('x'),
      () => fleet.updateDevice('x', { model: 'm' }),
      () => fleet.deleteDevice('x'),
      () => fleet.issueToken('x', {}),
      () => fleet.listTokens('x'),
      () => fleet.lastValues('x'),
      () => fleet.listCommands('x', { limit: 1 }),
    ]
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'device_not_found' })
    await expect(fleet.command('x')).rejects.toMatchObject({ code: 'command_not_found' })
    await expect(fleet.revokeToken('x', 'y')).rejects.toMatchObject({ code: 'token_not_found' })
  })
})

describe('tokens', () => {
  test('a device has at most two live ones [K-4]', async () => {
    await rig.register()
    const second = await rig.core.fleet.issueToken('d1', { expiresInS: 60 })
    expect(second.expiresAtMs).toBe(rig.clock.wallMs() + 60_000)
    await expect(rig.core.fleet.issueToken('d1', {})).rejects.toMatchObject({ code: 'too_many_tokens' })
    await rig.clock.advance(60_000)
    await rig.core.fleet.issueToken('d1', {})
    expect(await rig.core.fleet.listTokens('d1')).toHaveLength(3)
  })

  test('revoking one closes the socket that uses it with 4500 at once, and no other [K-5]', async () => {
    const device = await rig.ready()
    const { id } = await rig.core.fleet.issueToken('d1', {})
    await rig.core.fleet.revokeToken('d1', id)
    expect(device.link.closes).toEqual([])
    await rig.core.fleet.revokeToken('d1', rig.tokenOf.get('d1') ?? '')
    expect(device.link.of('bye')).toMatchObject([{ code: 4500, reconnect: false }])
    expect(device.link.closedWith).toBe(4500)
  })
})

describe('what changes a device closes its sockets at once, ready or not [K-5]', () => {
  const actions: [number, string, () => Promise<unknown>][] = [
    [4500, 'revoked', () => rig.core.fleet.revokeToken('d1', rig.tokenOf.get('d1') ?? '')],
    [4503, 'disabled', () => rig.core.fleet.updateDevice('d1', { enabled: false })],
    [4521, 'deleted', () => rig.core.fleet.deleteDevice('d1')],
  ]
  beforeEach(async () => {
    await rig.register()
  })

  test.each(actions)('%i for a ready session when %s', async (code, _, act) => {
    const device = await rig.ready()
    await act()
    expect(device.link.closedWith).toBe(code)
  })

  test.each(actions)('%i before hello when %s', async (code, _, act) => {
    const device = rig.open('d1', rig.tokenOf.get('d1'))
    await act()
    expect(device.link.closedWith).toBe(code)
    expect(rig.core.sessions.size).toBe(0)
  })

  test.each(actions)('%i between hello and welcome when %s', async (code, _, act) => {
    const release = rig.memory.hold('nextSession')
    const device = rig.open('d1', rig.tokenOf.get('d1'))
    device.hello()
    await settled()
    await act()
    release()
    await settled()
    expect(device.link.closedWith).toBe(code)
    expect(device.link.of('welcome')).toEqual([])
    expect(rig.core.presence.of('d1').state).toBe('offline')
  })

  test('another device does not notice', async () => {
    const other = await rig.ready('d2')
    for (const [, , act] of actions) await act()
    expect(other.link.closes).toEqual([])
  })
})

describe('an update', () => {
  test('of tags and model leaves the session alone, and is shown on the bus [U-4]', async () => {
    const device = await rig.ready()
    expect(await rig.core.fleet.updateDevice('d1', { tags: ['new'] })).toMatchObject({ tags: ['new'] })
    expect(device.link.closes).toEqual([])
    expect(rig.bus.on('d1/info').at(-1)).toMatchObject({ retain: true, json: { tags: ['new'], model: 'greenhouse' } })
  })

  test('that the bus does not take is logged', async () => {
    await rig.register()
    rig.bus.refuses = () => new GatewayError('bus_full')
    await rig.core.fleet.updateDevice('d1', { tags: ['new'] })
    await settled()
    expect(rig.log.at('warn')).toEqual(['info not published'])
  })

  test('at a start every device is shown again [U-9]', async () => {
    for (let i = 0; i < 401; i++) await rig.register(`d${i}`)
    await rig.core.info.restore()
    expect(new Set(rig.bus.on('/info').map(({ topic }) => topic)).size).toBe(401)
  })
})

describe('deleting a device', () => {
  const cleared = () =>
    rig.bus.publishes.filter(({ payload, retain }) => payload === '' && retain).map(({ topic }) => topic)

  test('clears its retained topics, last of all [U-6]', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    await rig.duty('last values')
    await rig.core.fleet.deleteDevice('d1')
    await settled()
    expect(cleared().sort()).toEqual(
      ['availability', 'info', 'shadow', 'state'].map((end) => `fairlead/devices/d1/${end}`),
    )
    for (const end of ['/availability', '/info', '/state']) expect(rig.bus.on(end).at(-1)?.payload).toBe('')
  })

  test('also when its introduction is being written at that moment', async () => {
    await rig.register()
    const releaseUsed = rig.memory.hold('markTokenUsed')
    const device = await rig.ready('d1')
    await rig.core.fleet.deleteDevice('d1')
    releaseUsed()
    await settled()
    expect(device.link.closedWith).toBe(4521)
    expect(rig.bus.on('/info').at(-1)?.payload).toBe('')
  })

  test('and while the bus is away', async () => {
    await rig.register()
    rig.holdAll()
    await rig.ready('d1')
    await rig.core.fleet.deleteDevice('d1')
    for (let i = 0; i < 5; i++) {
      rig.bus.confirmAll()
      await settled()
    }
    expect(rig.bus.on('/availability').at(-1)?.payload).toBe('')
  })

  test('forgets all of it: one of the same id begins anew', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    await settled()
    await rig.core.fleet.deleteDevice('d1')
    await settled()
    rig.tokenOf.delete('d1')
    const again = await rig.ready()
    expect(again.link.of('welcome')[0]?.acked).toBeUndefined()
    expect(await rig.core.fleet.lastValues('d1')).toEqual({})
    expect((await rig.core.fleet.device('d1')).counters).toMatchObject({ received: 0, connects: 1 })
  })

  test('what the bus confirms of it later is counted for all, and for no device of that id', async () => {
    const device = await rig.ready()
    rig.holdAll()
    device.telemetry(1)
    await settled()
    await rig.core.fleet.deleteDevice('d1')
    rig.bus.confirmAll()
    await settled()
    expect(rig.core.counters.of('d1').published).toBe(0)
    expect(rig.core.counters.totals.published).toBe(1)
  })

  test('a topic that cannot be cleared is logged', async () => {
    await rig.register()
    rig.bus.refuses = () => new GatewayError('bus_full')
    await rig.core.fleet.deleteDevice('d1')
    await settled()
    expect(rig.log.at('warn')).toEqual(['not cleared', 'not cleared', 'not cleared', 'not cleared'])
  })
})
