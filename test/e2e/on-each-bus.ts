import { describe, expect, onTestFinished } from 'vitest'
import { type BusClient, connectBusClient } from '../helpers/bus-client.ts'
import { describeWithMosquitto, type Mosquitto, startMosquitto } from '../helpers/mosquitto.ts'
import { type StartOptions, startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

/** A gateway that is ready on its bus, and an independent client on that bus that has subscribed to everything. */
export interface World {
  readonly gateway: TestGateway
  readonly bus: BusClient
  /** Undefined with the embedded broker. */
  readonly mosquitto: Mosquitto | undefined
}

export type OpenWorld = (options?: StartOptions) => Promise<World>

/** The same tests with the embedded broker and with a real Mosquitto. */
export function onEachBus(name: string, tests: (open: OpenWorld) => void): void {
  describe(`${name}, with the embedded broker`, () => tests((options) => openWorld(undefined, options)))
  describeWithMosquitto(`${name}, with Mosquitto`, () =>
    tests(async (options) => {
      const mosquitto = await startMosquitto()
      onTestFinished(() => mosquitto.remove())
      return openWorld(mosquitto, options)
    }),
  )
}

async function openWorld(mosquitto: Mosquitto | undefined, options: StartOptions = {}): Promise<World> {
  const external: Record<string, string> = mosquitto ? { FAIRLEAD_MQTT_URL: mosquitto.url } : {}
  const gateway = await startTestGateway({ ...options, env: { ...external, ...options.env } })
  // A request that is sent before the gateway has subscribed reaches nobody.
  await expect.poll(async () => (await gateway.api('GET', '/readyz')).status).toBe(200)
  const bus = await connectBusClient(gateway.mqttUrl)
  onTestFinished(() => bus.close())
  await bus.subscribe('fairlead/#')
  return { gateway, bus, mosquitto }
}

/** The JSON that the bus shows on a topic, once it matches. */
export async function shown(bus: BusClient, topic: string, matches: (body: Shown) => boolean = () => true) {
  const message = await bus.next((item) => item.topic === topic && item.text !== '' && matches(JSON.parse(item.text)))
  return JSON.parse(message.text) as Shown
}

// biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what a message is
export type Shown = any
