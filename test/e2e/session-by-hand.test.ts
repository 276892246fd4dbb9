import { expect, test } from 'vitest'
import { connectByHand } from '../helpers/hand-device.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'

test('a session by hand, with nothing but the protocol: hello, telemetry, ack, command, result, bye', async () => {
  const gateway = await startTestGateway()
  const { token } = await gateway.enrol('greenhouse-1')
  const device = await connectByHand(gateway, token)
  const welcome = await device.hello()
  expect(welcome).toMatchObject({
    session: expect.any(Number),
    limits: { window_messages: 64, window_bytes: 32_768 },
  })
  expect(Math.abs(welcome.now - Date.now())).toBeLessThan(60_000)
  device.send({ type: 'telemetry', seq: 1, points: [{ age_ms: 0, values: { temperature: 21.5 } }] })
  expect(await device.next('ack')).toEqual({ type: 'ack', seq: 1 })
  const { body } = await gateway.api('POST', 'devices/greenhouse-1/commands', { name: 'ping', params: { a: 1 } })
  const command = await device.next('command')
  expect(command).toMatchObject({ id: body.id, name: 'ping', params: { a: 1 } })
  device.send({ type: 'accepted', id: body.id })
  device.send({ type: 'progress', id: body.id, percent: 50 })
  device.send({ type: 'result', id: body.id, ok: true, data: [1, 2] })
  const state = () => gateway.api('GET', `commands/${body.id}`).then((answer) => answer.body)
  await expect.poll(state).toMatchObject({ state: 'succeeded', result: [1, 2] })
  device.send({ type: 'bye' })
  expect((await device.closed).code).toBe(1000)
})
