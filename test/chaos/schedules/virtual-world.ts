import { topicsUnder } from '../../../protocol/topics.ts'
import { CommandFailed } from '../../../simulator/command-runner.ts'
import { SimulatedDevice } from '../../../simulator/device.ts'
import { seededRandom } from '../../../simulator/seeded-random.ts'
import { MemoryRegistry } from '../../helpers/memory-registry.ts'
import { VirtualBus } from './virtual-bus.ts'
import { VirtualClock } from './virtual-clock.ts'
import { type Ground, VirtualGateway } from './virtual-gateway.ts'
import { type Weather, Wire } from './virtual-wire.ts'

export const topics = topicsUnder('fairlead')
const LATENCY_MS = 20
/** A record each so often, per device. */
const RECORD_EVERY_MS = 5_000

/** One simulated device, and its wires. A clone is a second one under the same id. */
export class VirtualDevice {
  readonly id: string
  readonly device: SimulatedDevice
  readonly weather: Weather = { latencyMs: LATENCY_MS, stalledUntilMs: 0, unreachableUntilMs: 0 }
  /** `boot/seq` of what was acknowledged. */
  readonly acked = new Set<string>()
  /** How often each command ran. */
  readonly runs = new Map<string, number>()
  /** Refusals with 401 since the last `welcome`. */
  refusedInARow = 0
  wire: Wire | undefined

  constructor(id: string, token: string, world: VirtualWorld) {
    const { clock, random } = world.ground
    this.id = id
    this.device = new SimulatedDevice({
      url: 'wss://gateway',
      token,
      clock,
      random,
      openLink: (options, user) => {
        const wire = new Wire(clock, this.weather, world.gateway, user)
        this.wire = wire
        world.wires.add(wire)
        wire.shakeHands(options, id, clock.nowMs() < this.weather.unreachableUntilMs)
        return wire
      },
      onCommand: async (command, { signal }) => {
        this.runs.set(command.id, (this.runs.get(command.id) ?? 0) + 1)
        const takesMs = Number(command.params.takesMs)
        if (takesMs > 0) await new Promise<void>((resolve) => clock.after(takesMs, resolve))
        if (signal.aborted) throw new CommandFailed('interrupted', 'stopped')
        return { done: true }
      },
    })
    this.device.on('settled', (record, outcome) => {
      if (outcome === 'acked') this.acked.add(`${record.boot}/${record.seq}`)
    })
    this.device.on('state', ({ to }) => {
      if (to === 'ready') this.refusedInARow = 0
      if (to === 'backoff' && this.device.httpStatus === 401) this.refusedInARow += 1
    })
  }

  /** It has a session, and what it says arrives. */
  get isOnline(): boolean {
    return this.device.state === 'ready' && this.wire?.isWhole === true
  }
  /** Neither here nor there. */
  get isBetween(): boolean {
    return ['opening', 'hello', 'leaving'].includes(this.device.state)
  }
}

/** A gateway, its bus and disk, and its devices, on one virtual clock. */
export class VirtualWorld {
  readonly clock = new VirtualClock()
  readonly ground: Ground
  readonly bus: VirtualBus
  readonly disk = new MemoryRegistry()
  readonly wires = new Set<Wire>()
  readonly devices: VirtualDevice[] = []
  /** The first one of each id. */
  readonly originals: VirtualDevice[] = []
  /** Undefined while it is down. */
  gateway: VirtualGateway | undefined
  #stopping = false
  readonly tokens = new Map<string, string>()

  constructor(seed: number) {
    this.bus = new VirtualBus(this.clock)
    const random = seededRandom(seed ^ 0x5eed)
    this.ground = { clock: this.clock, bus: this.bus, disk: this.disk, random, diskDelayMs: 0, ids: 0 }
  }

  async open(devices: number): Promise<void> {
    await this.startGateway()
    for (let n = 1; n <= devices; n++) {
      const created = this.gateway?.core.fleet.createDevice({ id: `d${n}` })
      await this.clock.advance(100)
      const enrolled = await created
      if (enrolled === undefined) throw new Error('no gateway')
      this.tokens.set(`d${n}`, enrolled.token.token)
      this.originals.push(this.addDevice(`d${n}`))
    }
  }

  addDevice(id: string): VirtualDevice {
    const added = new VirtualDevice(id, this.tokens.get(id) ?? '', this)
    this.devices.push(added)
    added.device.start()
    const record = (): void => {
      if (added.device.unacked < 200 && added.device.state !== 'offline')
        added.device.telemetry({ n: added.acked.size })
      this.clock.after(RECORD_EVERY_MS, record)
    }
    this.clock.after(RECORD_EVERY_MS * this.ground.random(), record)
    return added
  }

  /** Every network is as quick as it can be. */
  calm(): void {
    for (const { weather } of this.devices) weather.latencyMs = LATENCY_MS
  }

  /** Does nothing while one runs; waits for one that is stopping. */
  async startGateway(): Promise<void> {
    while (this.#stopping) await this.clock.advance(100)
    if (this.gateway !== undefined) return
    const gateway = new VirtualGateway(this.ground)
    const started = gateway.start()
    while (!gateway.isListening) await this.clock.advance(20)
    await started
    this.gateway = gateway
  }

  /** SIGTERM; it is over some seconds later. */
  stopGateway(): void {
    const { gateway } = this
    if (gateway === undefined || this.#stopping) return
    this.#stopping = true
    gateway.stop().then(
      () => this.#stopped(gateway),
      () => this.#stopped(gateway),
    )
  }

  #stopped(gateway: VirtualGateway): void {
    this.#stopping = false
    if (this.gateway === gateway) this.killGateway(false)
  }

  /** `silently`: as when the machine loses its power, so that no reset is sent. */
  killGateway(silently: boolean): void {
    this.gateway?.kill()
    this.gateway = undefined
    this.#stopping = false
    for (const wire of this.wires) {
      if (silently) wire.halfOpen()
      else wire.reset()
    }
    this.wires.clear()
  }
}
