import { expect, test } from 'vitest'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'

const command = { name: 'set_led', params: { on: true } }

test('every device with the tag gets the command; those that are away when they come back', async () => {
  const gateway = await startTestGateway()
  const commands = { set_led: async () => ({ done: true }) }
  for (const id of ['a', 'b']) await gateway.readyDevice(id, { commands })
  const away = await gateway.enrol('c')
  for (const id of ['a', 'b', 'c']) await gateway.api('PATCH', `devices/${id}`, { tags: ['north'] })

  const sent = await gateway.api('POST', 'commands', { tag: 'north', ...command })
  expect(sent).toMatchObject({ status: 202, headers: { location: `/api/v1/command-batches/${sent.body.id}` } })
  expect(sent.body).toMatchObject({ tag: 'north', total: 3, done: false })
  const batch = async () => (await gateway.api('GET', `command-batches/${sent.body.id}`)).body
  await expect.poll(async () => (await batch()).counts).toEqual({ succeeded: 2, queued: 1 })

  const late = gateway.device(away.token, { commands })
  late.start()
  await late.ready
  await expect.poll(batch).toMatchObject({ done: true, counts: { succeeded: 3 } })
  const { items } = (await gateway.api('GET', `command-batches/${sent.body.id}/targets?state=succeeded`)).body
  const one = await gateway.api('GET', `commands/${items[0].command}`)
  expect(one.body).toMatchObject({ device: 'a', batch: sent.body.id, state: 'succeeded', result: { done: true } })
})

test('a cancelled batch ends what was not sent and asks the others to stop', async () => {
  const gateway = await startTestGateway()
  const stuck = { set_led: () => new Promise<never>(() => {}) }
  await gateway.readyDevice('here', { commands: stuck })
  await gateway.enrol('away')
  const { body } = await gateway.api('POST', 'commands', { devices: ['here', 'away', 'nobody'], ...command })
  const counts = async () => (await gateway.api('GET', `command-batches/${body.id}`)).body.counts
  await expect.poll(counts).toEqual({ accepted: 1, queued: 1, refused: 1 })
  const cancelled = await gateway.api('POST', `command-batches/${body.id}/cancel`)
  expect(cancelled).toMatchObject({ status: 202, body: { cancelled_at: expect.any(Number) } })
  await expect.poll(async () => (await counts()).cancelled).toBeGreaterThanOrEqual(1)
  const { items } = (await gateway.api('GET', `command-batches/${body.id}/targets`)).body
  expect(items).toMatchObject([
    { device: 'away', state: 'cancelled' },
    { device: 'here' },
    { device: 'nobody', state: 'refused', error: { code: 'device_not_found' } },
  ])
})

test('what was accepted is finished by the next gateway on the same data', async () => {
  const dataDir = await temporaryDirectory()
  const first = await startTestGateway({ dataDir })
  const ids = Array.from({ length: 500 }, (_, i) => `d${i}`)
  for (let i = 0; i < ids.length; i += 50) await Promise.all(ids.slice(i, i + 50).map((id) => first.enrol(id)))
  const { body } = await first.api('POST', 'commands', { devices: ids, ...command })
  await first.gateway.stop()
  const second = await startTestGateway({ dataDir })
  const counts = async () => (await second.api('GET', `command-batches/${body.id}`)).body.counts
  await expect.poll(counts).toEqual({ queued: 500 })
})

test.each([
  [{ ...command }, 400, 'bad_request'],
  [{ ...command, devices: ['a'], tag: 'x' }, 400, 'bad_request'],
  [{ ...command, devices: [] }, 400, 'bad_request'],
  [{ ...command, tag: 'nothing' }, 404, 'device_not_found'],
  [{ ...command, devices: ['nobody'] }, 404, 'device_not_found'],
  [{ ...command, tag: 'x', params: { x: 'y'.repeat(4_000) } }, 400, 'bad_request'],
])('%j is refused', async (body, status, code) => {
  const gateway = await startTestGateway()
  expect(await gateway.api('POST', 'commands', body)).toMatchObject({ status, body: { code } })
  expect((await gateway.api('GET', 'command-batches')).body).toEqual({ items: [], next: null })
})
