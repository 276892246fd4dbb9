import { createHash } from 'node:crypto'
import { WebSocket } from 'ws'
import { isJsonObject, type JsonObject } from '../../../protocol/json.ts'
import type { FleetMember } from '../../../simulator/fleet.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { enrolMany } from '../crowd/crowd.ts'
import { withCleanup } from '../support/cleanup.ts'
import { examples } from '../support/figures.ts'
import { type GatewayUnderTest, startGatewayUnderTest } from '../support/gateway-under-test.ts'
import { until } from '../support/wait.ts'

const STEP_MAX_MS = 60_000
/** An API key has 6,000 requests a minute. */
const LOOK_EVERY_MS = 4_000
const OVERLAPS_S = [0, 1]
const ROUNDS_SHORT = 1
const ROUNDS_LONG = 5

/** Where a rotation stands, in the order in which it goes. */
const POINTS = ['connected', 'asked while away', 'token sent', 'token in flash', 'answered', 'confirmed'] as const
type Point = (typeof POINTS)[number]
const FAULTS = ['cut', 'kill'] as const
type Fault = (typeof FAULTS)[number]

/** Two faults, one after the other: each at any point, each of any kind. */
interface Script {
  readonly steps: readonly (readonly [Point, Fault])[]
  readonly overlapS: number
}

/** A rotation, interrupted twice: the device cut or the gateway killed between any two of its steps. */
export const tokenRotation: ChaosCase = {
  name: 'token-rotation',
  title: 'A token rotation interrupted twice, in every order',
  run: (context) =>
    withCleanup(async (cleanup) => {
      const gateway = await startGatewayUnderTest(cleanup, { FAIRLEAD_LOG_LEVEL: 'warn' })
      const scripts = allScripts()
      const members = await enrolMany(gateway, scripts.length, 'rotating')
      const devices = scripts.map((script, index) => new FlashDevice(gateway, members[index], script))
      cleanup.add(() => {
        for (const device of devices) device.cut()
      })
      for (let round = 0; round < (context.long ? ROUNDS_LONG : ROUNDS_SHORT); round++) {
        await interrupt(gateway, devices, context)
      }
      await gateway.kill()
      await gateway.start()
      const ends = await Promise.all(devices.map((device) => device.settle()))
      return invariants(ends, gateway.falls.length)
    }),
}

function allScripts(): Script[] {
  const faults = POINTS.flatMap((point) => FAULTS.map((fault) => [point, fault] as const))
  return faults.flatMap((first) =>
    faults.map((second, index) => ({ steps: [first, second], overlapS: OVERLAPS_S[index % 2] ?? 0 })),
  )
}

/** Brings every device to its point, cuts those to be cut, and then kills the gateway under the others; twice. */
async function interrupt(gateway: GatewayUnderTest, devices: readonly FlashDevice[], { say }: ChaosContext) {
  for (const turn of [0, 1]) {
    await Promise.all(devices.map((device) => device.goTo(turn)))
    for (const device of devices) device.cutIfDue(turn)
    await Promise.all(devices.map((device) => device.comeBackIfCut(turn)))
    await gateway.kill()
    for (const device of devices) device.cut()
    await gateway.start()
    say(`fault ${turn + 1}: ${devices.length} devices interrupted, the gateway killed`)
  }
}

interface Slot {
  readonly tokenId: string
  readonly text: string
}

/** What a device's flash remembers, and no more: two slots, and which of them is in use. */
class FlashDevice {
  readonly #gateway: GatewayUnderTest
  readonly #script: Script
  readonly #id: string
  readonly #slots: (Slot | undefined)[]
  #inUse = 0
  #socket: WebSocket | undefined
  #inbox: JsonObject[] = []
  #offered: Slot | undefined
  lockedOut = 0

  constructor(gateway: GatewayUnderTest, member: FleetMember | undefined, script: Script) {
    if (member === undefined) throw new Error('too few devices')
    this.#gateway = gateway
    this.#script = script
    this.#id = member.id
    this.#slots = [{ tokenId: '', text: member.token }, undefined]
  }

  /** To the point of this turn, as far as a rotation that an earlier fault left behind lets it. */
  async goTo(turn: number): Promise<void> {
    const [point] = this.#script.steps[turn] ?? ['connected']
    const far = POINTS.indexOf(point)
    if (point === 'asked while away') {
      this.cut()
      await this.#ask()
      return
    }
    await this.connect()
    if (far < POINTS.indexOf('token sent')) return
    await this.#ask()
    if (!(await this.#awaitToken()) || far < POINTS.indexOf('token in flash')) return
    this.#store()
    if (far < POINTS.indexOf('answered')) return
    this.#answer()
    if (far < POINTS.indexOf('confirmed')) return
    const isConfirmed = async () => (await this.#states()).every((state) => state !== 'offered')
    await until(isConfirmed, STEP_MAX_MS, LOOK_EVERY_MS)
  }

  cutIfDue(turn: number): void {
    if (this.#script.steps[turn]?.[1] === 'cut') this.cut()
  }

  async comeBackIfCut(turn: number): Promise<void> {
    if (this.#script.steps[turn]?.[1] === 'cut') await this.connect()
  }

  cut(): void {
    this.#socket?.terminate()
    this.#socket = undefined
  }

  /** One rotation without a fault, after all of them. Whether the device got in, and how many tokens it has then. */
  async settle(): Promise<{ script: string; lockedOut: number; live: number; rotated: boolean }> {
    await this.connect()
    const finished = (await this.#finish()) && (await this.#ask()) === 202
    const rotated = finished && (await this.#finish())
    this.cut()
    await this.connect() // and the token that is left opens a session
    const live = (await this.#states()).filter((state) => !/revoked|expired/.test(state)).length
    const script = this.#script.steps.map((step) => step.join(' ')).join(', ')
    return { script, lockedOut: this.lockedOut, live, rotated }
  }

  /** Answers what is offered until one token is left. */
  async #finish(): Promise<boolean> {
    const isOver = async () => {
      if (this.#takeToken()) {
        this.#store()
        this.#answer()
      }
      return (await this.#states()).filter((state) => state !== 'revoked').length === 1
    }
    return (await until(isOver, STEP_MAX_MS, LOOK_EVERY_MS)) !== undefined
  }

  /** With the slot in use; after a 401 once with the other. */
  async connect(): Promise<void> {
    this.cut()
    for (let tries = 0; tries < 2; tries++) {
      if (await this.#open(this.#slots[this.#inUse]?.text ?? '')) return
      if (this.#slots[1 - this.#inUse] !== undefined) this.#inUse = 1 - this.#inUse
    }
    this.lockedOut += 1
  }

  #open(token: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = new WebSocket(`${this.#gateway.deviceUrl}/device/v1`, ['fairlead.v1'], {
        ca: this.#gateway.ca,
        headers: { authorization: `Bearer ${token}` },
      })
      this.#socket = socket
      this.#inbox = []
      this.#offered = undefined
      socket.on('error', () => {})
      socket.on('close', () => resolve(false))
      socket.on('open', () => this.#say({ type: 'hello', boot: 'flash', firmware: 'x', model: 'x', capabilities: [] }))
      socket.on('message', (data: Buffer) => {
        const message: unknown = JSON.parse(data.toString())
        if (!isJsonObject(message)) return
        this.#inbox.push(message)
        if (message.type === 'welcome') resolve(true)
      })
    })
  }

  #say(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  /** A rotation that goes on already is as good [K-9]. */
  async #ask(): Promise<number> {
    const path = `devices/${this.#id}/tokens/rotate`
    const { status } = await this.#gateway.api('POST', path, { overlap_s: this.#script.overlapS })
    if (status !== 202 && status !== 409) throw new Error(`a rotation was answered with ${status}`)
    return status
  }

  /** False when there is nothing to come: the last rotation is in its overlap. */
  async #awaitToken(): Promise<boolean> {
    if ((await until(() => this.#takeToken(), LOOK_EVERY_MS, 20)) !== undefined) return true
    const isKnown = async () =>
      this.#takeToken() || !(await this.#states()).some((state) => /offered|pending/.test(state))
    await until(isKnown, STEP_MAX_MS, LOOK_EVERY_MS)
    return this.#takeToken()
  }

  #takeToken(): boolean {
    const message = this.#inbox.findLast(({ type }) => type === 'token')
    if (message !== undefined) this.#offered = { tokenId: String(message.token_id), text: String(message.token) }
    return this.#offered !== undefined
  }

  /** [K-7] The new token never overwrites the one in use. */
  #store(): void {
    if (this.#offered === undefined || this.#slots[this.#inUse]?.text === this.#offered.text) return
    this.#slots[1 - this.#inUse] = this.#offered
    this.#inUse = 1 - this.#inUse
  }

  #answer(): void {
    const text = this.#slots[this.#inUse]?.text ?? ''
    const sha256 = createHash('sha256').update(text).digest('hex')
    this.#say({ type: 'token_stored', token_id: this.#slots[this.#inUse]?.tokenId, sha256 })
  }

  async #states(): Promise<string[]> {
    const { status, body } = await this.#gateway.api('GET', `devices/${this.#id}/tokens`)
    if (status !== 200) throw new Error(`the list of tokens was answered with ${status}`)
    return body.items.map(({ state }: { state: string }) => state)
  }
}

type End = Awaited<ReturnType<FlashDevice['settle']>>

function invariants(ends: readonly End[], falls: number): Invariant[] {
  const about = (wrong: readonly End[]) => examples(wrong.map(({ script }) => script))
  const lockedOut = ends.filter((end) => end.lockedOut > 0)
  const stuck = ends.filter(({ rotated }) => !rotated)
  const many = ends.filter(({ live }) => live !== 1)
  return [
    {
      statement: 'one of its two slots always lets the device in',
      checked: ends.length,
      broken: lockedOut.length,
      detail: about(lockedOut),
    },
    { statement: 'a rotation is finished after all', checked: ends.length, broken: stuck.length, detail: about(stuck) },
    {
      statement: 'in the end the device has one live token, which works',
      checked: ends.length,
      broken: many.length,
      detail: about(many),
    },
    { statement: 'the gateway does not fall', checked: 1, broken: falls },
  ]
}
