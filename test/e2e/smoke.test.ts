import { expect, test } from 'vitest'
import { connectBusClient } from '../helpers/bus-client.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'

test('a device connects over TLS, its telemetry is on the bus, a command comes back', async () => {
  const gateway = await startTestGateway()
  const bus = await connectBusClient(gateway.mqttUrl)
  await bus.subscribe('fairlead/#')
  const { device } = await gateway.readyDevice('greenhouse-1', { commands: { ping: () => ({ pong: true }) } })
  const sent = device.telemetry({ temperature: 21.5 })
  expect(await sent.settled).toEqual('acked')
  const message = await bus.next((m) => m.topic === 'fairlead/devices/greenhouse-1/telemetry')
  expect(JSON.parse(message.payload.toString())).toMatchObject({ seq: 1, points: [{ values: { temperature: 21.5 } }] })
  const command = await gateway.api('POST', 'devices/greenhouse-1/commands?wait=5s', { name: 'ping' })
  expect(command).toMatchObject({ status: 200, body: { state: 'succeeded', result: { pong: true } } })
  console.log(gateway.logLines.join(''), bus.messages.map((m) => `${m.topic} ${m.payload}`).join('\n'))
  await device.stop()
  await bus.close()
})
