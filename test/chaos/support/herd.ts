import type { Command } from '../../../protocol/messages.ts'
import type { BackoffTable } from '../../../simulator/backoff.ts'
import { SimulatedDevice } from '../../../simulator/device.ts'
import { enrol } from '../../../simulator/enrol.ts'
import { seededRandom } from '../../../simulator/seeded-random.ts'
import type { Cleanup } from './cleanup.ts'
import type { GatewayUnderTest } from './gateway-under-test.ts'
import type { History } from './history.ts'
import { sleep, until } from './wait.ts'

/** The waits of a real device, shortened: a case has minutes, not days. Which wait follows what stays the same. */
const QUICK: Partial<BackoffTable> = {
  baseMs: 150,
  capMs: 1_000,
  stableMs: 1_000,
  droppedMs: [50, 500],
  busyMs: [300, 1_000],
  hintDefaultMs: 500,
  hintMaxMs: 1_000,
}
/** A link is given up this long after the gateway's latest ping and pong were due. */
const SILENCE_SLACK_MS = 2_000
const TICK_MS = 25
const EVENT_EVERY = 7
/** After a pause of this process so much is made up for. */
const CATCH_UP_MAX_MS = 500
/** One count of acknowledgements for each. */
const BUCKET_MS = 100
/** A command runs so long at most. */
const WORK_MAX_MS = 400

export interface HerdOptions {
  readonly devices: number
  /** Of each device. */
  readonly ratePerS: number
  readonly history: History
  readonly random: () => number
  /** Where a device connects; the gateway itself by default. */
  readonly url?: (index: number) => string
  /** Numbers in one message: makes it larger. */
  readonly values?: number
}

export interface Animal {
  readonly id: string
  readonly device: SimulatedDevice
  /** How often each command ran. */
  readonly runs: Map<string, number>
}

/** Devices that keep every record until it is acknowledged, send at a steady rate and run commands. */
export class Herd {
  readonly animals: readonly Animal[]
  readonly #options: HerdOptions
  readonly #startedMs = performance.now()
  readonly #acksPerBucket: number[] = []
  readonly #values: Readonly<Record<string, number>>
  #timer: NodeJS.Timeout | undefined
  #cursor = 0
  #turn = 0
  /** Records that a full outbox gave up. */
  dropped = 0
  nacked = 0
  acked = 0

  constructor(animals: readonly Animal[], options: HerdOptions) {
    this.animals = animals
    this.#options = options
    this.#values = Object.fromEntries(Array.from({ length: options.values ?? 3 }, (_, n) => [`value_${n}`, n * 1.25]))
    for (const { id, device } of animals) this.#watch(id, device)
  }

  #watch(id: string, device: SimulatedDevice): void {
    const { history } = this.#options
    device.on('settled', ({ boot, seq }, outcome) => {
      if (outcome === 'dropped') this.dropped += 1
      else if (outcome !== 'acked') this.nacked += 1
      if (outcome !== 'acked') return
      history.acked(id, boot, seq)
      this.acked += 1
      const bucket = Math.floor((performance.now() - this.#startedMs) / BUCKET_MS)
      this.#acksPerBucket[bucket] = (this.#acksPerBucket[bucket] ?? 0) + 1
    })
  }

  get liveRatePerS(): number {
    return this.animals.length * this.#options.ratePerS
  }
  get ready(): number {
    return this.animals.filter(({ device }) => device.state === 'ready').length
  }
  get unacked(): number {
    return this.animals.reduce((sum, { device }) => sum + device.unacked, 0)
  }
  get sessions(): number {
    return this.animals.reduce((sum, { device }) => sum + device.connection.sessions, 0)
  }

  /** Acknowledgements between two moments (monotonic ms), by whole tenths of a second. */
  ackedBetween(fromMs: number, toMs: number): number {
    const first = Math.ceil((fromMs - this.#startedMs) / BUCKET_MS)
    const last = Math.floor((toMs - this.#startedMs) / BUCKET_MS)
    let sum = 0
    for (let at = Math.max(0, first); at < last; at += 1) sum += this.#acksPerBucket[at] ?? 0
    return sum
  }

  /** Times without any acknowledgement between two moments that lasted `minMs` or longer. */
  pauses(fromMs: number, toMs: number, minMs: number): number[] {
    const found: number[] = []
    let silent = 0
    const end = () => {
      if (silent * BUCKET_MS >= minMs) found.push(silent * BUCKET_MS)
      silent = 0
    }
    const last = Math.floor((toMs - this.#startedMs) / BUCKET_MS)
    for (let at = Math.ceil((fromMs - this.#startedMs) / BUCKET_MS); at < last; at += 1) {
      if (this.#acksPerBucket[at] === undefined) silent += 1
      else end()
    }
    end()
    return found
  }

  /** All connected when it resolves. */
  async start(timeoutMs = 60_000): Promise<void> {
    for (const { device } of this.animals) device.start()
    const isReady = await until(() => this.ready === this.animals.length, timeoutMs)
    if (isReady === undefined) throw new Error(`${this.ready} of ${this.animals.length} devices became ready`)
  }

  /** The devices take turns, so the load is even. */
  load(): void {
    const perMs = this.liveRatePerS / 1_000
    let lastMs = performance.now()
    let due = 0
    this.#timer = setInterval(() => {
      const nowMs = performance.now()
      due += Math.min(nowMs - lastMs, CATCH_UP_MAX_MS) * perMs
      lastMs = nowMs
      for (; due >= 1; due -= 1) this.#sendOne()
    }, TICK_MS)
  }

  #sendOne(): void {
    this.#cursor = (this.#cursor + 1) % this.animals.length
    const animal = this.animals[this.#cursor]
    if (animal === undefined) return
    const isEvent = ++this.#turn % EVENT_EVERY === 0 // of the same sequence, on another topic
    const { boot, seq } = isEvent ? animal.device.event('tick', this.#turn) : animal.device.telemetry(this.#values)
    this.#options.history.attempted(animal.id, boot, seq)
  }

  unload(): void {
    clearInterval(this.#timer)
  }

  /** No more load; the time until every outbox is empty, undefined when some is not. */
  async drain(timeoutMs: number): Promise<number | undefined> {
    this.unload()
    return await until(() => this.unacked === 0, timeoutMs)
  }

  /** All ready again, and no more waits than a second of load makes: the time until then, undefined when too long. */
  async steady(timeoutMs: number): Promise<number | undefined> {
    return await until(() => this.ready === this.animals.length && this.unacked <= this.liveRatePerS, timeoutMs)
  }

  kill(): void {
    this.unload()
    for (const { device } of this.animals) device.kill()
  }
}

/** Enrolled, not started. Killed with the case. */
export async function gatherHerd(gateway: GatewayUnderTest, options: HerdOptions, cleanup: Cleanup): Promise<Herd> {
  const ids = Array.from({ length: options.devices }, (_, index) => `device-${index + 1}`)
  const url = gateway.deviceUrl
  const members = await enrol(ids, { api: url.replace('wss:', 'https:'), ca: gateway.ca, adminKey: gateway.key })
  const seeds = members.map(() => options.random() * 2 ** 32)
  const animals = members.map(({ id, token }, index): Animal => {
    const random = seededRandom(seeds[index] ?? 0)
    const runs = new Map<string, number>()
    const device = new SimulatedDevice({
      ...{ url: options.url?.(index) ?? url, ca: gateway.ca, token, random },
      ...{ backoff: QUICK, silenceSlackMs: SILENCE_SLACK_MS, outboxMax: 100_000 },
      commands: { work: (command) => work(command, runs, random) },
      capabilities: ['work'],
    })
    return { id, device, runs }
  })
  const herd = new Herd(animals, options)
  cleanup.add(() => herd.kill())
  return herd
}

async function work({ id }: Command, runs: Map<string, number>, random: () => number): Promise<object> {
  runs.set(id, (runs.get(id) ?? 0) + 1)
  await sleep(random() * WORK_MAX_MS)
  return { done: true }
}
