import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from '../protocol/messages.ts'
import type { CommandRun } from '../simulator/command-runner.ts'
import { SimulatedDevice } from '../simulator/device.ts'

const REPORT_EVERY_MS = 1_000

/** A simulated board in a greenhouse: two sensors that drift, a vent to open, a lamp to blink. */
export class Greenhouse {
  readonly id: string
  readonly device: SimulatedDevice
  #temperature = 18 + Math.random() * 8
  #humidity = 45 + Math.random() * 25
  #ventOpen = false
  #timer: NodeJS.Timeout | undefined

  constructor(id: string, link: { url: string; ca: Buffer; token: string }) {
    this.id = id
    const commands = {
      identify: async (_command: Command, { progress }: CommandRun) => {
        progress(50, 'lamp on')
        await delay(100)
        return { blinked: 3 }
      },
      vent: (command: Command) => {
        this.#ventOpen = command.params.open === true
        return { open: this.#ventOpen }
      },
    }
    this.device = new SimulatedDevice({ ...link, model: 'greenhouse', firmware: 'demo-1.0.0', commands })
  }

  /** Connects and reports once a second. */
  start(): void {
    this.device.start()
    this.#report()
    this.#timer = setInterval(() => this.#report(), REPORT_EVERY_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.device.stop()
  }

  #report(): void {
    this.#temperature += (Math.random() - 0.5) * 0.4 - (this.#ventOpen ? 0.2 : 0)
    this.#humidity += (Math.random() - 0.5) * 1.5
    this.device.telemetry({
      temperature: Math.round(this.#temperature * 10) / 10,
      humidity: Math.round(this.#humidity),
      vent_open: this.#ventOpen,
    })
  }
}
