import { randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { enrol } from '../simulator/enrol.ts'
import { BusWatcher } from './bus-watcher.ts'
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts'
import { Greenhouse } from './greenhouse.ts'
import { loginLink } from './login-link.ts'
import { Screen } from './screen.ts'

const DEVICES = ['greenhouse-1', 'greenhouse-2', 'greenhouse-3', 'greenhouse-4', 'greenhouse-5']
const DATA_DIR = resolve('data', 'demo')
const COMMAND_EVERY_MS = 15_000
/** With --once: longer than any of it should take on a slow machine. */
const ONCE_MAX_MS = 60_000

const HELP = `Usage: npm run demo [-- --once]

Starts a gateway with its own data directory, five simulated devices over real
TLS, and an independent MQTT client that shows what arrives on the bus.

  --once   exit 0 after the first telemetry and the first command's round trip
  --help   this text
`

async function main(): Promise<void> {
  const once = readArguments()
  const startedMs = performance.now()
  const screen = new Screen(startedMs)
  const adminKey = `flk_${randomBytes(32).toString('base64url')}`
  const gateway = await startGatewayProcess(DATA_DIR, adminKey)
  screen.gateway(gateway, adminKey, await loginLink(gateway.address, adminKey))
  const bus = await BusWatcher.connect(gateway.address.mqtt_url)
  const firstTelemetry = Promise.withResolvers<void>()
  const finalState = Promise.withResolvers<string>()
  await bus.watch('fairlead/devices/#', (message) => {
    const shown = screen.message(message)
    if (shown?.kind === 'telemetry') firstTelemetry.resolve()
    if (shown?.kind === 'response') finalState.resolve(shown.state)
  })
  const houses = await connectHouses(gateway, adminKey)
  const stop = stopper(gateway, bus, houses)
  gateway.onExit((code) => stop(code ?? 1))
  process.on('SIGINT', () => stop(0))
  process.on('SIGTERM', () => stop(0))
  if (once) setTimeout(() => stop(1, 'the demo did not come to its end in time'), ONCE_MAX_MS).unref()

  await firstTelemetry.promise
  await sendCommand(bus, screen, houses[0]?.id ?? '')
  const state = await finalState.promise
  if (once) return stop(state === 'succeeded' ? 0 : 1)
  screen.invite()
  setInterval(() => {
    const house = houses[Math.floor(Math.random() * houses.length)]
    sendCommand(bus, screen, house?.id ?? '').catch((error: unknown) => stop(1, String(error)))
  }, COMMAND_EVERY_MS)
}

function readArguments(): boolean {
  try {
    const { values } = parseArgs({ options: { once: { type: 'boolean' }, help: { type: 'boolean' } } })
    if (!values.help) return values.once === true
    process.stdout.write(HELP)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
    process.exit(2)
  }
}

async function connectHouses(gateway: GatewayProcess, adminKey: string): Promise<Greenhouse[]> {
  const { url, ca: caFile } = gateway.address
  const ca = await readFile(caFile)
  const members = await enrol(DEVICES, { api: url, ca, adminKey, model: 'greenhouse' })
  const houses = members.map(({ id, token }) => new Greenhouse(id, { url: url.replace('https:', 'wss:'), ca, token }))
  for (const house of houses) house.start()
  return houses
}

/** Asks over the bus, as a backend would. */
async function sendCommand(bus: BusWatcher, screen: Screen, device: string): Promise<void> {
  const id = randomUUID()
  screen.commandSent(id, device)
  await bus.publish(`fairlead/devices/${device}/command/request/${id}`, { name: 'identify', ttl_s: 60 })
}

/** Devices say goodbye, then the gateway stops in order; the second call ends at once. */
function stopper(gateway: GatewayProcess, bus: BusWatcher, houses: readonly Greenhouse[]) {
  let stopping = false
  return (code: number, problem?: string): void => {
    if (stopping) return
    stopping = true
    if (problem !== undefined) process.stderr.write(`${problem}; the gateway's log is ${gateway.logFile}\n`)
    process.once('SIGINT', () => process.exit(1))
    const leave = async (): Promise<void> => {
      await Promise.all(houses.map((house) => house.stop()))
      await bus.close()
      await gateway.stop()
    }
    leave().then(
      () => process.exit(code),
      () => process.exit(1),
    )
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
})
