import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { mayConnect } from '../../gateway/adapters/embedded-broker/access.ts'
import { EmbeddedBroker, type EmbeddedBrokerOptions } from '../../gateway/adapters/embedded-broker/broker.ts'
import { isLoopback } from '../../gateway/core/bus-access.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { busContract, countingMetrics, quietLog } from '../contract/bus.contract.ts'
import { connectBusClient } from '../helpers/bus-client.ts'

busContract('embedded broker', async ({ base, node, onRequest, log, metrics }) => {
  const options = { host: '127.0.0.1', port: 0, topics: topicsUnder(base) }
  const bus = new EmbeddedBroker({ ...options, base, node, onRequest, log, metrics })
  await bus.start()
  return { bus, url: `mqtt://127.0.0.1:${bus.port}`, close: () => bus.stop(1_000) }
})

describe('embedded broker', () => {
  const topics = topicsUnder('fairlead')
  const clean: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const step of clean.splice(0).reverse()) await step()
  })

  function makeBroker(options: Partial<EmbeddedBrokerOptions> = {}): EmbeddedBroker {
    const access = { host: '127.0.0.1', port: 0, base: 'fairlead', node: 'node-1', topics }
    const parts = { log: quietLog, metrics: countingMetrics(), onRequest: async () => {} }
    return new EmbeddedBroker({ ...access, ...parts, ...options })
  }

  async function startBroker(options: Partial<EmbeddedBrokerOptions> = {}) {
    const broker = makeBroker(options)
    await broker.start()
    clean.push(() => broker.stop(0))
    return { broker, url: `mqtt://127.0.0.1:${broker.port}` }
  }

  async function client(url: string, options = {}) {
    const connected = await connectBusClient(url, options)
    clean.push(() => connected.close())
    return connected
  }

  test('a subscriber that stops reading is dropped, and the others get everything', async () => {
    const { broker, url } = await startBroker()
    const frozen = connect(broker.port, '127.0.0.1')
    frozen.on('error', () => {})
    frozen.write(CONNECT_AND_SUBSCRIBE_ALL)
    await once(frozen, 'data')
    frozen.pause()
    const dropped = ended(frozen)
    const healthy = await client(url)
    await healthy.subscribe('fairlead/devices/#')
    const payload = 'x'.repeat(16_000)
    const published = Array.from({ length: 2_000 }, () => broker.publish(topics.telemetry('dev-1'), payload))
    await Promise.all(published)
    await expect.poll(() => healthy.messages.length, { timeout: 20_000 }).toBe(2_000)
    frozen.resume() // to see the end of the connection
    await dropped
  })

  test.each([
    'fairlead/devices/dev-1/telemetry',
    'fairlead/devices/dev-1/availability',
    'fairlead/nodes/node-1/state',
    'fairlead/devices/dev-1/command/request/c-1/more',
    'fairlead',
    '$SYS/broker/clients',
  ])('a client that publishes on %s is dropped and nobody hears it', async (topic) => {
    const { url } = await startBroker()
    const listener = await client(url)
    await listener.subscribe('#')
    await listener.subscribe('$SYS/broker/#')
    const spoofer = await client(url)
    await expect(spoofer.publish(topic, 'spoofed')).rejects.toThrow()
    await listener.publish('elsewhere', 'marker')
    await listener.next((message) => message.topic === 'elsewhere')
    expect(listener.messages.map((message) => message.text)).not.toContain('spoofed')
  })

  test('a last will cannot speak for a device', async () => {
    const { url } = await startBroker()
    const listener = await client(url)
    await listener.subscribe('#')
    const topic = 'fairlead/devices/dev-1/availability'
    const spoofer = await client(url, { will: { topic, payload: Buffer.from('spoofed'), qos: 1, retain: true } })
    await spoofer.close() // without DISCONNECT
    await listener.publish('elsewhere', 'marker')
    await listener.next((message) => message.topic === 'elsewhere')
    expect(listener.messages.map((message) => message.text)).not.toContain('spoofed')
    expect(await listener.retained(topic)).toBeUndefined()
  })

  test('it is not opened to the network without a password', () => {
    expect(() => makeBroker({ host: '0.0.0.0' })).toThrow(/open to the network on 0\.0\.0\.0/)
    expect(() => makeBroker({ host: '::' })).toThrow(/open to the network/)
    expect(() => makeBroker({ host: '0.0.0.0', username: 'bus' })).toThrow(/both a user name and a password/)
    expect(() => makeBroker({ host: '0.0.0.0', username: 'bus', password: '' })).toThrow(/empty/)
    makeBroker({ host: '0.0.0.0', username: 'bus', password: 'secret' })
  })

  test.each([
    ['127.0.0.1', true],
    ['127.8.8.8', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['::ffff:10.0.0.1', false],
    ['127.0.0.1.example.org', false],
    ['10.127.0.1', false],
    ['', false],
  ])('%s is loopback: %s', (address, expected) => {
    expect(isLoopback(address)).toBe(expected)
  })

  test('a client that names a user must know the password; one that names none must be on this machine', async () => {
    const { url } = await startBroker({ username: 'bus', password: 'secret' })
    await expect(connectBusClient(url, { username: 'bus', password: 'wrong' })).rejects.toThrow(/[Bb]ad user/)
    await expect(connectBusClient(url, { username: 'other', password: 'secret' })).rejects.toThrow(/[Bb]ad user/)
    await expect(connectBusClient(url, { username: 'bus' })).rejects.toThrow(/[Bb]ad user/)
    const known = await client(url, { username: 'bus', password: 'secret' })
    await known.publish('elsewhere', 'hello')
    const local = await client(url)
    await local.publish('elsewhere', 'hello')
  })

  test('from another machine nobody gets in without the right user and password', () => {
    const own = { username: 'bus', password: 'secret' }
    expect(mayConnect(own, '192.168.1.5', undefined, undefined)).toBe(false)
    expect(mayConnect(own, '192.168.1.5', 'bus', Buffer.from('wrong'))).toBe(false)
    expect(mayConnect(own, '192.168.1.5', 'bus', undefined)).toBe(false)
    expect(mayConnect(own, '192.168.1.5', undefined, Buffer.from('secret'))).toBe(false)
    expect(mayConnect(own, '192.168.1.5', 'bus', Buffer.from('secret'))).toBe(true)
    expect(mayConnect({}, '192.168.1.5', 'bus', Buffer.from('secret'))).toBe(false)
    expect(mayConnect({}, '127.0.0.1', 'bus', Buffer.from('secret'))).toBe(true)
  })

  test('a port in use is named in the error', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', () => resolve()))
    clean.push(() => new Promise((resolve) => holder.close(() => resolve())))
    const address = holder.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    await expect(makeBroker({ port }).start()).rejects.toThrow(`127.0.0.1:${port}: the port is in use`)
  })

  test('a client that sends much before it is known is cut', async () => {
    const { broker } = await startBroker()
    const flooder = connect(broker.port, '127.0.0.1')
    flooder.on('error', () => {})
    const closed = ended(flooder)
    flooder.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])) // CONNECT of 256 MB
    flooder.write(Buffer.alloc(1024 * 1024))
    flooder.resume()
    await closed
    expect(broker.health()).toEqual({ ready: true })
  })

  test('garbage and silence end one connection and nothing else', async () => {
    const { broker, url } = await startBroker()
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\xff'.repeat(64), '\0'.repeat(64)]) {
      const stranger = connect(broker.port, '127.0.0.1')
      stranger.on('error', () => {})
      stranger.resume()
      const closed = ended(stranger)
      stranger.write(Buffer.from(bytes, 'latin1'))
      await closed
    }
    const known = await client(url)
    await known.publish('elsewhere', 'still here')
    expect(broker.health()).toEqual({ ready: true })
  })

  test('a client that asks for a kept session is told that there is none', async () => {
    const { broker, url } = await startBroker()
    const first = await connectBusClient(url, { clientId: 'keeper', clean: false })
    await first.subscribe('fairlead/devices/#')
    await first.close()
    await broker.publish(topics.telemetry('dev-1'), 'while away')
    const second = await client(url, { clientId: 'keeper', clean: false })
    await second.publish('elsewhere', 'x')
    expect(second.messages).toEqual([])
  })

  test('requests beyond what the core can be busy with are left out and counted', async () => {
    const metrics = countingMetrics()
    let busy = 0
    const free = Promise.withResolvers<void>()
    const onRequest = () => {
      busy += 1
      return free.promise
    }
    const { url } = await startBroker({ metrics, onRequest })
    const sender = await client(url)
    for (let index = 0; index < 300; index += 1) {
      await sender.publish(topics.commandRequest('dev-1', `c-${index}`), '{}')
    }
    await expect.poll(() => metrics.counts.get('bus_requests_refused:busy')).toBe(300 - 256)
    expect(busy).toBe(256)
    free.resolve()
  })

  test('stop is over in bounded time with a frozen subscriber', async () => {
    const { broker } = await startBroker()
    const frozen = connect(broker.port, '127.0.0.1')
    frozen.on('error', () => {})
    frozen.write(CONNECT_AND_SUBSCRIBE_ALL)
    await once(frozen, 'data')
    frozen.pause()
    const all = Array.from({ length: 1_000 }, () => broker.publish(topics.telemetry('dev-1'), 'x'.repeat(16_000)))
    const settled = Promise.allSettled(all)
    const startedMs = performance.now()
    await broker.stop(1_000)
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    const given = (await settled).filter(({ status }) => status === 'rejected')
    for (const result of given) expect(result).toMatchObject({ reason: { code: 'stopping' } })
    frozen.destroy()
  })
})

/** Resolves when the connection is over, by a reset too. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** CONNECT of client `frozen` with a keepalive of 60 s, and SUBSCRIBE to `#` with QoS 1, as bytes of MQTT 3.1.1. */
const CONNECT_AND_SUBSCRIBE_ALL = Buffer.concat([
  Buffer.from([0x10, 18, 0, 4]),
  Buffer.from('MQTT'),
  Buffer.from([4, 2, 0, 60, 0, 6]),
  Buffer.from('frozen'),
  Buffer.from([0x82, 6, 0, 1, 0, 1, 0x23, 1]),
])
