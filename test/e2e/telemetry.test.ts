import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { connectByHand } from '../helpers/hand-device.ts'
import { describeWithMosquitto, startMosquitto } from '../helpers/mosquitto.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'
import { startWithholdingBroker } from '../helpers/withholding-broker.ts'
import { onEachBus, shown } from './on-each-bus.ts'

const TELEMETRY = 'fairlead/devices/greenhouse-1/telemetry'

onEachBus('telemetry', (open) => {
  test('[A-1] a message is acknowledged and is on the bus with boot, seq and time', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const sent = device.telemetry({ temperature: 21.5, door: true, mode: 'auto' }, { ts: 1_763_800_000_000 })
    expect(await sent.settled).toBe('acked')
    expect(await shown(bus, TELEMETRY)).toEqual({
      boot: device.boot,
      seq: 1,
      points: [{ ts: 1_763_800_000_000, values: { temperature: 21.5, door: true, mode: 'auto' } }],
    })
  })

  test('[T-4] an age becomes a time, and a point without any says that its time is when it was received', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const beforeMs = Date.now()
    device.telemetryBatch([
      { ageMs: 60_000, values: { a: 1 } },
      { timeUnknown: true, values: { a: 2 } },
    ])
    const { points } = await shown(bus, TELEMETRY)
    expect(points[0].ts).toBeGreaterThan(beforeMs - 62_000)
    expect(points[0].ts).toBeLessThan(Date.now() - 58_000) // it was received before now, whenever that was
    expect(points[1]).toMatchObject({ time: 'received', values: { a: 2 } })
    expect(points[1].ts).toBeGreaterThanOrEqual(beforeMs)
  })

  test('events, channel data and logs reach their own topics; channel data byte for byte', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const bytes = Buffer.from([0, 255, 1, 254, 10, 13])
    const all = [device.event('door_opened', { by: 'anna' }), device.channel('camera', bytes)]
    device.log('warn', 'battery low')
    expect(await Promise.all(all.map((sent) => sent.settled))).toEqual(['acked', 'acked'])
    const event = await shown(bus, 'fairlead/devices/greenhouse-1/event/door_opened')
    expect(event).toMatchObject({ seq: 1, boot: device.boot, data: { by: 'anna' } })
    const frame = await bus.next((message) => message.topic === `${TELEMETRY}/camera`)
    expect(frame.payload).toEqual(bytes)
    expect(await shown(bus, 'fairlead/devices/greenhouse-1/log')).toMatchObject({ level: 'warn', text: 'battery low' })
  })

  test('[A-1] 500 messages of one device arrive once each and in order', async () => {
    const { gateway, bus } = await open({ env: { FAIRLEAD_MESSAGES_PER_S: '1000' } })
    const { device } = await gateway.readyDevice('greenhouse-1')
    const sent = Array.from({ length: 500 }, (_, n) => device.telemetry({ n }))
    expect(new Set(await Promise.all(sent.map((message) => message.settled)))).toEqual(new Set(['acked']))
    await shown(bus, TELEMETRY, (body) => body.seq === 500)
    const seqs = bus.messages.filter((m) => m.topic === TELEMETRY).map((m) => JSON.parse(m.text).seq)
    expect(seqs).toEqual(Array.from({ length: 500 }, (_, n) => n + 1))
  })

  test('[U-5] the retained state is flat and has the newest value of each key', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    device.telemetry({ temperature: 20, humidity: 50 }, { ts: 2_000 })
    await device.telemetry({ temperature: 99 }, { ts: 1_000 }).settled
    const topic = 'fairlead/devices/greenhouse-1/state'
    expect(await shown(bus, topic)).toEqual({ temperature: 20, humidity: 50 })
    expect((await bus.retained(topic))?.text).toBe('{"temperature":20,"humidity":50}')
    expect((await gateway.api('GET', 'devices/greenhouse-1/state')).body).toEqual({ temperature: 20, humidity: 50 })
  })

  test('[A-1] numbers that a device left out are shown by REST and in the metrics', async () => {
    const { gateway } = await open()
    const { token } = await gateway.enrol('greenhouse-1')
    const device = await connectByHand(gateway, token)
    await device.hello()
    for (const seq of [1, 5]) device.send({ type: 'telemetry', seq, points: [{ values: { temp: seq } }] })
    await expect.poll(() => device.messages.some((message) => message.type === 'ack' && message.seq === 5)).toBe(true)
    expect((await gateway.api('GET', 'devices/greenhouse-1')).body.counters).toMatchObject({ received: 2, gaps: 3 })
    expect((await gateway.api('GET', '/metrics')).body).toMatch(/^fairlead_messages_missing_total 3$/m)
  })

  test('[A-4] a record keeps the boot and seq it was born with, and a repeat is not published again', async () => {
    const { gateway, bus } = await open()
    const { token } = await gateway.enrol('greenhouse-1')
    const device = gateway.device(token)
    const born = device.telemetry({ offline: 1 })
    const boot = device.boot
    device.reboot()
    device.start()
    await device.ready
    expect(device.boot).not.toBe(boot)
    expect(await born.settled).toBe('acked')
    expect(await shown(bus, TELEMETRY)).toMatchObject({ boot, seq: 1 })
    const repeated = gateway.device(token, { boot, firstSeq: 1 })
    repeated.start()
    const welcome = await repeated.ready
    expect(welcome.acked).toBe(1)
    repeated.telemetry({ after: 1 })
    repeated.telemetry({ after: 2 })
    await repeated.drained()
    const { counters } = (await gateway.api('GET', 'devices/greenhouse-1')).body
    expect(counters).toMatchObject({ published: 2 })
  })
})

test('[A-1] nothing is acknowledged before the bus has confirmed it, and pings go on meanwhile', async () => {
  const broker = await startWithholdingBroker()
  onTestFinished(() => broker.stop())
  const gateway = await startTestGateway({ env: { FAIRLEAD_MQTT_URL: broker.url, FAIRLEAD_PING_INTERVAL_MS: '1000' } })
  await expect.poll(async () => (await gateway.api('GET', '/readyz')).status, { timeout: 20_000 }).toBe(200)
  const { token } = await gateway.enrol('greenhouse-1')
  const device = await connectByHand(gateway, token)
  await device.hello()
  const send = (seq: number) => device.send({ type: 'telemetry', seq, points: [{ values: { n: seq } }] })
  send(1)
  expect(await device.next('ack')).toEqual({ type: 'ack', seq: 1 })

  broker.withhold()
  send(2)
  const arrived = () => broker.received.filter((message) => message.topic === TELEMETRY).length
  await expect.poll(arrived).toBe(2)
  for (let pings = 0; pings < 3; pings += 1) await once(device.socket, 'ping')
  expect(device.messages.filter(({ type }) => type === 'ack')).toHaveLength(1)

  broker.release()
  expect(await device.next('ack')).toEqual({ type: 'ack', seq: 2 })
})

describeWithMosquitto('an outage of the bus', () => {
  test('[A-1] nothing is acknowledged while the bus is away; when it is back everything is', async () => {
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const gateway = await startTestGateway({ env: { FAIRLEAD_MQTT_URL: mosquitto.url } })
    const readiness = async () => (await gateway.api('GET', '/readyz')).status
    await expect.poll(readiness, { timeout: 20_000 }).toBe(200)
    const { device } = await gateway.readyDevice('greenhouse-1')
    await mosquitto.stop()
    await expect.poll(readiness, { timeout: 20_000 }).toBe(503)
    const sent = Array.from({ length: 80 }, (_, n) => device.telemetry({ n }))
    await expect.poll(() => device.inFlight).toBe(64) // the window is the only brake
    expect(device.counts.acked).toBe(0)
    await mosquitto.restart()
    const outcomes = await Promise.all(sent.map((message) => message.settled))
    expect(new Set(outcomes)).toEqual(new Set(['acked']))
    await expect.poll(readiness, { timeout: 20_000 }).toBe(200)
    expect(device.connection.sessions).toBe(1)
  })
})
