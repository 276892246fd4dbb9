import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { SimulatedDevice } from '../../../simulator/device.ts'
import type { FleetMember } from '../../../simulator/fleet.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { enrolMany, percentiles } from '../crowd/crowd.ts'
import { type Cleanup, withCleanup } from '../support/cleanup.ts'
import { examples, mebibytes, median } from '../support/figures.ts'
import { type GatewayUnderTest, startGatewayUnderTest } from '../support/gateway-under-test.ts'
import { sleep, until } from '../support/wait.ts'
import type { HostileCounts, HostileOrder } from './isolation/hostile.ts'

const NORMAL_DEVICES = 20
const ROUNDS = 5
const WINDOW_SHORT_MS = 2_000
const WINDOW_LONG_MS = 10_000
/** Each normal device sends one message in this time. */
const SEND_EVERY_MS = 100
/** Commands for the device that does not read: more than it may have unfinished, with as much as one may hold. */
const COMMANDS_PER_ROUND = 10
const COMMAND_PARAMS_BYTES = 2_900
const PENDING_MAX_MS = 60_000
const MEMORY_MAX_BYTES = 128 * 1024 * 1024
const HOSTILE = fileURLToPath(new URL('./isolation/hostile.ts', import.meta.url))

/** Close codes (1006: cut by ws, whose peer does not take its pongs) and statuses with which each misbehaviour may end, and the one that must be seen. */
const ENDINGS: Readonly<Record<keyof HostileCounts, { readonly must: string; readonly may: readonly string[] }>> = {
  'bad frames': { must: '4014', may: ['4014', 'HTTP 429'] },
  pings: { must: '4013', may: ['4013', '1006', 'HTTP 429'] },
  handshakes: { must: '429', may: ['401', '429', 'reset'] },
}

/** A device that does not read and a client that is hostile in every way, beside devices that work. */
export const isolation: ChaosCase = {
  name: 'isolation',
  title: 'A slow device and a hostile client beside normal ones',
  alone: true,
  run: (context) =>
    withCleanup(async (cleanup) => {
      const gateway = await startGatewayUnderTest(cleanup, { FAIRLEAD_LOG_LEVEL: 'warn' })
      const members = await enrolMany(gateway, NORMAL_DEVICES + 3)
      const [slow, frames, pings, ...normal] = members
      if (slow === undefined || frames === undefined || pings === undefined) throw new Error('too few devices')
      const crowd = new NormalDevices(gateway, normal, cleanup)
      await crowd.ready()
      const order = { port: gateway.port, ca: gateway.ca, framesToken: frames.token, pingsToken: pings.token }
      const lazy = new LazyDevice(gateway, slow, cleanup)
      const rounds = await playRounds(gateway, crowd, lazy, { here: order, there: await elsewhere(cleanup) }, context)
      const commands = await lazy.catchUp()
      await crowd.settle()
      return invariants(rounds, { crowd, commands, falls: gateway.falls.length })
    }),
}

/** Another gateway on this machine: the same client there takes the same processors, and has nothing else in common. */
async function elsewhere(cleanup: Cleanup): Promise<HostileOrder> {
  const gateway = await startGatewayUnderTest(cleanup, { FAIRLEAD_LOG_LEVEL: 'warn' })
  const [frames, pings] = await enrolMany(gateway, 2)
  if (frames === undefined || pings === undefined) throw new Error('too few devices')
  return { port: gateway.port, ca: gateway.ca, framesToken: frames.token, pingsToken: pings.token }
}

interface Rounds {
  readonly quietP99Ms: number[]
  /** While the hostile client is busy with another gateway on the same processors. */
  readonly elsewhereP99Ms: number[]
  readonly noisyP99Ms: number[]
  readonly hostile: HostileCounts[]
  readonly grownBytes: number
}

async function playRounds(
  gateway: GatewayUnderTest,
  crowd: NormalDevices,
  lazy: LazyDevice,
  orders: { readonly here: HostileOrder; readonly there: HostileOrder },
  { long, say }: ChaosContext,
): Promise<Rounds> {
  const windowMs = long ? WINDOW_LONG_MS : WINDOW_SHORT_MS
  const rounds = { quietP99Ms: [] as number[], elsewhereP99Ms: [] as number[], noisyP99Ms: [] as number[] }
  const hostile: HostileCounts[] = []
  await crowd.measure(windowMs) // the first window warms everything up
  const baseBytes = await gateway.rssBytes()
  let mostBytes = baseBytes
  for (let round = 1; round <= ROUNDS; round++) {
    const quiet = await crowd.measure(windowMs)
    const busyElsewhere = hostileClient(orders.there)
    const beside = await crowd.measure(windowMs)
    await busyElsewhere.stop()
    await lazy.connect()
    const client = hostileClient(orders.here)
    await lazy.pileUp()
    const noisy = await crowd.measure(windowMs)
    hostile.push(await client.stop())
    mostBytes = Math.max(mostBytes, await gateway.rssBytes())
    rounds.quietP99Ms.push(quiet.p99)
    rounds.elsewhereP99Ms.push(beside.p99)
    rounds.noisyP99Ms.push(noisy.p99)
    const elsewhere = `${beside.p99} ms while the hostile one is elsewhere`
    say(`round ${round}: p99 of acks ${quiet.p99} ms quiet, ${elsewhere}, ${noisy.p99} ms beside both`)
  }
  return { ...rounds, hostile, grownBytes: mostBytes - baseBytes }
}

/** Devices that send at a steady rate, and how long each of their messages waited for its ack. */
class NormalDevices {
  readonly devices: readonly SimulatedDevice[]
  sent = 0
  acked = 0
  #waits: number[] = []

  constructor(gateway: GatewayUnderTest, members: readonly FleetMember[], cleanup: Cleanup) {
    const { deviceUrl: url, ca } = gateway
    this.devices = members.map(({ token }) => new SimulatedDevice({ url, ca, token }))
    for (const device of this.devices) {
      cleanup.add(() => device.kill())
      device.on('settled', (record, outcome) => {
        if (outcome === 'acked') this.acked += 1
        this.#waits.push(performance.now() - record.firstSentAtMs)
      })
      device.start()
    }
  }

  get reconnects(): number {
    return this.devices.reduce((sum, { connection }) => sum + connection.sessions - 1, 0)
  }

  ready(): Promise<unknown> {
    return Promise.all(this.devices.map((device) => device.ready))
  }

  async measure(windowMs: number): Promise<{ p99: number }> {
    this.#waits = []
    const untilMs = performance.now() + windowMs
    for (let n = 0; performance.now() < untilMs; n++) {
      this.devices[n % this.devices.length]?.telemetry({ n })
      this.sent += 1
      await sleep(SEND_EVERY_MS / this.devices.length)
    }
    await this.settle()
    return percentiles(this.#waits)
  }

  async settle(): Promise<void> {
    await until(() => this.acked >= this.sent, PENDING_MAX_MS)
  }
}

/** Takes its `welcome` and never reads again, while commands are sent to it. */
class LazyDevice {
  readonly #gateway: GatewayUnderTest
  readonly #member: FleetMember
  readonly #cleanup: Cleanup
  readonly #commands: string[] = []
  #socket: WebSocket | undefined

  constructor(gateway: GatewayUnderTest, member: FleetMember, cleanup: Cleanup) {
    this.#gateway = gateway
    this.#member = member
    this.#cleanup = cleanup
    cleanup.add(() => this.#socket?.terminate())
  }

  async connect(): Promise<void> {
    this.#socket?.terminate()
    const socket = new WebSocket(`${this.#gateway.deviceUrl}/device/v1`, ['fairlead.v1'], {
      ca: this.#gateway.ca,
      headers: { authorization: `Bearer ${this.#member.token}` },
    })
    this.#socket = socket
    socket.on('error', () => {})
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'hello', boot: 'lazy', firmware: 'x', model: 'x', capabilities: [] }))
    await once(socket, 'message')
    socket.pause()
  }

  async pileUp(): Promise<void> {
    const params = { fill: 'x'.repeat(COMMAND_PARAMS_BYTES) }
    for (let n = 0; n < COMMANDS_PER_ROUND; n++) {
      const path = `devices/${this.#member.id}/commands`
      const { status, body } = await this.#gateway.api('POST', path, { name: 'ping', params })
      if (status !== 202) throw new Error(`a command for the slow device was answered with ${status}`)
      this.#commands.push(body.id)
    }
  }

  /** It reads again, as another board with the same token: each command that was accepted has its end. */
  async catchUp(): Promise<{ readonly all: number; readonly unfinished: number }> {
    const { deviceUrl: url, ca } = this.#gateway
    const commands = { ping: () => 'pong' }
    const device = new SimulatedDevice({ url, ca, token: this.#member.token, commands })
    this.#cleanup.add(() => device.kill())
    device.start()
    await device.ready
    const ended = new Set<string>()
    await until(async () => {
      for (const id of this.#commands) {
        if (ended.has(id)) continue
        const { body } = await this.#gateway.api('GET', `commands/${id}`)
        if (body.state === 'succeeded') ended.add(id)
      }
      return ended.size === this.#commands.length
    }, PENDING_MAX_MS)
    return { all: this.#commands.length, unfinished: this.#commands.length - ended.size }
  }
}

function hostileClient(order: HostileOrder): { stop(): Promise<HostileCounts> } {
  const child = fork(HOSTILE, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.send(order)
  return {
    async stop() {
      const counts = once(child, 'message')
      child.send('stop')
      return (await counts)[0] as HostileCounts
    },
  }
}

interface Outcome {
  readonly crowd: NormalDevices
  readonly commands: { readonly all: number; readonly unfinished: number }
  readonly falls: number
}

function invariants(rounds: Rounds, { crowd, commands, falls }: Outcome): Invariant[] {
  return [
    ...Object.keys(ENDINGS).map((kind) => endings(kind as keyof HostileCounts, rounds.hostile)),
    { statement: 'normal devices lose no message', checked: crowd.sent, broken: crowd.sent - crowd.acked },
    { statement: 'normal devices keep their session', checked: NORMAL_DEVICES, broken: crowd.reconnects },
    {
      statement: 'commands for a device that does not read wait, and run when it reads again',
      checked: commands.all,
      broken: commands.unfinished,
    },
    {
      statement: `the gateway grows by ${mebibytes(MEMORY_MAX_BYTES)} at most, and does not fall`,
      checked: ROUNDS,
      broken: falls + (rounds.grownBytes > MEMORY_MAX_BYTES ? 1 : 0),
      detail: mebibytes(rounds.grownBytes),
    },
    ratio("a hostile neighbour moves other devices' p99 by 2x at most", rounds.noisyP99Ms, rounds.quietP99Ms),
    ratio('against what it costs them at another gateway of this machine', rounds.noisyP99Ms, rounds.elsewhereP99Ms),
  ]
}

/** Printed, judged by nobody. */
function ratio(statement: string, timesMs: readonly number[], basesMs: readonly number[]): Invariant {
  const ratios = timesMs.map((timeMs, index) => timeMs / Math.max(1, basesMs[index] ?? 1))
  const detail = `median ${median(ratios).toFixed(1)}x of ${ratios.map((each) => each.toFixed(1)).join(', ')}`
  return { statement, checked: ROUNDS, broken: 0, detail, informative: true }
}

/** How one kind of misbehaviour ended: never otherwise than it may, and as it must at least once. */
function endings(kind: keyof HostileCounts, all: readonly HostileCounts[]): Invariant {
  const { must, may } = ENDINGS[kind]
  const sum = new Map<string, number>()
  for (const counts of all) {
    for (const [how, times] of Object.entries(counts[kind])) sum.set(how, (sum.get(how) ?? 0) + times)
  }
  const wrong = [...sum].filter(([how]) => !may.includes(how))
  return {
    statement: `${kind} end with ${must}`,
    checked: [...sum.values()].reduce((total, times) => total + times, 0),
    broken: wrong.length + (sum.has(must) ? 0 : 1),
    detail: examples(
      [...sum].map(([how, times]) => `${how}: ${times}`),
      6,
    ),
  }
}
