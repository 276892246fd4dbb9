import { spawn } from 'node:child_process'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { MqttBus, type MqttBusOptions } from '../../gateway/adapters/mqtt/mqtt-bus.ts'
import type { BusRequest } from '../../gateway/core/ports.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { busContract, countingMetrics, quietLog, untilReady } from '../contract/bus.contract.ts'
import { connectBusClient } from '../helpers/bus-client.ts'
import { testCertificates } from '../helpers/certificates.ts'
import { describeWithMosquitto, type Mosquitto, startMosquitto } from '../helpers/mosquitto.ts'

describeWithMosquitto('contract with Mosquitto', () => {
  busContract('MQTT.js to Mosquitto', async ({ base, node, onRequest, log, metrics }) => {
    const mosquitto = await startMosquitto()
    const topics = topicsUnder(base)
    const bus = new MqttBus({ url: mosquitto.url, base, node, topics, onRequest, log, metrics })
    await bus.start()
    const close = async () => {
      await bus.stop(1_000)
      await mosquitto.remove()
    }
    return { bus, url: mosquitto.url, close }
  })
})

describeWithMosquitto('MqttBus with Mosquitto', () => {
  const topics = topicsUnder('fairlead')
  const clean: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const step of clean.splice(0).reverse()) await step()
  })

  async function start(config?: string, files?: Record<string, string>): Promise<Mosquitto> {
    const mosquitto = await startMosquitto({ config, files })
    clean.push(() => mosquitto.remove())
    return mosquitto
  }

  async function startBus(options: Partial<MqttBusOptions> & { url: string }): Promise<MqttBus> {
    const parts = { log: quietLog, metrics: countingMetrics(), onRequest: async () => {} }
    const bus = new MqttBus({ node: 'node-1', base: 'fairlead', topics, ...parts, ...options })
    await bus.start()
    clean.push(() => bus.stop(0))
    return bus
  }

  async function client(url: string, options = {}) {
    const connected = await connectBusClient(url, options)
    clean.push(() => connected.close())
    return connected
  }

  test('it starts while the broker is away and delivers when it comes', async () => {
    const mosquitto = await start()
    await mosquitto.stop()
    const bus = await startBus({ url: mosquitto.url })
    await expect.poll(() => bus.health().reason).toMatch(/ECONNREFUSED/)
    const waiting = bus.publish(topics.availability('dev-1'), '{"state":"online"}', { retain: true })
    await mosquitto.restart()
    await waiting
    const observer = await client(mosquitto.url)
    expect((await observer.retained(topics.availability('dev-1')))?.text).toBe('{"state":"online"}')
    expect(bus.health()).toEqual({ ready: true })
  })

  test('when the broker restarts under load nothing confirmed is lost and the order holds', async () => {
    const mosquitto = await start('allow_anonymous true\npersistence true\npersistence_location {folder}/')
    const bus = await startBus({ url: mosquitto.url })
    await untilReady(bus)
    const session = { clientId: 'durable', clean: false }
    const before = await connectBusClient(mosquitto.url, session)
    await before.subscribe(topics.telemetry('dev-1'))
    const first = Array.from({ length: 500 }, (_, index) => bus.publish(topics.telemetry('dev-1'), `${index}`))
    await first[100]
    await mosquitto.stop()
    const second = Array.from({ length: 500 }, (_, index) => bus.publish(topics.telemetry('dev-1'), `${500 + index}`))
    await expect.poll(() => bus.health().ready, { timeout: 30_000 }).toBe(false) // its socket hears of it a moment later
    await mosquitto.restart()
    await Promise.all([...first, ...second])
    const after = await client(mosquitto.url, session)
    await after.next(({ text }) => text === '999')
    const seen = [...before.messages, ...after.messages].map(({ text }) => Number(text))
    expect(new Set(seen)).toEqual(new Set(Array.from({ length: 1_000 }, (_, index) => index)))
    expect(newestSoFar(seen)).toEqual([...new Set(seen)].toSorted((a, b) => a - b))
  })

  test('a broker that freezes is noticed, and everything arrives once it thaws', async () => {
    const mosquitto = await start()
    const bus = await startBus({ url: mosquitto.url })
    await untilReady(bus)
    const observer = await client(mosquitto.url)
    await observer.subscribe(topics.telemetry('dev-1'))
    mosquitto.freeze()
    const waiting = Array.from({ length: 50 }, (_, index) => bus.publish(topics.telemetry('dev-1'), `${index}`))
    await expect.poll(() => bus.health().ready, { timeout: 30_000 }).toBe(false)
    expect(bus.backlog().messages).toBe(50)
    mosquitto.thaw()
    await Promise.all(waiting)
    await untilReady(bus)
    await expect.poll(() => new Set(observer.messages.map(({ text }) => text)).size).toBe(50)
  })

  test('when the gateway is killed the broker says offline for it [U-11]', async () => {
    const mosquitto = await start()
    const observer = await client(mosquitto.url)
    await observer.subscribe(topics.nodeState('node-9'))
    const gateway = spawn(process.execPath, ['--input-type=module', '-e', GATEWAY_PROGRAM], {
      env: { MQTT_URL: mosquitto.url, MODULES: new URL('../../', import.meta.url).href },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    onTestFinished(() => void gateway.kill('SIGKILL'))
    await observer.next(({ text }) => text.includes('"online"'), 30_000)
    gateway.kill('SIGKILL')
    await observer.next(({ text }) => text.includes('"offline"'))
    expect((await observer.retained(topics.nodeState('node-9')))?.text).toContain('"offline"')
  })

  test('requests sent while the gateway is away wait for it [U-13]', async () => {
    const mosquitto = await start()
    const earlier = await startBus({ url: mosquitto.url })
    await untilReady(earlier)
    await earlier.stop(1_000)
    const sender = await client(mosquitto.url)
    for (const id of ['c-1', 'c-2', 'c-3']) await sender.publish(topics.commandRequest('dev-1', id), '{}')
    const requests: BusRequest[] = []
    await startBus({
      url: mosquitto.url,
      onRequest: async (request) => {
        requests.push(request)
      },
    })
    const expected = ['c-1', 'c-2', 'c-3'].map((id) => topics.commandRequest('dev-1', id))
    await expect.poll(() => requests.map(({ topic }) => topic)).toEqual(expected)
  })

  test('a request is confirmed only when it is stored: the broker sends it to the next gateway otherwise', async () => {
    const mosquitto = await start()
    const seen: string[] = []
    const first = await startBus({
      url: mosquitto.url,
      onRequest: ({ topic }) => {
        seen.push(`first ${topic}`)
        return new Promise(() => {}) // a registry that does not answer
      },
    })
    await untilReady(first)
    const sender = await client(mosquitto.url)
    const topic = topics.commandRequest('dev-1', 'c-1')
    await sender.publish(topic, '{}')
    await expect.poll(() => seen).toEqual([`first ${topic}`])
    await first.publish(topics.telemetry('dev-1'), 'confirmed meanwhile') // the request holds nothing up
    await first.stop(0)
    await startBus({
      url: mosquitto.url,
      onRequest: async (request) => {
        seen.push(`second ${request.topic}`)
      },
    })
    await expect.poll(() => seen).toEqual([`first ${topic}`, `second ${topic}`])
  })

  test('requests that cannot be stored, however many, hold up nothing else: not even a new connection', async () => {
    const mosquitto = await start()
    const earlier = await startBus({ url: mosquitto.url })
    await untilReady(earlier)
    await earlier.stop(1_000)
    const sender = await client(mosquitto.url)
    for (let n = 0; n < 250; n += 1) await sender.publish(topics.commandRequest('dev-1', `c-${n}`), '{}')
    const bus = await startBus({ url: mosquitto.url, onRequest: () => new Promise(() => {}) }) // a disk that is full
    await untilReady(bus)
    await bus.publish(topics.telemetry('dev-1'), 'goes on')
  })

  test('a family that the access list denies is named, nothing is confirmed, and it works once allowed', async () => {
    const denied = 'topic readwrite fairlead/nodes/#\ntopic readwrite fairlead/devices/+/state\n'
    const mosquitto = await start('allow_anonymous true\nacl_file {folder}/acl', { acl: denied })
    const bus = await startBus({ url: mosquitto.url })
    await expect.poll(() => bus.health().reason, { timeout: 40_000 }).toMatch(/does not return: telemetry/)
    const { reason } = bus.health()
    expect(reason).toMatch(/command\/request\/\{cid\}/)
    expect(reason).not.toMatch(/nodes|, state/)
    const waiting = bus.publish(topics.telemetry('dev-1'), '{}')
    expect(bus.backlog().messages).toBe(1)
    await mosquitto.change('acl', 'topic readwrite #\n')
    await waiting
    expect(bus.health()).toEqual({ ready: true })
  })

  test('it speaks TLS, and only with a broker that the given authority vouches for', async () => {
    const { cert, key, caPem } = await testCertificates(['127.0.0.1'])
    const files = { 'cert.pem': cert, 'key.pem': key }
    const config = 'allow_anonymous true\ncertfile {folder}/cert.pem\nkeyfile {folder}/key.pem'
    const mosquitto = await start(config, files)
    const url = mosquitto.url.replace('mqtt:', 'mqtts:')
    const trusting = await startBus({ url, ca: caPem })
    await untilReady(trusting)
    await trusting.publish(topics.telemetry('dev-1'), '{}')
    const careful = await startBus({ url, node: 'node-2' })
    await expect.poll(() => careful.health().reason).toMatch(/certificate/)
  })

  test('a wrong password is the reason given, and never shown', async () => {
    const mosquitto = await start('allow_anonymous false')
    const bus = await startBus({ url: mosquitto.url.replace('//', '//bus:hunter2@') })
    await expect.poll(() => bus.health().reason).toMatch(/[Nn]ot authorized/)
    expect(bus.health().reason).not.toContain('hunter2')
  })

  test.each(['http://localhost', 'localhost:1883', '', 'mqtt://', 'mqtt://u:%zz@localhost'])(
    '%j is refused as an address, without repeating it',
    (url) => {
      const parts = { log: quietLog, metrics: countingMetrics(), onRequest: async () => {} }
      const make = () => new MqttBus({ url, node: 'node-1', base: 'fairlead', topics, ...parts })
      expect(make).toThrow(/MQTT URL/)
      expect(make).not.toThrow(/%zz/)
    },
  )
})

/** Each value that is higher than all before it, in the order of arrival. */
function newestSoFar(values: readonly number[]): number[] {
  let highest = Number.NEGATIVE_INFINITY
  return values.filter((value) => {
    if (value <= highest) return false
    highest = value
    return true
  })
}

const GATEWAY_PROGRAM = `
  const { MqttBus } = await import(process.env.MODULES + 'gateway/adapters/mqtt/mqtt-bus.ts')
  const { topicsUnder } = await import(process.env.MODULES + 'protocol/topics.ts')
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
  const metrics = { count() {}, observe() {} }
  const base = 'fairlead'
  const options = { url: process.env.MQTT_URL, node: 'node-9', base, topics: topicsUnder(base), log, metrics }
  await new MqttBus({ ...options, onRequest: async () => {} }).start()
`
