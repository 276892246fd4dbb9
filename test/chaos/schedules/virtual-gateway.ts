import { buildCore, type Core } from '../../../gateway/core/core.ts'
import { drain } from '../../../gateway/core/drain.ts'
import { DEFAULT_LIMITS } from '../../../gateway/core/limits.ts'
import { Tally } from '../../../gateway/core/node/tally.ts'
import { repeat } from '../../../gateway/core/periodic.ts'
import type { Clock } from '../../../gateway/core/ports.ts'
import type { Registry } from '../../../gateway/core/registry.ts'
import { topicsUnder } from '../../../protocol/topics.ts'
import { CountingMetrics, FakeTokens, QuietLog } from '../../helpers/core-fakes.ts'
import { FakeSurroundings } from '../../helpers/fake-surroundings.ts'
import { FakeWall } from '../../helpers/memory-bans.ts'
import type { MemoryRegistry } from '../../helpers/memory-registry.ts'
import type { VirtualBus } from './virtual-bus.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** How long an ordered stop waits for the bus, as `stopGraceMs / 4`. */
const CHANGES_SETTLE_MS = 6_000
const DRAIN_MS = 5_000

/** What outlives a gateway. */
export interface Ground {
  readonly clock: VirtualClock
  readonly bus: VirtualBus
  readonly disk: MemoryRegistry
  readonly random: () => number
  /** How long each answer of the registry takes. */
  diskDelayMs: number
  ids: number
}

/** One run of the gateway: its true core, started and stopped in the order of gateway.ts. */
export class VirtualGateway {
  readonly core: Core
  readonly log = new QuietLog()
  readonly #ground: Ground
  readonly #clock: Clock
  #isDead = false
  #isListening = false
  #stopDuties: () => void = () => {}

  constructor(ground: Ground) {
    this.#ground = ground
    this.#clock = mortal(ground.clock, () => this.#isDead)
    this.core = buildCore({
      registry: slowed(ground, () => this.#isDead),
      bus: ground.bus.connect(() => this.#isDead),
      tokens: new FakeTokens(this.#clock),
      wall: new FakeWall(),
      clock: this.#clock,
      log: this.log,
      metrics: new CountingMetrics(),
      limits: DEFAULT_LIMITS,
      topics: topicsUnder('fairlead'),
      node: 'node-1',
      random: ground.random,
      newId: () => `id-${++ground.ids}`,
      surroundings: new FakeSurroundings(this.#clock.wallMs()),
      tally: new Tally(this.#clock),
    })
  }

  get isDead(): boolean {
    return this.#isDead
  }
  /** Devices reach it. */
  get isListening(): boolean {
    return this.#isListening && !this.#isDead
  }

  async start(): Promise<void> {
    const { presence, lastValues, info, shadowBoard, duties } = this.core
    await presence.restore()
    await lastValues.restore()
    await info.restore()
    await shadowBoard.restore()
    this.#stopDuties = repeat(duties, this.#clock, this.log)
    this.#isListening = true
  }

  /** kill -9: nothing of it happens any more; what the registry had answered is on the disk. */
  kill(): void {
    this.#isDead = true
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    const { admission, sessions, changes, lastValues } = this.core
    admission.refuseAll()
    this.#stopDuties()
    await drain(sessions, this.#clock, DRAIN_MS, this.#ground.random)
    this.#isListening = false
    await changes.settled(CHANGES_SETTLE_MS)
    await lastValues.save()
    this.kill()
  }
}

/** The clock of a process: its timers die with it. */
function mortal(clock: VirtualClock, isDead: () => boolean): Clock {
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, run) => clock.after(delayMs, () => void (isDead() || run())),
  }
}

/** The registry as one process sees it: each answer takes its time, and a dead process hears none. */
function slowed(ground: Ground, isDead: () => boolean): Registry {
  return new Proxy<Registry>(ground.disk, {
    get: (disk, name) => {
      const method: unknown = Reflect.get(disk, name)
      if (typeof method !== 'function' || name === 'health') return method
      return (...args: unknown[]) => {
        if (isDead()) return new Promise(() => {})
        const done: unknown = Reflect.apply(method, disk, args)
        return ground.diskDelayMs === 0 && !isDead() ? done : answerLater(ground, done, isDead)
      }
    },
  })
}

function answerLater({ clock, diskDelayMs }: Ground, done: unknown, isDead: () => boolean): Promise<unknown> {
  if (done instanceof Promise) done.catch(() => {}) // a refusal is late as well
  return new Promise((resolve) => void clock.after(diskDelayMs, () => void (isDead() || resolve(done))))
}
