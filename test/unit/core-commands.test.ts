import { beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../gateway/core/errors.ts'
import { CoreRig, type DeviceEnd, topics } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})

const VALVE = { name: 'valve.open', params: { percent: 100 } }
async function submit(request: object = VALVE, device = 'd1'): Promise<string> {
  const { id } = await rig.core.fleet.submitCommand(device, request)
  await settled()
  return id
}
/** The states that the bus showed for a command, in their order. */
const shown = (id: string) => rig.bus.on(`/command/status/${id}`).map(({ json }) => json.state)
const response = (id: string) => rig.bus.on(`/command/response/${id}`).at(-1)?.json
const sentTo = (device: DeviceEnd) => device.link.of('command').map(({ id }) => id)
const stateOf = async (id: string) => (await rig.core.fleet.command(id)).state

async function request(
  id: string,
  payload: unknown,
  options: { retained?: boolean; device?: string } = {},
): Promise<void> {
  const { retained = false, device = 'd1' } = options
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  await rig.core.commands.fromBus({ topic: topics.commandRequest(device, id), payload: Buffer.from(text), retained })
  await settled()
}

describe('the life of a command [C-2]', () => {
  test('queued, sent, accepted, running, succeeded: on the bus and in its record, in this order [C-11]', async () => {
    const device = await rig.ready()
    const id = await submit()
    expect(device.link.of('command')).toEqual([
      { type: 'command', id, name: 'valve.open', params: { percent: 100 }, expiresInMs: 3_600_000 },
    ])
    device.send({ type: 'accepted', id })
    device.send({ type: 'progress', id, percent: 40, text: 'opening' })
    await settled()
    device.send({ type: 'result', id, ok: true, data: { position: 100 } })
    await settled()
    const command = await rig.core.fleet.command(id)
    expect(command).toMatchObject({ state: 'succeeded', result: { position: 100 } })
    expect(command.history.map(({ state }) => state)).toEqual(['queued', 'sent', 'accepted', 'running', 'succeeded'])
    expect(shown(id)).toEqual(['queued', 'sent', 'accepted', 'running', 'running', 'succeeded'])
    expect(response(id)).toMatchObject({ id, state: 'succeeded', result: { position: 100 } })
    expect(rig.metrics.of('commands_changed succeeded')).toBe(1)
  })

  test('progress is news beside the state [C-10]', async () => {
    const device = await rig.ready()
    const id = await submit()
    device.send({ type: 'progress', id, percent: 40, text: 'opening' })
    await settled()
    expect(rig.bus.on(`/status/${id}`).at(-1)?.json).toEqual({
      id,
      state: 'running',
      at: rig.clock.wallMs(),
      progress: { percent: 40, text: 'opening' },
    })
  })

  test('a refusal by the device is rejected, with its reason [C-5]', async () => {
    const device = await rig.ready()
    const id = await submit()
    device.send({ type: 'result', id, ok: false, error: { code: 'unsupported', message: 'no such command' } })
    await settled()
    expect(response(id)).toMatchObject({ state: 'rejected', error: { code: 'unsupported' } })
  })

  test('a result that does not fit the bus still ends it [C-12]', async () => {
    const device = await rig.ready()
    const [large, growing] = [await submit(), await submit()]
    device.send({ type: 'result', id: large, ok: true, data: 'x'.repeat(15_000) })
    device.text(`{"type":"result","id":"${growing}","ok":true,"data":[${Array(1_000).fill('1e20')}]}`)
    await settled()
    for (const id of [large, growing]) {
      expect(response(id)).toMatchObject({ state: 'rejected', error: { code: 'result_too_large' } })
      expect(String(rig.bus.on(`/response/${id}`)[0]?.payload).length).toBeLessThan(16_384)
    }
  })

  test('an answer to a command that the device does not have changes nothing', async () => {
    await rig.ready('d2')
    const other = await submit(VALVE, 'd2')
    const device = await rig.ready()
    for (const id of ['never', other]) {
      device.send({ type: 'result', id, ok: true })
      device.send({ type: 'progress', id, percent: 1 })
    }
    await settled()
    expect(await stateOf(other)).toBe('sent')
    expect(rig.bus.publishes.filter(({ topic }) => topic.includes('devices/d1/command'))).toEqual([])
    expect(device.link.closes).toEqual([])
  })

  test('nothing is shown after the final state: neither a late progress, nor one that came just before', async () => {
    const device = await rig.ready()
    const id = await submit()
    device.send({ type: 'accepted', id })
    device.send({ type: 'progress', id, percent: 99 })
    device.send({ type: 'result', id, ok: true })
    device.send({ type: 'progress', id, percent: 100 })
    await settled()
    await rig.duty('command changes')
    await settled()
    expect(shown(id).at(-1)).toBe('succeeded')
    expect(shown(id).filter((state) => state === 'succeeded')).toHaveLength(1)
  })

  test('not even while the bus was away all the time', async () => {
    const device = await rig.ready()
    const id = await submit()
    rig.holdAll()
    for (const percent of [1, 2, 3]) {
      device.send({ type: 'progress', id, percent })
      await settled()
    }
    device.send({ type: 'result', id, ok: true })
    for (let i = 0; i < 10; i++) {
      await settled()
      rig.bus.confirmAll()
    }
    expect(shown(id).at(-1)).toBe('succeeded')
  })

  test('a store that fails ends the session: the device will be asked again', async () => {
    const device = await rig.ready()
    const id = await submit()
    rig.memory.fail('advanceCommand')
    device.send({ type: 'result', id, ok: true })
    await settled()
    expect(device.link.closedWith).toBe(1011)
    rig.memory.recover()
    const again = await rig.ready()
    expect(sentTo(again)).toEqual([id])
    again.send({ type: 'result', id, ok: true })
    await settled()
    expect(await stateOf(id)).toBe('succeeded')
  })
})

describe('delivery [C-3]', () => {
  test('a device that was offline gets its queue in the order of the requests', async () => {
    await rig.register()
    const ids = [await submit(), await submit(), await submit()]
    const device = await rig.ready('d1')
    expect(device.link.messages[0]?.type).toBe('welcome')
    expect(sentTo(device)).toEqual(ids)
  })

  test('at most 8 are sent and unfinished; a stuck one does not block the next [L-19]', async () => {
    const device = await rig.ready()
    const ids: string[] = []
    for (let i = 0; i < 12; i++) ids.push(await submit())
    expect(sentTo(device)).toEqual(ids.slice(0, 8))
    device.send({ type: 'result', id: ids[5] ?? '', ok: true })
    await settled()
    expect(sentTo(device)).toEqual(ids.slice(0, 9))
    device.send({ type: 'result', id: ids[2] ?? '', ok: false, error: { code: 'stuck', message: '' } })
    await settled()
    expect(sentTo(device)).toEqual(ids.slice(0, 10))
  })

  test('what was sent and is not final is sent again after each welcome [C-14]', async () => {
    const first = await rig.ready()
    const ids = [await submit(), await submit(), await submit()]
    first.send({ type: 'accepted', id: ids[0] ?? '' })
    first.send({ type: 'result', id: ids[1] ?? '', ok: true })
    await settled()
    const second = await rig.ready()
    expect(sentTo(second)).toEqual([ids[0], ids[2]])
    expect(shown(ids[2] ?? '')).toEqual(['queued', 'sent'])
  })

  test('within one session nothing is sent twice', async () => {
    const device = await rig.ready()
    const id = await submit()
    for (let i = 0; i < 5; i++) await submit()
    expect(sentTo(device).filter((one) => one === id)).toHaveLength(1)
  })

  test('expires_in_ms is the time left, never below 0 [C-13]', async () => {
    await rig.register()
    await submit({ ...VALVE, ttl_s: 60 })
    await submit({ ...VALVE, ttl_s: 1 })
    await rig.clock.advance(1_500)
    const device = await rig.ready('d1')
    expect(device.link.of('command').map(({ expiresInMs }) => expiresInMs)).toEqual([58_500, 0])
  })

  test('is tried again after a store that failed for a moment', async () => {
    const device = await rig.ready()
    rig.memory.fail('openCommands')
    const id = await submit()
    await submit()
    expect(sentTo(device)).toEqual([])
    expect(rig.log.at('error')).toEqual(['commands not delivered', 'commands not delivered'])
    expect(rig.clock.pending).toBe(1)
    rig.memory.recover()
    await rig.clock.advance(5_000)
    expect(sentTo(device)[0]).toBe(id)
    expect(rig.clock.pending).toBe(0)
  })

  test('sent is stored before the frame leaves: after a lost session it is sent again', async () => {
    const device = await rig.ready()
    const release = rig.memory.hold('advanceCommand')
    const id = await submit()
    device.vanish()
    release()
    await settled()
    expect(sentTo(device)).toEqual([])
    expect(await stateOf(id)).toBe('sent')
    expect(sentTo(await rig.ready())).toEqual([id])
  })

  test('one that was cancelled in the last moment is not sent', async () => {
    await rig.register()
    const id = await submit()
    const release = rig.memory.hold('openCommands')
    const device = await rig.ready('d1')
    release()
    rig.memory.commands.delete(id)
    await settled()
    expect(sentTo(device)).toEqual([])
  })

  test('a session forgets the ids of commands that time has ended', async () => {
    await rig.ready()
    const ids = [await submit({ ...VALVE, ttl_s: 1 }), await submit()]
    const session = rig.core.sessions.of('d1')
    expect([...(session?.sentCommands ?? [])]).toEqual(ids)
    await rig.clock.advance(1_000)
    await rig.duty('due commands')
    await settled()
    expect([...(session?.sentCommands ?? [])]).toEqual([ids[1]])
  })
})

describe('time limits', () => {
  test('one that was never sent is expired: it did not run [C-6]', async () => {
    await rig.register()
    const id = await submit({ ...VALVE, ttl_s: 60 })
    await rig.clock.advance(59_999)
    await rig.duty('due commands')
    expect(await stateOf(id)).toBe('queued')
    await rig.clock.advance(1)
    await rig.duty('due commands')
    await settled()
    expect(response(id)).toMatchObject({ state: 'expired' })
    expect(sentTo(await rig.ready('d1'))).toEqual([])
  })

  test('one that was sent is unknown; its late result is kept beside it [C-6] [C-8]', async () => {
    const device = await rig.ready()
    const id = await submit({ ...VALVE, timeout_s: 30 })
    device.send({ type: 'accepted', id })
    await settled()
    await rig.clock.advance(30_000)
    await rig.duty('due commands')
    await settled()
    expect(await stateOf(id)).toBe('unknown')
    device.send({ type: 'result', id, ok: true, data: 1 })
    await settled()
    expect(await rig.core.fleet.command(id)).toMatchObject({ state: 'unknown', lateResult: { ok: true, data: 1 } })
    expect(rig.bus.on(`/response/${id}`)).toHaveLength(1)
  })

  test('its end frees the lane for the next', async () => {
    const device = await rig.ready()
    for (let i = 0; i < 8; i++) await submit({ ...VALVE, ttl_s: 10 })
    const ninth = await submit()
    expect(sentTo(device)).toHaveLength(8)
    await rig.clock.advance(10_000)
    await rig.duty('due commands')
    await settled()
    expect(sentTo(device).at(-1)).toBe(ninth)
  })

  test('one sweep at a time', async () => {
    await rig.register()
    const id = await submit({ ...VALVE, ttl_s: 1 })
    await rig.clock.advance(1_000)
    const release = rig.memory.hold('dueCommands')
    const first = rig.duty('due commands')
    await rig.duty('due commands')
    release()
    await first
    expect((await rig.core.fleet.command(id)).history).toHaveLength(2)
  })
})

describe('cancelling [C-16]', () => {
  test('a command that was not sent is cancelled by the gateway alone', async () => {
    await rig.register()
    const id = await submit()
    expect(await rig.core.fleet.cancelCommand(id)).toMatchObject({ state: 'cancelled' })
    await settled()
    expect(response(id)).toMatchObject({ state: 'cancelled' })
    expect(await rig.core.fleet.cancelCommand(id)).toMatchObject({ state: 'cancelled' })
    expect(sentTo(await rig.ready('d1'))).toEqual([])
  })

  test('one that was sent is asked to stop; what the device says counts', async () => {
    const device = await rig.ready()
    const id = await submit()
    await expect(rig.core.fleet.cancelCommand(id)).rejects.toMatchObject({ code: 'command_in_flight' })
    expect(device.link.of('cancel')).toEqual([{ type: 'cancel', id }])
    device.send({ type: 'result', id, ok: false, error: { code: 'cancelled', message: 'stopped' } })
    await settled()
    expect(await stateOf(id)).toBe('cancelled')
  })

  test('of a device that is away says so too', async () => {
    const device = await rig.ready()
    const id = await submit()
    device.vanish()
    await expect(rig.core.fleet.cancelCommand(id)).rejects.toMatchObject({ code: 'command_in_flight' })
  })

  test('one that has ended, or never was, cannot be cancelled', async () => {
    const device = await rig.ready()
    const id = await submit()
    device.send({ type: 'result', id, ok: true })
    await settled()
    await expect(rig.core.fleet.cancelCommand(id)).rejects.toMatchObject({ code: 'command_final' })
    await expect(rig.core.fleet.cancelCommand('never')).rejects.toMatchObject({ code: 'command_not_found' })
  })
})

describe('a request from an operator', () => {
  test.each([
    ['bad_request', 'd1', {}],
    ['bad_request', 'd1', { name: 'valve', params: { text: 'x'.repeat(4_000) } }],
    ['bad_request', 'd1', null],
    ['device_not_found', 'nobody', VALVE],
  ])('is refused as %s', async (code, device, input) => {
    await rig.register()
    await expect(rig.core.fleet.submitCommand(device, input)).rejects.toMatchObject({ code })
  })

  test('is refused while 100 commands wait [L-19]', async () => {
    rig = new CoreRig({ limits: { commandsWaitingMax: 3 } })
    await rig.register()
    for (let i = 0; i < 3; i++) await submit()
    await expect(submit()).rejects.toMatchObject({ code: 'queue_full' })
  })

  test('rejects when the store fails, and when the device is deleted under it', async () => {
    await rig.register()
    rig.memory.fail('insertCommand')
    await expect(submit()).rejects.toMatchObject({ code: 'registry_unavailable' })
    rig.memory.recover()
    const release = rig.memory.hold('command')
    const submitted = rig.core.fleet.submitCommand('d1', VALVE)
    await settled()
    await rig.core.fleet.deleteDevice('d1')
    release()
    await expect(submitted).rejects.toMatchObject({ code: 'command_not_found' })
  })
})

describe('a request from the bus [C-9]', () => {
  test('is stored, then shown as queued, then delivered', async () => {
    const device = await rig.ready()
    await request('c1', VALVE)
    expect(sentTo(device)).toEqual(['c1'])
    expect(shown('c1')).toEqual(['queued', 'sent'])
  })

  test('that comes again changes nothing and shows the present state again', async () => {
    const device = await rig.ready()
    await request('c1', VALVE)
    await request('c1', VALVE)
    expect(shown('c1')).toEqual(['queued', 'sent', 'sent'])
    device.send({ type: 'result', id: 'c1', ok: true, data: 7 })
    await settled()
    await request('c1', VALVE)
    expect(rig.bus.on('/response/c1').map(({ json }) => json)).toEqual([
      { id: 'c1', state: 'succeeded', at: rig.clock.wallMs(), result: 7 },
      { id: 'c1', state: 'succeeded', at: rig.clock.wallMs(), result: 7 },
    ])
    expect(sentTo(device)).toEqual(['c1'])
  })

  test('with the id of another device is refused', async () => {
    await rig.ready('d2')
    await rig.ready()
    await request('c1', VALVE)
    await request('c1', VALVE, { device: 'd2' })
    expect(rig.bus.on('d2/command/response/c1')[0]?.json).toMatchObject({
      state: 'rejected',
      error: { code: 'command_exists' },
    })
    expect(rig.bus.on('d2/command/status/c1')).toEqual([])
  })

  test('that is retained is ignored', async () => {
    await rig.register()
    await request('c1', VALVE, { retained: true })
    expect(rig.memory.commands.size).toBe(0)
    expect(rig.bus.on('/c1')).toEqual([])
    expect(rig.metrics.of('bus_requests_refused retained')).toBe(1)
  })

  test.each([
    ['bad_request', 'd1', 'not json'],
    ['bad_request', 'd1', '{"name":"no spaces please"}'],
    ['bad_request', 'd1', '{"name":"valve","ttl_s":0}'],
    ['too_large', 'd1', `{"name":"valve","params":{"text":"${'x'.repeat(17_000)}"}}`],
    ['device_not_found', 'nobody', JSON.stringify(VALVE)],
  ])('that cannot be taken is answered as rejected with %s, and not stored', async (code, device, payload) => {
    await rig.register()
    await request('c1', payload, { device })
    expect(rig.bus.on(`${device}/command/response/c1`)[0]?.json).toMatchObject({
      id: 'c1',
      state: 'rejected',
      error: { code },
    })
    expect(rig.memory.commands.size).toBe(0)
    expect(rig.metrics.of(`bus_requests_refused ${code}`)).toBe(1)
  })

  test('is bad when it is not UTF-8', async () => {
    await rig.register()
    const topic = topics.commandRequest('d1', 'c1')
    await rig.core.commands.fromBus({ topic, payload: new Uint8Array([0x22, 0xff, 0x22]), retained: false })
    expect(response('c1')).toMatchObject({ error: { code: 'bad_request' } })
  })

  test.each([
    'fairlead/devices/d1/command/request/c1/more',
    'fairlead/devices/d1/command/request/%20',
    'other/devices/d1/command/request/c1',
  ])('on %s is counted and is a dead letter', async (topic) => {
    await rig.core.commands.fromBus({ topic, payload: Buffer.from('{}'), retained: false })
    expect(rig.metrics.of('bus_requests_refused bad_topic')).toBe(1)
    expect(rig.bus.publishes.map((one) => one.topic)).toEqual([topics.deadLetters('node-1')]) // [C-21]
  })

  test('rejects while the store cannot be used, so that the broker keeps it', async () => {
    await rig.register()
    rig.memory.fail('insertCommand')
    await expect(request('c1', VALVE)).rejects.toMatchObject({ code: 'registry_unavailable' })
    expect(rig.bus.on('/c1')).toEqual([])
  })

  test('whose refusal the bus does not take is logged', async () => {
    rig.bus.refuses = () => new GatewayError('bus_full')
    await request('c1', 'not json')
    expect(rig.log.at('warn')).toEqual(expect.arrayContaining(['refusal not published']))
  })
})

describe('changes on their way to the bus [C-11]', () => {
  test('that the bus did not confirm are published again, in their order', async () => {
    await rig.register()
    rig.bus.refuses = () => new GatewayError('bus_full')
    const id = await submit()
    await rig.core.fleet.cancelCommand(id)
    await settled()
    expect(rig.log.at('warn')).toContain('command changes not published')
    rig.bus.refuses = () => undefined
    await rig.duty('command changes')
    await settled()
    expect(shown(id)).toEqual(['queued', 'cancelled'])
    expect(rig.memory.changes.every(({ published }) => published)).toBe(true)
  })

  test('the status is on the bus before the response', async () => {
    await rig.register()
    const id = await submit()
    await rig.core.fleet.cancelCommand(id)
    await settled()
    const order = rig.bus.publishes.map(({ topic }) => topic.split('/')[4]).filter((kind) => kind !== undefined)
    expect(order).toEqual(['status', 'status', 'response'])
  })

  test('one that the bus will never take does not hold up the others', async () => {
    await rig.register()
    const [poison, next] = [await submit(), await submit()]
    rig.bus.refuses = (topic) => (topic.endsWith(`response/${poison}`) ? new GatewayError('bus_refused') : undefined)
    await rig.core.fleet.cancelCommand(poison)
    await rig.core.fleet.cancelCommand(next)
    await settled()
    expect(response(next)).toMatchObject({ state: 'cancelled' })
    expect(rig.memory.changes.every(({ published }) => published)).toBe(true)
    expect(rig.log.at('warn')).toEqual(['the bus refused a command change'])
  })

  test('those that are not confirmed at a stop are waited for, but not for ever', async () => {
    await rig.register()
    rig.holdAll()
    await submit()
    let stopped = false
    const settling = rig.core.changes.settled(1_000).then(() => {
      stopped = true
    })
    await rig.clock.advance(999)
    expect(stopped).toBe(false)
    await rig.clock.advance(1)
    await settling
    expect(rig.memory.changes.some(({ published }) => published)).toBe(false)
    rig.bus.confirms = () => true
    rig.bus.confirmAll()
    await settled()
    await rig.core.changes.settled(1_000)
    expect(rig.memory.changes.every(({ published }) => published)).toBe(true)
  })
})
