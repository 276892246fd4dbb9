import mqtt from 'mqtt'
import { expect, onTestFinished } from 'vitest'
import { type Shown, shown } from '../e2e/on-each-bus.ts'
import { type BusClient, connectBusClient } from '../helpers/bus-client.ts'
import { type StartOptions, startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'
import { startTcpProxy, type TcpProxy } from '../helpers/tcp-proxy.ts'
import type { Born, DeviceSetup, DeviceUnderTest, MakeDevice } from './device-under-test.ts'

/** How long a scenario waits for what must happen: a busy machine, and back-off of up to 2 s. */
export const PATIENCE_MS = 30_000
export const TOPIC = 'fairlead/devices/greenhouse-1'

/** A gateway, a device behind a cable, and a client on the bus that knows neither. */
export interface World {
  readonly gateway: TestGateway
  readonly bus: BusClient
  readonly cable: TcpProxy
  readonly device: DeviceUnderTest
  readonly tokenId: string
}

export interface WorldOptions extends StartOptions {
  /** Registers a second token and puts it into the device's other slot. */
  readonly twoTokens?: boolean
}

/** The device is not started yet. */
export async function buildWorld(make: MakeDevice, options: WorldOptions = {}): Promise<World> {
  const env = { FAIRLEAD_CONNECTS_PER_MINUTE: '1000', ...options.env }
  const gateway = await startTestGateway({ ...options, env })
  const bus = await listen(gateway)
  const cable = await startTcpProxy(gateway.port)
  const { token, tokenId } = await gateway.enrol('greenhouse-1')
  const setup: DeviceSetup = { port: cable.port, ca: gateway.ca, token }
  if (options.twoTokens !== true) return { gateway, bus, cable, tokenId, device: make(setup) }
  const other = await gateway.api('POST', 'devices/greenhouse-1/tokens', {})
  return { gateway, bus, cable, tokenId, device: make({ ...setup, otherToken: other.body.token }) }
}

/** Everything on the gateway's bus from now on. */
export async function listen(gateway: TestGateway): Promise<BusClient> {
  const bus = await connectBusClient(gateway.mqttUrl)
  onTestFinished(() => bus.close())
  await bus.subscribe('fairlead/#')
  return bus
}

/** What comes on a topic, also over an outage of the broker: the broker keeps it while this cannot listen. */
export async function listenLastingly(url: string, topic: string): Promise<readonly Shown[]> {
  const seen: Shown[] = []
  const client = mqtt.connect(url, { clean: false, clientId: 'lasting-listener', reconnectPeriod: 200 })
  onTestFinished(() => client.endAsync(true))
  client.on('error', () => {}) // it tries again
  client.on('message', (_topic, payload) => void seen.push(JSON.parse(payload.toString())))
  await client.subscribeAsync(topic, { qos: 1 })
  return seen
}

export async function readyWorld(make: MakeDevice, options: WorldOptions = {}): Promise<World> {
  const world = await buildWorld(make, options)
  world.device.start()
  await isReady(world.device)
  return world
}

/** Waits for one more session than there were. */
export async function isReady(device: DeviceUnderTest, sessionsBefore = 0): Promise<void> {
  const look = () => (device.sessions > sessionsBefore ? device.state : 'no new session')
  await expect.poll(look, { timeout: PATIENCE_MS }).toBe('ready')
}

export async function isDrained(device: DeviceUnderTest): Promise<void> {
  await expect.poll(() => device.unacknowledged, { timeout: PATIENCE_MS }).toBe(0)
}

/** The record on the bus, by the name it was born with. */
export function recordOn(bus: BusClient, { boot, seq }: Born, topic = `${TOPIC}/telemetry`): Promise<Shown> {
  return shown(bus, topic, (body) => body.boot === boot && body.seq === seq)
}

/** Asks for a command and returns its id. */
export async function command(gateway: TestGateway, name: string, params: object = {}): Promise<string> {
  const { status, body } = await gateway.api('POST', 'devices/greenhouse-1/commands', { name, params })
  if (status !== 202) throw new Error(`command not taken: ${status} ${JSON.stringify(body)}`)
  return body.id
}

/** The command as REST shows it, once it is in this state. */
export async function commandIn(gateway: TestGateway, id: string, state: string): Promise<Shown> {
  const look = () => gateway.api('GET', `commands/${id}`).then(({ body }) => body.state)
  await expect.poll(look, { timeout: PATIENCE_MS }).toBe(state)
  return (await gateway.api('GET', `commands/${id}`)).body
}
