import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import https from 'node:https'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SimulatedDevice } from '../../simulator/device.ts'
import { enrol } from '../../simulator/enrol.ts'
import { connectBusClient } from '../helpers/bus-client.ts'
import { addressOf, spawnGateway } from '../helpers/gateway-process.ts'
import { describeWithMosquitto, startMosquitto } from '../helpers/mosquitto.ts'
import { temporaryDirectory } from '../helpers/start-gateway.ts'
import { steadyPort } from '../helpers/steady-port.ts'

const KEY = `flk_${'p'.repeat(43)}`

async function environment(more: Readonly<Record<string, string>> = {}) {
  const dataDir = await temporaryDirectory()
  const ports = { FAIRLEAD_PORT: '0', FAIRLEAD_HOST: '127.0.0.1', FAIRLEAD_NODE_ID: 'node-1', FAIRLEAD_DRAIN_S: '1' }
  const broker: Record<string, string> = more.FAIRLEAD_MQTT_URL === undefined ? { FAIRLEAD_BROKER_PORT: '0' } : {}
  return { dataDir, env: { FAIRLEAD_DATA_DIR: dataDir, FAIRLEAD_ADMIN_KEY: KEY, ...ports, ...broker, ...more } }
}

async function connect(address: { url: string; ca: string }, id: string) {
  const ca = await readFile(address.ca)
  const [member] = await enrol([id], { api: address.url, ca, adminKey: KEY })
  const url = address.url.replace('https:', 'wss:')
  const device = new SimulatedDevice({ url, ca, token: member?.token ?? '', timeScale: 0.05 })
  device.start()
  await device.ready
  return device
}

test('SIGTERM: every device is told 1012, what was acknowledged is on the bus, and the process ends with 0', async () => {
  const { dataDir, env } = await environment()
  const gateway = spawnGateway(env)
  const address = await addressOf(gateway, dataDir)
  const bus = await connectBusClient(address.mqtt_url)
  await bus.subscribe('fairlead/#')
  const devices = await Promise.all(['a', 'b', 'c'].map((id) => connect(address, id)))
  const sent = devices.map((device) => device.telemetry({ n: 1 }))
  gateway.child.kill('SIGTERM')
  expect(await gateway.exited).toBe(0)
  expect(await Promise.all(sent.map((message) => message.settled))).toEqual(['acked', 'acked', 'acked'])
  for (const device of devices) {
    await expect.poll(() => device.lastBye).toMatchObject({ code: 1012, reconnect: true })
    device.kill()
  }
  const shown = () => bus.messages.filter((message) => message.topic.endsWith('/telemetry')).length
  await expect.poll(shown).toBe(3)
  await expect(stat(join(dataDir, 'run.json'))).rejects.toThrow('ENOENT')
  await bus.close()
})

test('a second signal ends it at once, with a code that is not 0', async () => {
  const { dataDir, env } = await environment({ FAIRLEAD_DRAIN_S: '20' })
  const gateway = spawnGateway(env)
  const address = await addressOf(gateway, dataDir)
  const devices = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => connect(address, id)))
  gateway.child.kill('SIGTERM')
  gateway.child.kill('SIGINT')
  expect(await gateway.exited).not.toBe(0)
  for (const device of devices) device.kill()
})

test('a signal at the moment it starts stops it in order too', async () => {
  const { dataDir, env } = await environment()
  const gateway = spawnGateway(env)
  await addressOf(gateway, dataDir)
  gateway.child.kill('SIGTERM') // as soon as run.json is there, which may be before the start has ended
  expect(await gateway.exited).toBe(0)
  await expect(stat(join(dataDir, 'run.json'))).rejects.toThrow('ENOENT')
})

test('a wrong configuration lists all its problems at once and ends with 1', async () => {
  const { env } = await environment()
  const gateway = spawnGateway({ ...env, FAIRLEAD_PORT: '99999', FAIRLEAD_LOG_LEVEL: 'loud', FAIRLEAD_HOTS: 'x' })
  expect(await gateway.exited).toBe(1)
  expect(gateway.stderr()).toContain('FAIRLEAD_PORT')
  expect(gateway.stderr()).toContain('FAIRLEAD_LOG_LEVEL')
  expect(gateway.stderr()).toContain('FAIRLEAD_HOST') // did you mean
  expect(gateway.stderr()).not.toContain(KEY)
})

test('a port in use is said in one line, and what was started is stopped', async () => {
  const first = await environment()
  const running = spawnGateway(first.env)
  const { port } = await addressOf(running, first.dataDir)
  const second = await environment({ FAIRLEAD_PORT: String(port) })
  const late = spawnGateway(second.env)
  expect(await late.exited).toBe(1)
  expect(late.stderr()).toMatch(/cannot start: .*in use.*/i)
  running.child.kill('SIGTERM')
  expect(await running.exited).toBe(0)
})

test('a damaged database is named and left as it is', async () => {
  const { dataDir, env } = await environment()
  const junk = Buffer.alloc(8192, 'not a database ')
  await writeFile(join(dataDir, 'fairlead.db'), junk)
  const gateway = spawnGateway(env)
  expect(await gateway.exited).toBe(1)
  expect(gateway.stderr()).toContain('fairlead.db')
  expect(await readFile(join(dataDir, 'fairlead.db'))).toEqual(junk)
})

test('the first start makes an admin key and prints it once; the next start does not', async () => {
  const { dataDir, env } = await environment()
  const { FAIRLEAD_ADMIN_KEY: _, ...without } = env
  const first = spawnGateway(without)
  const { url, ca } = await addressOf(first, dataDir)
  await expect.poll(first.stderr).toMatch(/flk_[\w-]{43}/)
  const key = /flk_[\w-]{43}/.exec(first.stderr())?.[0] ?? ''
  const pem = await readFile(ca, 'utf8')
  const [answer] = await once(
    https.get(`${url}/api/v1/devices`, { ca: pem, headers: { authorization: `Bearer ${key}` }, agent: false }),
    'response',
  )
  answer.resume()
  expect(answer.statusCode).toBe(200)
  first.child.kill('SIGTERM')
  expect(await first.exited).toBe(0)
  expect(first.stdout()).not.toContain(key)
  const second = spawnGateway(without)
  await addressOf(second, dataDir)
  second.child.kill('SIGTERM')
  expect(await second.exited).toBe(0)
  expect(second.stderr()).not.toContain('flk_')
})

describeWithMosquitto('a node that is killed', () => {
  test('its last will says that it is offline; after the restart so do its devices, and they come back', async () => {
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const port = String(await steadyPort())
    const { dataDir, env } = await environment({ FAIRLEAD_MQTT_URL: mosquitto.url, FAIRLEAD_PORT: port })
    const bus = await connectBusClient(mosquitto.url)
    await bus.subscribe('fairlead/#')
    const gateway = spawnGateway(env)
    const address = await addressOf(gateway, dataDir)
    const device = await connect(address, 'greenhouse-1')
    const acked = device.telemetry({ n: 1 })
    expect(await acked.settled).toBe('acked')
    const before = device.welcome?.session ?? Number.NaN
    gateway.child.kill('SIGKILL')
    await gateway.exited
    const will = await bus.next((m) => m.topic === 'fairlead/nodes/node-1/state' && m.text.includes('offline'))
    expect(JSON.parse(will.text)).toMatchObject({ state: 'offline' })

    const again = spawnGateway(env)
    await addressOf(again, dataDir)
    const restarted = await bus.next((m) => m.topic.endsWith('/availability') && m.text.includes('gateway_restarted'))
    expect(JSON.parse(restarted.text).state).toBe('offline')
    const session = () => device.welcome?.session ?? 0
    await expect.poll(session, { timeout: 15_000 }).toBeGreaterThan(before)
    expect(await device.telemetry({ n: 2 }).settled).toBe('acked')
    device.kill()
    again.child.kill('SIGTERM')
    expect(await again.exited).toBe(0)
    await bus.close()
  })
})
