import { expect } from 'vitest'
import type { SimulatedDevice } from '../../../simulator/device.ts'
import { type BusClient, connectBusClient } from '../../helpers/bus-client.ts'
import { connectRaw, type RawDevice } from '../../helpers/raw-device.ts'
import type { TestGateway } from '../../helpers/start-gateway.ts'

/** One row of the table. */
export interface BadInput {
  /** As in the list of bad inputs that the project is measured by: B01 … B38. */
  readonly id: string
  readonly sends: string
  /** What the protocol says to it. */
  readonly answer: string
  /** Sends it, and checks the answer. */
  readonly does: (world: World) => Promise<void>
  /** A counter of /metrics that rises: its name and its reason. */
  readonly counts?: readonly [name: string, reason: string]
  /** A reason that stands in the log, as a field of a line. */
  readonly logs?: string
  /** The gateway itself is in trouble, and says so as an error. */
  readonly isError?: boolean
}

/** Nothing in the line breaks it in two or moves a cursor [B34]. */
export function expectOneLine(line: string): void {
  expect(line.trimEnd()).not.toMatch(/[^\P{C}]|[\u2028\u2029]/u)
  expect(JSON.parse(line)).toBeTypeOf('object')
}

/** What all rows share: a gateway, a device that must not notice anything, and a look from the bus. */
export class World {
  readonly gateway: TestGateway
  readonly bus: BusClient
  readonly #neighbour: SimulatedDevice
  #beats = 0

  constructor(gateway: TestGateway, bus: BusClient, neighbour: SimulatedDevice) {
    this.gateway = gateway
    this.bus = bus
    this.#neighbour = neighbour
  }

  static async open(gateway: TestGateway, neighbour: SimulatedDevice): Promise<World> {
    const bus = await connectBusClient(gateway.mqttUrl)
    await bus.subscribe('fairlead/devices/#')
    neighbour.start()
    await neighbour.ready
    return new World(gateway, bus, neighbour)
  }

  /** A fresh device after its `welcome`. The row closes it, or the gateway does. */
  async device(): Promise<{ id: string; token: string; tokenId: string; raw: RawDevice }> {
    const enrolled = await this.gateway.enrol()
    return { ...enrolled, raw: await connectRaw(this.gateway, enrolled.token, 'boot-1') }
  }

  async counters(id: string): Promise<Readonly<Record<string, number>>> {
    return (await this.gateway.api('GET', `devices/${id}`)).body.counters
  }

  /** The value of a counter with that reason; 0 where it was never counted. */
  async metric(name: string, reason: string): Promise<number> {
    const { body } = await this.gateway.api('GET', '/metrics')
    const line = String(body)
      .split('\n')
      .find((one) => one.startsWith(`fairlead_${name}_total{reason="${reason}"}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }

  /** The gateway answers, and a device that does nothing wrong is acknowledged. */
  async isWell(): Promise<void> {
    expect((await this.gateway.api('GET', '/healthz')).status).toBe(200)
    this.#beats += 1
    expect(await this.#neighbour.telemetry({ beat: this.#beats }).settled).toBe('acked')
    expect(this.#neighbour.connection.sessions).toBe(1)
  }

  async close(): Promise<void> {
    await this.#neighbour.stop()
    await this.bus.close()
  }
}
