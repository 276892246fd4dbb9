import { SimulatedDevice } from './device.ts'
import { DEVICE_COMMANDS } from './device-commands.ts'
import { type DeviceCounts, type DeviceOptions, noCounts } from './device-options.ts'
import { Histogram } from './histogram.ts'
import type { OutboxRecord, Outcome } from './outbox.ts'
import { seededRandom } from './seeded-random.ts'

export interface FleetMember {
  readonly id: string
  readonly token: string
}

export interface FleetOptions extends Pick<DeviceOptions, 'url' | 'ca' | 'timeScale' | 'honourRetryAfter'> {
  readonly devices: readonly FleetMember[]
  /** Telemetry messages per second of each device; 0: they only stay connected. */
  readonly ratePerS?: number
  /** The first connects are spread evenly over this time. */
  readonly rampMs?: number
  /** Values in one message. */
  readonly payloadKeys?: number
  /** Makes waits and values repeatable. Boot ids never are: the gateway would take a second run for a repeat. */
  readonly seed?: number
  readonly model?: string
  /** Known beside DEVICE_COMMANDS, and before them. */
  readonly commands?: DeviceOptions['commands']
}

export interface FleetCounts extends DeviceCounts {
  devices: number
  ready: number
  /** Devices that had at least one session. */
  everReady: number
  reconnects: number
  failedConnects: number
  unacked: number
  /** Messages that this process was too slow to make. */
  late: number
}

/** Small enough to spread the work, large enough to cost nothing. */
const TICK_MS = 50
/** After a pause of the process this much is made up for; what was due before is counted as late. */
const CATCH_UP_MAX_MS = 1_000

/** Many devices that send telemetry, driven by one timer. */
export class Fleet {
  readonly devices: ReadonlyMap<string, SimulatedDevice>
  readonly connectMs = new Histogram()
  readonly ackMs = new Histogram()
  readonly #order: readonly SimulatedDevice[]
  readonly #ratePerMs: number
  readonly #rampMs: number
  readonly #values: () => Record<string, number>
  readonly #startedAtMs = performance.now()
  #lastTickMs = this.#startedAtMs
  #started = 0
  #cursor = 0
  #due = 0
  #late = 0
  #sending = true
  readonly #timer: NodeJS.Timeout

  constructor(options: FleetOptions) {
    const random = seededRandom(options.seed ?? Math.floor(Math.random() * 2 ** 32))
    this.#values = payloadMaker(options.payloadKeys ?? 2, random)
    this.#ratePerMs = (options.ratePerS ?? 1) / 1_000
    this.#rampMs = options.rampMs ?? 0
    const shared = sharedOptions(options, random)
    this.devices = new Map(options.devices.map(({ id, token }) => [id, this.#make({ ...shared, token })]))
    this.#order = [...this.devices.values()]
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#tick()
  }

  #make(options: DeviceOptions): SimulatedDevice {
    const device = new SimulatedDevice(options)
    device.on('welcome', () => this.connectMs.record(device.connection.connectMs ?? 0))
    device.on('settled', this.#onSettled)
    return device
  }

  readonly #onSettled = (record: OutboxRecord, outcome: Outcome): void => {
    if (outcome === 'acked') this.ackMs.record(performance.now() - record.firstSentAtMs)
  }

  counts(): FleetCounts {
    const sum = { ...noCounts(), devices: 0, ready: 0, everReady: 0, reconnects: 0, failedConnects: 0, unacked: 0 }
    for (const device of this.#order) {
      for (const key of Object.keys(device.counts) as (keyof DeviceCounts)[]) sum[key] += device.counts[key]
      sum.devices++
      if (device.state === 'ready') sum.ready++
      if (device.connection.sessions > 0) sum.everReady++
      sum.reconnects += Math.max(0, device.connection.sessions - 1)
      sum.failedConnects += device.connection.failedConnects
      sum.unacked += device.unacked
    }
    return { ...sum, late: this.#late }
  }

  /** The devices stay connected and send what they have. */
  stopTelemetry(): void {
    this.#sending = false
  }

  /** True when every outbox is empty, false when that took longer than `timeoutMs`. */
  async drained(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs)
    })
    const all = Promise.all(this.#order.map((device) => device.drained())).then(() => true)
    const drained = await Promise.race([all, timeout])
    clearTimeout(timer)
    return drained
  }

  /** Every device says `bye`. Resolves when all are offline. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#order.map((device) => device.stop()))
  }

  #tick(): void {
    const nowMs = performance.now()
    const elapsedMs = nowMs - this.#lastTickMs
    this.#lastTickMs = nowMs
    this.#ramp(nowMs)
    if (this.#sending) this.#produce(elapsedMs)
  }

  #ramp(nowMs: number): void {
    const share = this.#rampMs === 0 ? 1 : Math.min(1, (nowMs - this.#startedAtMs) / this.#rampMs)
    const wanted = Math.max(1, Math.floor(share * this.#order.length))
    for (const device of this.#order.slice(this.#started, wanted)) device.start()
    this.#started = Math.max(this.#started, Math.min(wanted, this.#order.length))
  }

  /** The started devices take turns, so their messages are spread evenly over time. */
  #produce(elapsedMs: number): void {
    const perMs = this.#started * this.#ratePerMs
    this.#due += elapsedMs * perMs
    const catchUpMax = Math.max(1, CATCH_UP_MAX_MS * perMs)
    if (this.#due > catchUpMax) {
      this.#late += Math.floor(this.#due - catchUpMax)
      this.#due = catchUpMax
    }
    for (; this.#due >= 1; this.#due--) {
      this.#cursor = (this.#cursor + 1) % this.#started
      this.#order[this.#cursor]?.telemetry(this.#values())
    }
  }
}

/** Connects all devices and lets them send. Stop it with `stop`. Throws TypeError for a bad `url`. */
export function startFleet(options: FleetOptions): Fleet {
  return new Fleet(options)
}

function sharedOptions(options: FleetOptions, random: () => number): Omit<DeviceOptions, 'token'> {
  const { url, ca, timeScale, honourRetryAfter, model = 'simulated' } = options
  const commands = { ...DEVICE_COMMANDS, ...options.commands }
  return { url, ca, timeScale, honourRetryAfter, model, random, commands, capabilities: Object.keys(commands) }
}

const NAMED = ['temperature', 'humidity', 'battery', 'pressure']

/** Values that wander like weather, under `keys` names. */
function payloadMaker(keys: number, random: () => number): () => Record<string, number> {
  const names = Array.from({ length: keys }, (_, index) => NAMED[index] ?? `value_${index + 1}`)
  let level = 20
  return () => {
    level += random() - 0.5 + (20 - level) * 0.01
    return Object.fromEntries(names.map((name, index) => [name, Math.round((level + index + random()) * 100) / 100]))
  }
}
