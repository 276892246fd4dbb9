import { beforeEach, describe, expect, test } from 'vitest'
import type { CommandRecord } from '../../gateway/core/command-machine.ts'
import { GatewayError } from '../../gateway/core/errors.ts'
import { CoreRig, topics } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})

async function submit(device = 'd1', once?: { key: string; request: string }): Promise<string> {
  const { id } = await rig.core.fleet.submitCommand(device, { name: 'valve.open' }, once)
  await settled()
  return id
}
const deadLetters = () => rig.bus.on('/dead-letter').map(({ json }) => json)

/** The device comes, takes its commands and is lost again without a word. */
async function comeAndFall() {
  const device = await rig.ready()
  await settled()
  device.vanish()
  await settled()
  return device
}

describe('a command that is sent again and again [C-20]', () => {
  test('is given up after ten sessions without an answer: unknown, with the reason, on bus, REST and as a dead letter', async () => {
    await rig.register()
    const id = await submit()
    const sentIn = []
    for (let i = 0; i < 12; i++) sentIn.push((await comeAndFall()).link.of('command').length)
    expect(sentIn).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0])
    const command = await rig.core.fleet.command(id)
    expect(command).toMatchObject({ state: 'unknown', deliveries: 10, error: { code: 'too_many_deliveries' } })
    const response = { state: 'unknown', error: { code: 'too_many_deliveries' } }
    expect(rig.bus.on(`/response/${id}`).map(({ json }) => json)).toMatchObject([response])
    expect(deadLetters()).toMatchObject([{ device: 'd1', command: id, reason: 'too_many_deliveries' }])
    expect(rig.metrics.of('dead_letters too_many_deliveries')).toBe(1)
  })

  test('does not block the next: its lane is free at once', async () => {
    await rig.register()
    for (let i = 0; i < 8; i++) await submit()
    for (let i = 0; i < 10; i++) await comeAndFall()
    const next = await submit()
    const device = await rig.ready()
    await settled()
    expect(device.link.of('command').map(({ id }) => id)).toEqual([next])
  })

  test('counts no session in which the device answered', async () => {
    await rig.register()
    const id = await submit()
    for (let i = 0; i < 9; i++) await comeAndFall()
    const device = await rig.ready()
    device.send({ type: 'accepted', id })
    await settled()
    device.vanish()
    for (let i = 0; i < 5; i++) expect((await comeAndFall()).link.of('command')).toHaveLength(1)
    expect((await rig.core.fleet.command(id)).state).toBe('accepted')
  })
})

describe('cancelling one that was sent [C-16]', () => {
  test('to a device that is away goes out with the command when it is back, in each session until it ends', async () => {
    const first = await rig.ready()
    const id = await submit()
    first.vanish()
    await expect(rig.core.fleet.cancelCommand(id)).rejects.toMatchObject({ code: 'command_in_flight' })
    expect(await rig.core.fleet.command(id)).toMatchObject({ state: 'sent', cancelAskedAtMs: rig.clock.wallMs() })
    const second = await rig.ready()
    await settled()
    expect(second.link.messages.map(({ type }) => type).filter((type) => /^c/.test(type))).toEqual([
      'command',
      'cancel',
    ])
    second.send({ type: 'result', id, ok: false, error: { code: 'cancelled', message: 'stopped' } })
    await settled()
    expect((await rig.core.fleet.command(id)).state).toBe('cancelled')
    second.vanish()
    expect((await rig.ready()).link.of('cancel')).toEqual([])
  })

  test('survives a restart of the gateway', async () => {
    await rig.ready()
    const id = await submit()
    await rig.core.fleet.cancelCommand(id).catch(() => {})
    rig = new CoreRig({ after: rig })
    const device = await rig.ready()
    await settled()
    expect(device.link.of('cancel')).toEqual([{ type: 'cancel', id }])
  })
})

describe('who waits for the end of a command', () => {
  test('is told once, when it ends, whatever ends it', async () => {
    const device = await rig.ready()
    const heard: string[] = []
    const listen = (id: string) => rig.core.fleet.onCommandEnd(id, ({ state }) => void heard.push(state))
    const ids = [await submit(), await submit(), await submit()]
    ids.forEach(listen)
    device.send({ type: 'accepted', id: ids[0] ?? '' })
    await settled()
    expect(heard).toEqual([])
    device.send({ type: 'result', id: ids[0] ?? '', ok: true })
    await settled()
    await rig.clock.advance(3_600_000)
    await rig.duty('due commands')
    expect(heard).toEqual(['succeeded', 'unknown', 'unknown'])
  })

  test('is not told any more once it does not wait', async () => {
    await rig.register()
    const id = await submit()
    const heard: CommandRecord[] = []
    rig.core.fleet.onCommandEnd(id, (command) => heard.push(command))()
    await rig.core.fleet.cancelCommand(id)
    expect(heard).toEqual([])
  })

  test('hears that the device was deleted, and so does the bus [C-22]', async () => {
    await rig.ready()
    const id = await submit()
    const heard: CommandRecord[] = []
    rig.core.fleet.onCommandEnd(id, (command) => heard.push(command))
    await rig.core.fleet.deleteDevice('d1')
    await settled()
    expect(heard).toMatchObject([{ state: 'cancelled', error: { code: 'device_deleted' } }])
    const last = rig.bus.on(`/response/${id}`).at(-1)?.json
    expect(last).toMatchObject({ state: 'cancelled', error: { code: 'device_deleted' } })
  })
})

describe('a device that is deleted [C-22]', () => {
  test('while its answer is being stored shows one end only', async () => {
    const device = await rig.ready()
    const id = await submit()
    device.send({ type: 'result', id, ok: true })
    await rig.core.fleet.deleteDevice('d1')
    await settled()
    const ends = rig.bus.on(`/response/${id}`).map(({ json }) => json.state)
    expect(new Set(ends)).toEqual(new Set(['succeeded']))
  })

  test('while the bus is away still shows how its commands ended', async () => {
    const device = await rig.ready()
    const id = await submit()
    rig.bus.refuses = () => new GatewayError('bus_full')
    device.send({ type: 'result', id, ok: true })
    await settled()
    rig.bus.refuses = () => undefined
    await rig.core.fleet.deleteDevice('d1')
    await settled()
    expect(rig.bus.on(`/response/${id}`).at(-1)?.json).toMatchObject({ state: 'succeeded' })
  })
})

describe('a request that is repeated', () => {
  test('gives the same command, and is delivered once', async () => {
    const device = await rig.ready()
    const once = { key: 'k', request: 'r' }
    const ids = [await submit('d1', once), await submit('d1', once)]
    expect(ids[1]).toBe(ids[0])
    expect(device.link.of('command')).toHaveLength(1)
    await expect(submit('d1', { ...once, request: 'other' })).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  })

  test('for a device or a token is told that it was shown [K-1]', async () => {
    const { fleet } = rig.core
    const once = (key: string) => ({ key, request: 'r' })
    await fleet.createDevice({ id: 'd1' }, once('a'))
    await expect(fleet.createDevice({ id: 'd1' }, once('a'))).rejects.toMatchObject({ code: 'already_shown' })
    await fleet.issueToken('d1', {}, once('b'))
    await expect(fleet.issueToken('d1', {}, once('b'))).rejects.toMatchObject({ code: 'already_shown' })
    expect(await fleet.listTokens('d1')).toHaveLength(2)
  })
})

describe('what cannot be taken from the bus [C-21]', () => {
  const request = async (topic: string, text: string, retained = false) => {
    await rig.core.commands.fromBus({ topic, payload: Buffer.from(text), retained })
    await settled()
  }

  test('becomes a dead letter with its reason, on the bus and for operators', async () => {
    await rig.register()
    await request(topics.commandRequest('d1', 'c1'), '{')
    await request(topics.commandRequest('nobody', 'c2'), '{"name":"x"}')
    await request('fairlead/devices/a+b/command/request/c3', '{"name":"x"}')
    await request(topics.commandRequest('d1', 'c4'), `{"name":"x","params":"${'x'.repeat(20_000)}"}`)
    expect(deadLetters()).toMatchObject([
      { reason: 'bad_request', device: 'd1', command: 'c1', payload: '{', bytes: 1 },
      { reason: 'device_not_found', device: 'nobody', command: 'c2' },
      { reason: 'bad_topic', topic: 'fairlead/devices/a+b/command/request/c3' },
      { reason: 'too_large', bytes: 20_024 },
    ])
    expect(rig.bus.on('/dead-letter').every(({ retain }) => !retain)).toBe(true)
    const { items, next } = await rig.core.fleet.deadLetters({ limit: 3 })
    expect(items.map(({ reason }) => reason)).toEqual(['too_large', 'bad_topic', 'device_not_found'])
    expect(items[0]?.payload).toHaveLength(1_024)
    expect(await rig.core.fleet.deadLetters({ limit: 3, before: next })).toMatchObject({ items: [{ command: 'c1' }] })
  })

  test('in a flood is counted, but not kept', async () => {
    for (let i = 0; i < 200; i++) await request(topics.commandRequest('d1', `c${i}`), '{')
    expect(rig.metrics.of('dead_letters bad_request')).toBe(200)
    expect(rig.metrics.of('messages_dropped dead_letter_rate')).toBe(150)
    expect(rig.memory.letters).toHaveLength(50)
  })

  test('is no dead letter when it is retained, or the same request again', async () => {
    await rig.register()
    await request(topics.commandRequest('d1', 'c1'), '{', true)
    await request(topics.commandRequest('d1', 'c2'), '{"name":"x"}')
    await request(topics.commandRequest('d1', 'c2'), '{"name":"x"}')
    expect(deadLetters()).toEqual([])
  })
})
