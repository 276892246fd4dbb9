import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { CommandFailed } from '../../simulator/command-runner.ts'
import { startTestGateway, type TestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'
import { onEachBus, shown } from './on-each-bus.ts'

const DEVICE = 'fairlead/devices/greenhouse-1'
const requestTopic = (id: string) => `${DEVICE}/command/request/${id}`
const statusTopic = (id: string) => `${DEVICE}/command/status/${id}`
const responseTopic = (id: string) => `${DEVICE}/command/response/${id}`

onEachBus('commands', (open) => {
  test('[C-2] a command by REST goes down and its result is in REST and on the bus, under one id', async () => {
    const { gateway, bus } = await open()
    await gateway.readyDevice('greenhouse-1', { commands: { vent: ({ params }) => ({ open: params.open }) } })
    const accepted = await gateway.api('POST', 'devices/greenhouse-1/commands', {
      name: 'vent',
      params: { open: true },
    })
    expect(accepted).toMatchObject({ status: 202, body: { state: expect.any(String), device: 'greenhouse-1' } })
    const { id } = accepted.body
    expect(accepted.headers.location).toBe(`/api/v1/commands/${id}`)
    expect(await shown(bus, responseTopic(id))).toMatchObject({ id, state: 'succeeded', result: { open: true } })
    const { body } = await gateway.api('GET', `commands/${id}`)
    expect(body).toMatchObject({ id, device: 'greenhouse-1', name: 'vent', state: 'succeeded', result: { open: true } })
    const states = ['queued', 'sent', 'accepted', 'succeeded']
    expect(body.history.map((line: { state: string }) => line.state)).toEqual(states)
    const statuses = bus.messages.filter((message) => message.topic === statusTopic(id))
    expect(statuses.map((message) => JSON.parse(message.text).state)).toEqual(states)
  })

  test('[C-9] a command by the bus is stored, delivered and answered under the id of its sender', async () => {
    const { gateway, bus } = await open()
    await gateway.readyDevice('greenhouse-1', { commands: { ping: () => 'pong' } })
    const id = randomUUID()
    await bus.publish(requestTopic(id), JSON.stringify({ name: 'ping' }))
    expect(await shown(bus, statusTopic(id))).toMatchObject({ id, state: 'queued' })
    expect(await shown(bus, responseTopic(id))).toMatchObject({ id, state: 'succeeded', result: 'pong' })
    expect((await gateway.api('GET', `commands/${id}`)).body).toMatchObject({ state: 'succeeded', result: 'pong' })
  })

  test('[C-9] the same request again runs nothing and gets the present state', async () => {
    const { gateway, bus } = await open()
    let runs = 0
    await gateway.readyDevice('greenhouse-1', { commands: { count: () => ++runs } })
    const id = randomUUID()
    await bus.publish(requestTopic(id), JSON.stringify({ name: 'count' }))
    await shown(bus, responseTopic(id))
    await bus.publish(requestTopic(id), JSON.stringify({ name: 'count' }))
    expect(await shown(bus, responseTopic(id))).toMatchObject({ state: 'succeeded', result: 1 })
    expect(runs).toBe(1)
  })

  test('[C-9] a request that cannot be taken is answered with the reason and stored nowhere', async () => {
    const { gateway, bus } = await open()
    await gateway.enrol('greenhouse-1')
    const bad = {
      json: '{',
      name: '{"name":"no/name"}',
      params: '{"name":"x","params":[]}',
      ttl: '{"name":"x","ttl_s":0}',
    }
    for (const text of Object.values(bad)) {
      const id = randomUUID()
      await bus.publish(requestTopic(id), text)
      expect(await shown(bus, responseTopic(id))).toMatchObject({
        id,
        state: 'rejected',
        error: { code: 'bad_request' },
      })
      expect((await gateway.api('GET', `commands/${id}`)).status).toBe(404)
    }
    const id = randomUUID()
    await bus.publish(`fairlead/devices/nobody/command/request/${id}`, '{"name":"x"}')
    const answer = await shown(bus, `fairlead/devices/nobody/command/response/${id}`)
    expect(answer.error.code).toBe('device_not_found')
  })

  test('[C-21] a request that cannot be taken is a dead letter, on the bus and by REST', async () => {
    const { gateway, bus } = await open()
    await gateway.enrol('greenhouse-1')
    const id = randomUUID()
    await bus.publish(requestTopic(id), '{"name":')
    const letter = await shown(bus, 'fairlead/nodes/node-1/dead-letter')
    expect(letter).toMatchObject({ device: 'greenhouse-1', command: id, reason: 'bad_request', payload: '{"name":' })
    await expect
      .poll(() => gateway.api('GET', 'dead-letters').then(({ body }) => body.items))
      .toMatchObject([{ command: id, topic: requestTopic(id) }])
  })

  test('a request that is repeated with its Idempotency-Key runs once, also after a restart of the gateway', async () => {
    const dataDir = await temporaryDirectory()
    const first = await open({ dataDir })
    const key = { 'idempotency-key': randomUUID() }
    const send = (gateway: TestGateway) =>
      gateway.api('POST', 'devices/greenhouse-1/commands?wait=20s', { name: 'count' }, undefined, key)
    let runs = 0
    const commands = { count: () => ++runs }
    const { token, device } = await first.gateway.readyDevice('greenhouse-1', { commands })
    const [one, two] = await Promise.all([send(first.gateway), send(first.gateway)])
    expect([one, two]).toMatchObject([
      { status: 200, body: { state: 'succeeded', result: 1 } },
      { status: 200, body: { id: one.body.id, result: 1 } },
    ])
    device.kill()
    await first.gateway.gateway.stop()
    const second = await open({ dataDir })
    second.gateway.device(token, { commands }).start()
    expect(await send(second.gateway)).toMatchObject({ status: 200, body: { id: one.body.id, result: 1 } })
    expect(runs).toBe(1)
  })

  test('[C-3] a device that was offline gets its queue in order, and a repeat of what it began runs nothing twice', async () => {
    const { gateway } = await open()
    const { token } = await gateway.enrol('greenhouse-1')
    const ids: string[] = []
    for (let n = 0; n < 12; n++) {
      const { body } = await gateway.api('POST', 'devices/greenhouse-1/commands', { name: 'note', params: { n } })
      ids.push(body.id)
    }
    const order: unknown[] = []
    const device = gateway.device(token, { commands: { note: ({ params }) => void order.push(params.n) } })
    device.start()
    const last = () => gateway.api('GET', `commands/${ids.at(-1)}`).then(({ body }) => body.state)
    await expect.poll(last, { timeout: 20_000 }).toBe('succeeded')
    expect(order).toEqual(Array.from({ length: 12 }, (_, n) => n))
  })

  test('[C-3] what was begun when the link broke is delivered again and answered, and runs once', async () => {
    const { gateway } = await open()
    let runs = 0
    const held = Promise.withResolvers<void>()
    const slow = async () => {
      runs += 1
      await held.promise
      return runs
    }
    const { device } = await gateway.readyDevice('greenhouse-1', { commands: { slow }, timeScale: 0.01 })
    const { body } = await gateway.api('POST', 'devices/greenhouse-1/commands', { name: 'slow' })
    await expect.poll(() => runs).toBe(1)
    device.dropLink()
    await expect.poll(() => device.counts.repeatedCommands).toBeGreaterThan(0)
    held.resolve()
    const state = () => gateway.api('GET', `commands/${body.id}`).then((answer) => answer.body.state)
    await expect.poll(state, { timeout: 20_000 }).toBe('succeeded')
    expect(runs).toBe(1)
  })

  test('[C-5] a device says that it failed, or that it does not know the command, in its own words', async () => {
    const { gateway } = await open()
    const fail = () => {
      throw new CommandFailed('valve_stuck', 'the valve did not move')
    }
    await gateway.readyDevice('greenhouse-1', { commands: { fail } })
    const failed = await gateway.api('POST', 'devices/greenhouse-1/commands?wait=20s', { name: 'fail' })
    expect(failed.body).toMatchObject({
      state: 'failed',
      error: { code: 'valve_stuck', message: 'the valve did not move' },
    })
    const unknown = await gateway.api('POST', 'devices/greenhouse-1/commands?wait=20s', { name: 'fly' })
    expect(unknown.body).toMatchObject({ state: 'rejected', error: { code: 'unsupported' } })
  })

  test('[C-6] a command nobody fetched expires; one that was sent and not answered is unknown', async () => {
    const { gateway, bus } = await open()
    await gateway.enrol('greenhouse-1')
    const queued = await gateway.api('POST', 'devices/greenhouse-1/commands', { name: 'ping', ttl_s: 1 })
    expect(await shown(bus, responseTopic(queued.body.id))).toMatchObject({ state: 'expired' })
    const { id } = await gateway.readyDevice('greenhouse-2', { commands: { hang: () => new Promise(() => {}) } })
    const sent = await gateway.api('POST', `devices/${id}/commands`, { name: 'hang', timeout_s: 1 })
    const response = `fairlead/devices/${id}/command/response/${sent.body.id}`
    expect(await shown(bus, response)).toMatchObject({ state: 'unknown' })
  })
})

test('[C-9] a retained request is ignored, so that a restart runs nothing old', async () => {
  const gateway = await startTestGateway()
  const { connectBusClient } = await import('../helpers/bus-client.ts')
  const bus = await connectBusClient(gateway.mqttUrl)
  await gateway.enrol('greenhouse-1')
  await bus.publish(requestTopic('old'), '{"name":"ping"}', { retain: true })
  await bus.publish(requestTopic('new'), '{"name":"ping"}')
  await expect.poll(() => gateway.api('GET', 'commands/new').then(({ status }) => status)).toBe(200)
  expect((await gateway.api('GET', 'commands/old')).status).toBe(404)
  await bus.close()
})

test('[L-19] the hundred-and-first waiting command is refused, and a cancelled one makes room', async () => {
  const gateway = await startTestGateway()
  await gateway.enrol('greenhouse-1')
  const submit = () => gateway.api('POST', 'devices/greenhouse-1/commands', { name: 'ping' })
  const first = await submit()
  for (let n = 1; n < 100; n++) expect((await submit()).status).toBe(202)
  expect(await submit()).toMatchObject({ status: 429, body: { code: 'queue_full' } })
  const cancelled = await gateway.api('POST', `commands/${first.body.id}/cancel`)
  expect(cancelled.body).toMatchObject({ state: 'cancelled' })
  expect((await submit()).status).toBe(202)
})

test('[L-6] params over 3 KiB are refused at the door', async () => {
  const gateway = await startTestGateway()
  await gateway.enrol('greenhouse-1')
  const params = { text: 'x'.repeat(3 * 1024) }
  const answer = await gateway.api('POST', 'devices/greenhouse-1/commands', { name: 'ping', params })
  expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } })
})
