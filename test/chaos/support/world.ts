import { type Mosquitto, startMosquitto } from '../../helpers/mosquitto.ts'
import type { Invariant } from '../case.ts'
import { type BusListener, listenToBus } from './bus-listener.ts'
import { Caretaker } from './caretaker.ts'
import type { Cleanup } from './cleanup.ts'
import { Commander } from './commander.ts'
import { examples } from './figures.ts'
import { type GatewayUnderTest, startGatewayUnderTest } from './gateway-under-test.ts'
import { gatherHerd, type Herd } from './herd.ts'
import { History } from './history.ts'
import { until } from './wait.ts'

/** With persistence, as in deploy/mosquitto: what it confirmed survives its own restart. */
const MOSQUITTO_CONFIG = `allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_bytes 0`
/** For what the faults left behind, on a slow machine. */
const DRAIN_MAX_MS = 90_000
const QUIET_MS = 20_000
const COMMANDS_MAX_MS = 120_000
const PRESENCE_MAX_MS = 30_000

export interface WorldOptions {
  readonly bus: 'mosquitto' | 'embedded'
  readonly devices: number
  readonly ratePerS: number
  readonly random: () => number
  readonly env?: Readonly<Record<string, string>>
  /** Where the gateway finds the broker; the broker itself by default. */
  readonly brokerUrl?: (mosquitto: Mosquitto) => Promise<string>
  readonly deviceUrl?: (gateway: GatewayUnderTest) => Promise<(index: number) => string>
  /** Numbers in each message. */
  readonly values?: number
  /** Share of the commands that are asked for on the bus. */
  readonly busShare?: number
}

/** A gateway process, its broker, devices under load, a durable subscriber, and somebody who sends commands. */
export interface World {
  readonly gateway: GatewayUnderTest
  /** Undefined with the embedded broker. */
  readonly mosquitto: Mosquitto | undefined
  readonly herd: Herd
  readonly listener: BusListener
  readonly commander: Commander
  /** Changes settings and tokens. */
  readonly caretaker: Caretaker
  readonly history: History
}

/** Everything runs, nothing is under load yet. */
export async function openWorld(options: WorldOptions, cleanup: Cleanup): Promise<World> {
  const { random, devices, ratePerS, busShare = 0, deviceUrl, brokerUrl, values } = options
  const mosquitto = options.bus === 'mosquitto' ? await startMosquitto({ config: MOSQUITTO_CONFIG }) : undefined
  if (mosquitto) cleanup.add(() => mosquitto.remove())
  const external = mosquitto && { FAIRLEAD_MQTT_URL: (await brokerUrl?.(mosquitto)) ?? mosquitto.url }
  const gateway = await startGatewayUnderTest(cleanup, { ...external, ...options.env })
  const history = new History()
  const listener = await listenToBus(mosquitto?.url ?? gateway.mqttUrl, history, cleanup)
  const url = await deviceUrl?.(gateway)
  const herd = await gatherHerd(gateway, { devices, ratePerS, random, history, url, values }, cleanup)
  const commander = new Commander({ gateway, herd, listener, random: streamFrom(random), busShare })
  const caretaker = new Caretaker(gateway, herd, streamFrom(random))
  await herd.start()
  return { gateway, mosquitto, herd, listener, commander, caretaker, history }
}

/** Telemetry, commands, settings and tokens, until `settle`. */
export function putUnderLoad({ herd, commander, caretaker }: World): void {
  herd.load()
  commander.start()
  caretaker.start()
}

/** What the commander draws depends on how fast the machine is; the faults must not. */
function streamFrom(random: () => number): () => number {
  const first = random()
  let state = Math.floor(first * 2 ** 32)
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Ends the load and waits until all has arrived that ever will: outboxes empty, the subscriber has caught up. */
export async function settle(
  { herd, commander, caretaker, history, listener }: World,
  quietMs: number = QUIET_MS,
): Promise<Invariant> {
  await Promise.all([commander.stop(), caretaker.stop()])
  const tookMs = await herd.drain(DRAIN_MAX_MS)
  await until(() => history.lost().length === 0 || isQuiet(listener, quietMs), DRAIN_MAX_MS, 250)
  const stuck = herd.animals.filter(({ device }) => device.unacked > 0)
  const left = stuck.map(({ id, device }) => `${id} has ${device.unacked}, ${device.state}`)
  return {
    statement: 'every outbox is empty in the end',
    checked: herd.animals.length,
    broken: stuck.length,
    detail: tookMs === undefined ? examples(left) : `after ${(tookMs / 1000).toFixed(1)} s`,
  }
}

/** Connected, and nothing came for long: what is missing now is lost. */
function isQuiet(listener: BusListener, quietMs: number): boolean {
  return listener.connected && performance.now() - listener.lastArrivedMs > quietMs
}

/** What holds in every case, once all has settled. */
export async function judgeWorld(world: World): Promise<Invariant[]> {
  const settled = await settle(world)
  const commands = await world.commander.judge(COMMANDS_MAX_MS)
  const care = await world.caretaker.judge()
  return [
    ...world.history.invariants(),
    settled,
    ...commands,
    ...care,
    await judgePresence(world),
    ...judgeFalls(world),
  ]
}

/** The bus shows each device as it is: online with the number of its session, or offline for those that are stopped. */
export async function judgePresence({ herd, listener }: World): Promise<Invariant> {
  const leaving = herd.animals.filter((_, index) => index % 3 === 0)
  await Promise.all(leaving.map(({ device }) => device.stop()))
  const wrong = () =>
    herd.animals.flatMap(({ id, device }) => {
      const shown = listener.availability.get(id)
      const state = device.state === 'ready' ? 'online' : 'offline'
      const session = device.welcome?.session
      const right = shown?.state === state && shown.session === session
      return right ? [] : [`${id} is ${state} ${session}, shown ${shown?.state} ${shown?.session} ${shown?.reason}`]
    })
  await until(() => wrong().length === 0, PRESENCE_MAX_MS)
  const broken = wrong()
  return {
    statement: 'presence on the bus is what each device is',
    checked: herd.animals.length,
    broken: broken.length,
    detail: examples(broken),
  }
}

/** A gateway that falls, and a record that neither side takes. */
export function judgeFalls({ gateway, herd, history }: World): Invariant[] {
  const { falls, readyMs } = gateway
  const given = herd.dropped + herd.nacked
  return [
    {
      statement: 'the gateway never ends by itself, and by SIGTERM with 0',
      checked: readyMs.length,
      broken: falls.length,
      detail: examples(falls),
    },
    { statement: 'no record is refused or given up', checked: history.attemptedCount, broken: given },
  ]
}
