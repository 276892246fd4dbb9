import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { JsonObject } from '../../protocol/json.ts'
import { SimulatedDevice } from '../../simulator/device.ts'
import { DEVICE_COMMANDS } from '../../simulator/device-commands.ts'
import type { CommandHandler } from '../../simulator/device-options.ts'
import { type Born, type DeviceSetup, type DeviceUnderTest, TIME_SCALE } from './device-under-test.ts'

const STATES = {
  offline: 'left',
  backoff: 'waiting',
  opening: 'busy',
  hello: 'busy',
  ready: 'ready',
  leaving: 'busy',
} as const

const slow: CommandHandler = async ({ params }, { signal }) => {
  const seconds = Number(params.seconds)
  await delay(seconds * 1_000, undefined, { signal })
  return { waited_ms: seconds * 1_000 }
}

/** The simulator's device, by the interface of the scenarios. */
export class SimulatedDeviceUnderTest implements DeviceUnderTest {
  readonly refusals: number[] = []
  readonly confirmedTokens: string[] = []
  readonly #device: SimulatedDevice
  readonly #runs = new Map<string, number>()

  constructor({ port, ca, token, otherToken }: DeviceSetup) {
    const counted = Object.entries({ ...DEVICE_COMMANDS, slow }).map(([name, run]) => [name, this.#counting(run)])
    this.#device = new SimulatedDevice({
      url: `wss://127.0.0.1:${port}`,
      ca,
      token,
      otherToken,
      timeScale: TIME_SCALE,
      silenceSlackMs: 1_000,
      tlsMaxVersion: 'TLSv1.2',
      commands: Object.fromEntries(counted),
    })
    this.#device.on('token', (text) => this.confirmedTokens.push(createHash('sha256').update(text).digest('hex')))
    this.#device.on('state', ({ to }) => {
      const { httpStatus } = this.#device
      if (to === 'backoff' && httpStatus !== undefined) this.refusals.push(httpStatus)
    })
    onTestFinished(() => this.#device.kill())
  }

  get boot(): string {
    return this.#device.boot
  }
  get state(): DeviceUnderTest['state'] {
    return STATES[this.#device.state]
  }
  get sessions(): number {
    return this.#device.connection.sessions
  }
  get unacknowledged(): number {
    return this.#device.unacked
  }
  get lastBye(): DeviceUnderTest['lastBye'] {
    return this.#device.lastBye
  }
  get settings(): JsonObject {
    return this.#device.settings
  }

  start(): void {
    this.#device.start()
  }
  async telemetry(values: Readonly<Record<string, number | boolean | string>>): Promise<Born> {
    const { boot, seq } = this.#device.telemetry(values)
    return { boot, seq }
  }
  async event(name: string, data: JsonObject): Promise<Born> {
    const { boot, seq } = this.#device.event(name, data)
    return { boot, seq }
  }
  async channel(name: string, payload: Uint8Array): Promise<Born> {
    const { boot, seq } = this.#device.channel(name, payload)
    return { boot, seq }
  }
  log(level: 'info' | 'warn', text: string): void {
    this.#device.log(level, text)
  }
  async restart(): Promise<void> {
    this.#device.reboot()
  }
  sleep(seconds: number): void {
    void this.#device.sleep(seconds)
  }
  leave(): void {
    void this.#device.stop()
  }
  runsOf(commandId: string): number {
    return this.#runs.get(commandId) ?? 0
  }

  #counting(run: CommandHandler): CommandHandler {
    return (command, context) => {
      this.#runs.set(command.id, this.runsOf(command.id) + 1)
      return run(command, context)
    }
  }
}
