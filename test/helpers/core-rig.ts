import type { ConnectionEvents } from '../../gateway/core/connections.ts'
import { buildCore, type Core } from '../../gateway/core/core.ts'
import { DEFAULT_LIMITS, type GatewayLimits } from '../../gateway/core/limits.ts'
import { Tally } from '../../gateway/core/node/tally.ts'
import type { Registry } from '../../gateway/core/registry.ts'
import { encodeMessage } from '../../protocol/encode.ts'
import type { DeviceMessage, Hello, TelemetryPoint } from '../../protocol/messages.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { CountingMetrics, FakeBus, FakeLink, FakeTokens, QuietLog } from './core-fakes.ts'
import { FakeSurroundings } from './fake-surroundings.ts'
import { ManualClock, settled } from './manual-clock.ts'
import { FakeWall } from './memory-bans.ts'
import { MemoryRegistry } from './memory-registry.ts'

export const topics = topicsUnder('fairlead')
export const POINT: TelemetryPoint = { ts: 1_767_225_600_000, values: { temp: 21.5 } }

/** One device's end of a connection. */
export class DeviceEnd {
  readonly link: FakeLink
  readonly #events: ConnectionEvents

  constructor(link: FakeLink, events: ConnectionEvents) {
    this.link = link
    this.#events = events
  }

  send(message: DeviceMessage): void {
    this.text(encodeMessage(message))
  }
  text(frame: string): void {
    this.#events.text(frame, Buffer.byteLength(frame))
  }
  binary(frame: Uint8Array): void {
    this.#events.binary(frame)
  }
  ping(): void {
    this.#events.control('ping')
  }
  pong(): void {
    this.#events.control('pong')
  }
  vanish(reason = 'connection_lost'): void {
    this.#events.closed(reason)
  }

  hello(hello: Partial<Hello> = {}): void {
    this.send({ type: 'hello', boot: 'b1', firmware: '1.0.0', model: 'greenhouse', capabilities: [], ...hello })
  }
  telemetry(seq: number, boot?: string, points = [POINT]): void {
    this.send({ type: 'telemetry', seq, boot, points })
  }
}

/** The whole core between fakes: real parts, a bus and a registry in the test's hands, and time that stands still. */
export class CoreRig {
  readonly clock: ManualClock
  readonly bus = new FakeBus()
  readonly wall = new FakeWall()
  readonly log = new QuietLog()
  readonly metrics = new CountingMetrics()
  readonly tokens: FakeTokens
  readonly memory: MemoryRegistry
  readonly limits: GatewayLimits
  readonly surroundings: FakeSurroundings
  readonly core: Core
  /** The first token of each device that was registered. */
  readonly tokenOf: Map<string, string>
  random = 0
  #ids: number

  /** `after`: the gateway was killed and starts anew; what it had stored is there, nothing else. */
  constructor(options: { limits?: Partial<GatewayLimits>; registry?: Registry; after?: CoreRig } = {}) {
    const { after } = options
    this.clock = after?.clock ?? new ManualClock()
    this.tokens = new FakeTokens(this.clock)
    this.memory = after?.memory ?? new MemoryRegistry()
    this.tokenOf = new Map(after?.tokenOf)
    this.#ids = after === undefined ? 0 : after.#ids
    this.limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.surroundings = new FakeSurroundings(this.clock.wallMs())
    const { clock, bus, log, metrics, tokens, limits, wall, surroundings } = this
    const registry = options.registry ?? this.memory
    const random = () => this.random
    const newId = () => `id-${++this.#ids}`
    this.core = buildCore({
      registry,
      bus,
      tokens,
      wall,
      clock,
      log,
      metrics,
      limits,
      topics,
      node: 'node-1',
      random,
      newId,
      surroundings,
      tally: new Tally(clock),
    })
  }

  /** Registers a device; resolves with the id of its token. */
  async register(id = 'd1'): Promise<string> {
    const { token } = await this.core.fleet.createDevice({ id })
    this.tokenOf.set(id, token.id)
    return token.id
  }

  /** A socket of the device after its 101. */
  open(device = 'd1', tokenId = this.tokenOf.get(device) ?? 'none', expiresAtMs?: number, address?: string): DeviceEnd {
    const link = new FakeLink()
    return new DeviceEnd(link, this.core.connections.open({ device, tokenId, expiresAtMs }, link, { address }))
  }

  /** A device that is registered where needed, and has its `welcome`. */
  async ready(device = 'd1', hello: Partial<Hello> = {}, address?: string): Promise<DeviceEnd> {
    const tokenId = this.tokenOf.get(device) ?? (await this.register(device))
    const end = this.open(device, tokenId, undefined, address)
    end.hello(hello)
    await settled()
    return end
  }
  /** Telemetry and events wait for the test's confirmation; everything else is confirmed at once. */
  holdTelemetry(): void {
    this.bus.confirms = (topic) => !/\/(telemetry|event)(\/|$)/.test(topic)
  }

  /** The bus is away: nothing is confirmed. */
  holdAll(): void {
    this.bus.confirms = () => false
  }

  duty(name: string): void | Promise<void> {
    const duty = this.core.duties.find((one) => one.name === name)
    if (!duty) throw new Error(`no duty ${name}`)
    return duty.run()
  }
}
