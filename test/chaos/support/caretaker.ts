import type { Invariant } from '../case.ts'
import { examples } from './figures.ts'
import type { GatewayUnderTest } from './gateway-under-test.ts'
import type { Herd } from './herd.ts'
import { sleep, until } from './wait.ts'

const PER_S = 6
const WAITING_MAX = 8
const ROTATION_SHARE = 0.4
/** For devices that are told their settings, and that come back with their latest token. */
const SETTLE_MAX_MS = 60_000

/** What was answered with 200 last, for one device. */
interface Change {
  readonly version: number
  readonly value: number
}

/** Changes settings and rotates tokens all the while, and asks in the end what became of them. */
export class Caretaker {
  readonly #gateway: GatewayUnderTest
  readonly #herd: Herd
  readonly #random: () => number
  readonly #changes = new Map<string, Change>()
  #accepted = 0
  #rotations = 0
  #tokensStored = 0
  #value = 0
  #running = false
  #waiting = 0
  #over: Promise<void> = Promise.resolve()

  constructor(gateway: GatewayUnderTest, herd: Herd, random: () => number) {
    this.#gateway = gateway
    this.#herd = herd
    this.#random = random
    for (const { device } of herd.animals) {
      device.on('token', () => {
        this.#tokensStored += 1
      })
    }
  }

  start(): void {
    this.#running = true
    this.#over = this.#goOn()
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#over
    await until(() => this.#waiting === 0, 30_000)
  }

  async #goOn(): Promise<void> {
    while (this.#running) {
      const { animals } = this.#herd
      const id = animals[Math.floor(this.#random() * animals.length)]?.id ?? ''
      const rotates = this.#random() < ROTATION_SHARE
      if (this.#waiting < WAITING_MAX) this.#act(rotates ? this.#rotate(id) : this.#set(id))
      await sleep(1000 / PER_S)
    }
  }

  #act(done: Promise<void>): void {
    this.#waiting += 1
    done
      .catch(() => {}) // no answer: it may have been done or not, and both are right
      .finally(() => {
        this.#waiting -= 1
      })
  }

  async #set(id: string): Promise<void> {
    this.#value += 1
    const value = this.#value
    const { status, body } = await this.#gateway.api('PATCH', `devices/${id}/shadow`, { desired: { value } })
    if (status !== 200) return
    this.#accepted += 1
    const version: number = body.desired_version
    if (version > (this.#changes.get(id)?.version ?? 0)) this.#changes.set(id, { version, value })
  }

  /** The old token ends as soon as the new one is confirmed. 409 while the last rotation is on its way. */
  async #rotate(id: string): Promise<void> {
    const { status } = await this.#gateway.api('POST', `devices/${id}/tokens/rotate`, { overlap_s: 0 })
    if (status === 202) this.#rotations += 1
  }

  /** Every device must be ready. Ends with a new session of each, by its latest token. */
  async judge(): Promise<Invariant[]> {
    const settings = await this.#judgeSettings()
    const { animals } = this.#herd
    const before = new Map(animals.map(({ id, device }) => [id, device.connection.sessions]))
    for (const { device } of animals) device.dropLink()
    const out = () =>
      animals.filter(({ id, device }) => device.state !== 'ready' || device.connection.sessions === before.get(id))
    await until(() => out().length === 0, SETTLE_MAX_MS)
    const lockedOut = out().map(({ id, device }) => `${id} is ${device.state}, last status ${device.httpStatus}`)
    return [
      ...settings,
      {
        statement: 'every device connects with the token that it holds',
        checked: animals.length,
        broken: lockedOut.length,
        detail:
          lockedOut.length > 0
            ? examples(lockedOut)
            : `${this.#rotations} rotations accepted, ${this.#tokensStored} tokens stored`,
      },
    ]
  }

  async #judgeSettings(): Promise<Invariant[]> {
    const forgotten: string[] = []
    let differs: string[] = []
    const look = async (): Promise<boolean> => {
      differs = []
      for (const { id, device } of this.#herd.animals) {
        const { body } = await this.#gateway.api('GET', `devices/${id}/shadow`)
        const wanted = JSON.stringify(body.desired)
        const has = JSON.stringify(device.settings)
        const says = JSON.stringify(body.reported)
        if (body.desired_version > 0 && (wanted !== has || wanted !== says)) {
          differs.push(`${id}: desired ${wanted}, has ${has}, reported ${says}`)
        }
      }
      return differs.length === 0
    }
    for (const [id, { version, value }] of this.#changes) {
      const { body } = await this.#gateway.api('GET', `devices/${id}/shadow`)
      const isThere = body.desired_version === version ? body.desired.value === value : body.desired_version > version
      if (!isThere) forgotten.push(`${id}: ${value} was version ${version}, is ${body.desired_version}`)
    }
    await until(look, SETTLE_MAX_MS, 500)
    return [
      {
        statement: 'no change of settings that was accepted is forgotten',
        ...{ checked: this.#changes.size, broken: forgotten.length },
        detail: forgotten.length > 0 ? examples(forgotten) : `${this.#accepted} changes`,
      },
      {
        statement: 'every device runs with what is desired, and says so',
        ...{ checked: this.#herd.animals.length, broken: differs.length, detail: examples(differs) },
      },
    ]
  }
}
