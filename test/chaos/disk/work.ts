import { SimulatedDevice } from '../../../simulator/device.ts'
import type { Invariant } from '../case.ts'
import type { Cleanup } from '../support/cleanup.ts'
import type { GatewayUnderTest } from '../support/gateway-under-test.ts'
import { sleep, until } from '../support/wait.ts'

const DEVICES = 4
const RECORD_EVERY_MS = 100
const ASK_EVERY_MS = 100
/** At the same time: an answer may take seconds while a disk is in trouble. */
const OPERATORS = 4
/** The queue of one device, less than it may have waiting [L-19]. */
const COMMANDS_MAX = 80
/** The gateway looks once a second whether its disk takes writes again; the rest is for a slow machine. */
const RECOVERED_MAX_MS = 30_000
const DRAINED_MAX_MS = 30_000

/** Devices that send and an operator who changes things, all the while something is wrong with the disk. */
export class Work {
  readonly devices: SimulatedDevice[] = []
  /** Answered with 201 or 202: what must be there for ever. */
  readonly acceptedDevices: string[] = []
  readonly acceptedCommands: string[] = []
  readonly #gateway: GatewayUnderTest
  #made = 0
  #sender: NodeJS.Timeout | undefined

  constructor(gateway: GatewayUnderTest) {
    this.#gateway = gateway
  }

  async begin(cleanup: Cleanup): Promise<void> {
    for (let n = 0; n < DEVICES; n++) {
      const { body } = await this.#gateway.api('POST', 'devices', { id: `sender-${n}` })
      const device = new SimulatedDevice({ url: this.#gateway.deviceUrl, ca: this.#gateway.ca, token: body.token })
      cleanup.add(() => device.kill())
      device.start()
      await device.ready
      this.devices.push(device)
    }
    await this.#gateway.api('POST', 'devices', { id: 'sleeper' })
    this.#sender = setInterval(() => {
      for (const device of this.devices) device.telemetry({ at: Date.now() })
    }, RECORD_EVERY_MS)
    cleanup.add(() => clearInterval(this.#sender))
  }

  /** Changes something again and again for so long. Counts the answers by status. */
  async operate(forMs: number): Promise<Operated> {
    const operated: Operated = {
      taken: 0,
      refused: 0,
      strange: [],
      reads: 0,
      notReady: '',
      stalled: 0,
      devices: DEVICES,
    }
    const acked = this.devices.map(({ counts }) => counts.acked)
    const untilMs = performance.now() + forMs
    const operator = async (): Promise<void> => {
      while (performance.now() < untilMs) {
        await this.#change(operated)
        await this.#look(operated)
        await sleep(ASK_EVERY_MS)
      }
    }
    await Promise.all(Array.from({ length: OPERATORS }, operator))
    operated.stalled = this.devices.filter(({ counts }, n) => counts.acked <= (acked[n] ?? 0)).length
    return operated
  }

  async #change(operated: Operated): Promise<void> {
    this.#made += 1
    const asCommand = this.#made % 3 === 0 && this.acceptedCommands.length < COMMANDS_MAX
    const answer = asCommand
      ? await this.#gateway.api('POST', 'devices/sleeper/commands', { name: 'x', params: { text: 'x'.repeat(1_000) } })
      : await this.#gateway.api('POST', 'devices', { id: `made-${this.#made}`, tags: ['disk'] })
    if (answer.status === 201 || answer.status === 202) {
      operated.taken += 1
      ;(asCommand ? this.acceptedCommands : this.acceptedDevices).push(answer.body.id)
    } else if (answer.status === 503 && answer.body.code === 'registry_unavailable') operated.refused += 1
    else operated.strange.push(`${answer.status} ${JSON.stringify(answer.body).slice(0, 100)}`)
  }

  async #look(operated: Operated): Promise<void> {
    const read = await this.#gateway.api('GET', 'devices/sender-0')
    if (read.status === 200) operated.reads += 1
    else operated.strange.push(`read: ${read.status}`)
    const { status, body } = await this.#gateway.api('GET', '/readyz')
    if (status === 503) operated.notReady = body.parts.registry.reason ?? ''
  }

  /** By itself, once the disk is well again. */
  async recovers(): Promise<number | undefined> {
    const isWell = async () => (await this.#gateway.api('GET', '/readyz')).status === 200
    return await until(isWell, RECOVERED_MAX_MS)
  }

  /** The socket that it had from the start, and nothing left to acknowledge. */
  async judgeDevices(): Promise<Invariant[]> {
    clearInterval(this.#sender)
    const drained = await until(() => this.devices.every(({ unacked }) => unacked === 0), DRAINED_MAX_MS)
    const { length } = this.devices
    const lost = this.devices.filter(({ connection }) => connection.sessions !== 1)
    const late = drained === undefined ? this.devices.filter(({ unacked }) => unacked > 0) : []
    return [
      { statement: 'every device keeps the session it had', checked: length, broken: lost.length },
      { statement: 'every record is acknowledged in the end', checked: length, broken: late.length },
    ]
  }

  /** After a kill -9 as well. */
  async judgeAccepted(): Promise<Invariant> {
    const missing: string[] = []
    const look = async (path: string) => {
      if ((await this.#gateway.api('GET', path)).status !== 200) missing.push(path)
    }
    for (const id of this.acceptedDevices) await look(`devices/${id}`)
    for (const id of this.acceptedCommands) await look(`commands/${id}`)
    return {
      statement: 'nothing that was answered with 201 or 202 is lost, also after kill -9',
      checked: this.acceptedDevices.length + this.acceptedCommands.length,
      broken: missing.length,
      ...(missing.length > 0 ? { detail: missing.slice(0, 3).join(', ') } : {}),
    }
  }
}

export interface Operated {
  taken: number
  refused: number
  /** Neither taken nor refused as it should be. */
  readonly strange: string[]
  reads: number
  /** What /readyz said of the registry. */
  notReady: string
  readonly devices: number
  /** Those of which nothing was acknowledged. */
  stalled: number
}
