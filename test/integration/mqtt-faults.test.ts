import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { MqttBus, type MqttBusOptions } from '../../gateway/adapters/mqtt/mqtt-bus.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { countingMetrics, quietLog, untilReady } from '../contract/bus.contract.ts'
import {
  startWithholdingBroker,
  type WithholdingBroker,
  type WithholdingBrokerOptions,
} from '../helpers/withholding-broker.ts'

/** Faults of a broker that a real one does not show on demand. */

const topics = topicsUnder('fairlead')
const clean: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const step of clean.splice(0).reverse()) await step()
})

async function startBroker(options: WithholdingBrokerOptions = {}): Promise<WithholdingBroker> {
  const broker = await startWithholdingBroker(options)
  clean.push(() => broker.stop())
  return broker
}

async function startBus(options: Partial<MqttBusOptions> & { url: string }): Promise<MqttBus> {
  const parts = { log: quietLog, metrics: countingMetrics(), onRequest: async () => {} }
  const bus = new MqttBus({ node: 'node-1', base: 'fairlead', topics, ...parts, ...options })
  await bus.start()
  clean.push(() => bus.stop(0))
  return bus
}

/** Ready, and what it said on its way there has reached the broker: nothing of it is counted, withheld or refused later. */
async function startReadyBus(broker: WithholdingBroker, options: Partial<MqttBusOptions> = {}): Promise<MqttBus> {
  const bus = await startBus({ url: broker.url, ...options })
  await untilReady(bus)
  await expect.poll(() => broker.received.some(({ topic }) => topic === topics.nodeState('node-1'))).toBe(true)
  return bus
}

/** What the broker got on one device's telemetry topic. */
function telemetryOf(broker: WithholdingBroker, device = 'dev-1'): string[] {
  const topic = topics.telemetry(device)
  return broker.received.filter((message) => message.topic === topic).map(({ payload }) => payload.toString())
}

/** Publishes the numbers and says how each ended, in the order in which they ended. */
function publishNumbers(bus: MqttBus, count: number): { ended: string[]; all: Promise<unknown> } {
  const ended: string[] = []
  const one = (number: number) =>
    bus.publish(topics.telemetry('dev-1'), `${number}`).then(
      () => void ended.push(`${number}`),
      (error: { code: string }) => void ended.push(`${number} ${error.code}`),
    )
  return { ended, all: Promise.all(Array.from({ length: count }, (_, number) => one(number))) }
}

const numbers = (count: number) => Array.from({ length: count }, (_, number) => `${number}`)

describe.each([4, 5] as const)('MqttBus with a withholding broker of protocol level %i', (version) => {
  const versions = [version]

  test('a message is confirmed only by the PUBACK', async () => {
    const broker = await startBroker({ versions })
    const bus = await startReadyBus(broker)
    broker.withhold()
    const { ended, all } = publishNumbers(bus, 3)
    await expect.poll(() => telemetryOf(broker)).toEqual(numbers(3))
    expect(ended).toEqual([])
    expect(bus.backlog().messages).toBe(3)
    broker.release()
    await all
    expect(ended).toEqual(numbers(3))
  })

  test('what was not confirmed when the connection broke is sent again from the front', async () => {
    const broker = await startBroker({ versions })
    const bus = await startReadyBus(broker)
    broker.withhold()
    const { ended, all } = publishNumbers(bus, 20)
    await expect.poll(() => telemetryOf(broker).length).toBe(20)
    broker.release()
    broker.cut() // the PUBACKs may or may not have arrived
    await all
    expect(ended).toEqual(numbers(20))
    const again = telemetryOf(broker).slice(20)
    expect(again).toEqual(numbers(20).slice(20 - again.length))
  })

  test('a broker that takes everything and confirms nothing is left after 10 s, and nothing is lost', async () => {
    const broker = await startBroker({ versions })
    const bus = await startReadyBus(broker)
    const connectsBefore = broker.connects.length
    broker.withhold()
    const { ended, all } = publishNumbers(bus, 5)
    await expect.poll(() => telemetryOf(broker)).toEqual(numbers(5))
    await expect.poll(() => bus.health().reason, { timeout: 30_000 }).toMatch(/confirmed nothing for 10 s/)
    await expect.poll(() => broker.connects.length, { timeout: 30_000 }).toBeGreaterThan(connectsBefore)
    broker.release()
    await all
    expect(ended).toEqual(numbers(5))
  })

  test('stop gives up on what is not confirmed in time, and says so', async () => {
    const broker = await startBroker({ versions })
    const bus = await startReadyBus(broker)
    broker.withhold()
    const { ended, all } = publishNumbers(bus, 2)
    const startedMs = performance.now()
    await bus.stop(1_000)
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    await all
    expect(ended).toEqual(['0 stopping', '1 stopping'])
  })

  test('a request is confirmed after it is stored, in the order of arrival, and holds no publish up', async () => {
    const broker = await startBroker({ versions })
    const stored: (() => void)[] = []
    const onRequest = () => new Promise<void>((resolve) => stored.push(resolve))
    const bus = await startReadyBus(broker, { onRequest })
    const probes = broker.confirmed.length
    const ids = ['c-1', 'c-2', 'c-3'].map((id) => broker.send(topics.commandRequest('dev-1', id), '{}'))
    await expect.poll(() => stored.length).toBe(3)
    await bus.publish(topics.telemetry('dev-1'), 'not held up')
    stored[2]?.()
    stored[1]?.()
    await bus.publish(topics.telemetry('dev-1'), 'a round trip later')
    expect(broker.confirmed.slice(probes)).toEqual([])
    stored[0]?.()
    await expect.poll(() => broker.confirmed.slice(probes)).toEqual(ids)
  })

  test('a request that cannot be stored is tried again before it is confirmed', async () => {
    const broker = await startBroker({ versions })
    const metrics = countingMetrics()
    let tries = 0
    const onRequest = async () => {
      tries += 1
      if (tries < 3) throw new Error('registry is away')
    }
    await startReadyBus(broker, { onRequest, metrics })
    const id = broker.send(topics.commandRequest('dev-1', 'c-1'), '{}')
    await expect.poll(() => broker.confirmed.at(-1), { timeout: 30_000 }).toBe(id)
    expect(tries).toBe(3)
    expect(metrics.counts.get('bus_requests_refused:retried')).toBe(2)
  })

  test.each([
    ['bytes that are not MQTT', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['an unasked QoS 2 message', Buffer.from([0x34, 6, 0, 1, 0x61, 0, 9, 0])],
    ['a second CONNACK', Buffer.from(version === 5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0])],
  ])('%s from the broker costs a connection and no message', async (_, bytes) => {
    const broker = await startBroker({ versions })
    const bus = await startReadyBus(broker)
    broker.withhold()
    const { ended, all } = publishNumbers(bus, 3)
    await expect.poll(() => telemetryOf(broker).length).toBe(3)
    broker.sendRaw(bytes)
    broker.release()
    await expect.poll(() => ended.length, { timeout: 30_000 }).toBe(3)
    await all
    expect(ended).toEqual(numbers(3))
  })
})

describe('MqttBus', () => {
  test('a broker that begins a packet of 256 MB and never ends it is left like one that confirms nothing', async () => {
    const broker = await startBroker()
    const bus = await startReadyBus(broker)
    broker.sendRaw(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1])) // swallows every PUBACK
    const { ended, all } = publishNumbers(bus, 3)
    await expect.poll(() => ended.length, { timeout: 30_000 }).toBe(3)
    await all
    expect(ended).toEqual(numbers(3))
  })

  test('it falls back to MQTT 3.1.1 where the broker does not speak 5', async () => {
    const broker = await startBroker({ versions: [4] })
    const bus = await startReadyBus(broker)
    expect(broker.connects).toEqual([5, 4])
    await bus.publish(topics.telemetry('dev-1'), '{}')
  })

  test('without a limit of the broker at most 1,000 messages are in flight', async () => {
    const broker = await startBroker({ versions: [4] })
    const bus = await startReadyBus(broker)
    broker.withhold()
    const { ended, all } = publishNumbers(bus, 3_000)
    await expect.poll(() => telemetryOf(broker).length, { timeout: 30_000 }).toBe(1_000)
    expect(bus.backlog().messages).toBe(3_000)
    broker.release()
    await all
    expect(ended).toEqual(numbers(3_000))
    expect(telemetryOf(broker)).toEqual(numbers(3_000))
  })

  test("the broker's Receive Maximum is kept", async () => {
    const broker = await startBroker({ receiveMaximum: 5 })
    const bus = await startReadyBus(broker)
    broker.withhold()
    const { all } = publishNumbers(bus, 50)
    await expect.poll(() => telemetryOf(broker)).toEqual(numbers(5))
    broker.release()
    await all
    expect(telemetryOf(broker)).toEqual(numbers(50))
  })

  test.each([
    [0x87, 'not authorized'],
    [0x97, 'quota exceeded'],
    [0x80, 'unspecified'],
  ])('reason code %i (%s) never confirms; everything is sent again in order when the broker relents', async (code) => {
    const broker = await startBroker()
    const bus = await startReadyBus(broker)
    broker.refuseWith(code)
    const { ended, all } = publishNumbers(bus, 10)
    await expect.poll(() => bus.health().reason).toMatch(new RegExp(`refuses messages.*0x${code.toString(16)}`))
    expect(bus.health().ready).toBe(false)
    expect(ended).toEqual([])
    broker.refuseWith(0)
    await expect.poll(() => ended.length, { timeout: 20_000 }).toBe(10)
    await all
    expect(ended).toEqual(numbers(10))
    expect(telemetryOf(broker).slice(-10)).toEqual(numbers(10))
    expect(bus.health()).toEqual({ ready: true })
  })

  test.each([0x90, 0x99])('reason code %i is about the message: it alone is refused for ever', async (code) => {
    const broker = await startBroker()
    const bus = await startReadyBus(broker)
    broker.refuseWith(code)
    await expect(bus.publish(topics.telemetry('dev-1'), 'bad')).rejects.toMatchObject({ code: 'bus_refused' })
    broker.refuseWith(0)
    await bus.publish(topics.telemetry('dev-1'), 'good')
    expect(bus.health()).toEqual({ ready: true })
  })

  test('a message that costs one connection after the other is refused in the end, and only that one', async () => {
    const broker = await startBroker({ packetMaxBytes: 5_000 })
    const bus = await startReadyBus(broker)
    const before = bus.publish(topics.telemetry('dev-1'), 'before')
    const tooLarge = bus.publish(topics.telemetry('dev-1'), 'x'.repeat(6_000))
    const refused = expect(tooLarge).rejects.toMatchObject({ code: 'bus_refused' })
    const after = bus.publish(topics.telemetry('dev-1'), 'after')
    await Promise.all([before, refused, after])
    expect(telemetryOf(broker).at(-1)).toBe('after')
  })

  test('what comes through the outbox while the broker is away is bounded, and the rest is refused', async () => {
    const limits = { messagesMax: 100, bytesMax: 2_000 }
    const bus = await startBus({ url: 'mqtt://127.0.0.1:1', outboxLimits: limits })
    const { ended, all } = publishNumbers(bus, 101)
    expect(bus.backlog().messages).toBeLessThan(101)
    expect(bus.backlog().bytes).toBeLessThanOrEqual(2_000)
    await expect.poll(() => ended.length).toBeGreaterThan(0)
    expect(ended.every((end) => end.endsWith('bus_full'))).toBe(true)
    await bus.stop(0)
    await all
  })

  test('a peer that closes every connection is tried again with pauses', async () => {
    let connects = 0
    const rude = createServer((socket) => {
      connects += 1
      socket.on('error', () => {})
      socket.destroy()
    })
    rude.listen(0, '127.0.0.1')
    await once(rude, 'listening')
    clean.push(() => new Promise((resolve) => rude.close(() => resolve())))
    const address = rude.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const bus = await startBus({ url: `mqtt://127.0.0.1:${port}` })
    await expect.poll(() => connects, { timeout: 20_000 }).toBeGreaterThan(4)
    expect(bus.health().reason).toMatch(/cannot connect/)
    expect(connects).toBeLessThan(200)
  })
})
