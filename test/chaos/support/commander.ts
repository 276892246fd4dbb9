import { type CommandState, isFinal } from '../../../protocol/command-request.ts'
import type { Invariant } from '../case.ts'
import type { BusListener } from './bus-listener.ts'
import { examples } from './figures.ts'
import type { GatewayUnderTest } from './gateway-under-test.ts'
import type { Herd } from './herd.ts'
import { sleep, until } from './wait.ts'

const PER_S = 12
/** Requests without an answer yet; while the gateway is away none is added. */
const WAITING_MAX = 16
/** Of all commands; the others live for a minute, longer than any fault of a case. */
const SHORT_LIVED_SHARE = 0.15
const CANCELLED_SHARE = 0.1
const LONG_TTL_S = 90
/** Longer than any device is away: `unknown` is rare and honest. */
const TIMEOUT_S = 90
const PAGE = 100
/** [C-5] [C-6] */
const DID_NOT_RUN: ReadonlySet<CommandState> = new Set(['expired', 'rejected'])

interface Listed {
  readonly id: string
  readonly device: string
  readonly state: CommandState
  readonly history: readonly { readonly state: CommandState }[]
}

export interface CommanderNeeds {
  readonly gateway: GatewayUnderTest
  readonly herd: Herd
  readonly listener: BusListener
  readonly random: () => number
  /** Share of the requests that go over the bus; only a broker that outlives the gateway keeps those. */
  readonly busShare: number
}

/** Sends commands all the while, remembers which were accepted, and asks for every one of them in the end. */
export class Commander {
  readonly #needs: CommanderNeeds
  /** Answered with 202, or confirmed by the broker: id and device. */
  readonly accepted = new Map<string, string>()
  refused = 0
  /** The connection broke before the answer. */
  unanswered = 0
  #running = false
  #over: Promise<void> = Promise.resolve()
  #waiting = 0
  #fromBus = 0

  constructor(needs: CommanderNeeds) {
    this.#needs = needs
  }

  start(): void {
    this.#running = true
    this.#over = this.#sendOn()
  }

  /** Resolves when every request has its answer. */
  async stop(): Promise<void> {
    this.#running = false
    await this.#over
    await until(() => this.#waiting === 0, 30_000)
  }

  async #sendOn(): Promise<void> {
    const { random, herd, busShare } = this.#needs
    while (this.#running) {
      const animal = herd.animals[Math.floor(random() * herd.animals.length)]
      const overBus = random() < busShare
      const ttlS = random() < SHORT_LIVED_SHARE ? 1 + Math.floor(random() * 2) : LONG_TTL_S
      const cancelled = random() < CANCELLED_SHARE
      if (animal && this.#waiting < WAITING_MAX) this.#sendOne(animal.id, ttlS, overBus, cancelled)
      await sleep(1000 / PER_S)
    }
  }

  #sendOne(device: string, ttlS: number, overBus: boolean, cancelled: boolean): void {
    const body = { name: 'work', params: {}, ttl_s: ttlS, timeout_s: TIMEOUT_S }
    this.#waiting += 1
    const sent = overBus ? this.#byBus(device, body) : this.#byRest(device, body, cancelled)
    sent
      .catch(() => {
        this.unanswered += 1
      })
      .finally(() => {
        this.#waiting -= 1
      })
  }

  async #byRest(device: string, body: object, cancelled: boolean): Promise<void> {
    const { gateway } = this.#needs
    const answer = await gateway.api('POST', `devices/${device}/commands`, body)
    if (answer.status !== 202) this.refused += 1
    if (answer.status !== 202) return
    this.accepted.set(answer.body.id, device)
    if (cancelled) await gateway.api('POST', `commands/${answer.body.id}/cancel`)
  }

  async #byBus(device: string, body: object): Promise<void> {
    this.#fromBus += 1
    const id = `bus-${this.#fromBus}`
    await this.#needs.listener.publish(`fairlead/devices/${device}/command/request/${id}`, body)
    this.accepted.set(id, device)
  }

  /** Waits for every end, then holds what REST, the bus and the devices say against each other. */
  async judge(timeoutMs: number): Promise<Invariant[]> {
    const { herd, listener } = this.#needs
    let listed = new Map<string, Listed>()
    const isOver = async () => {
      listed = await this.#list()
      return [...this.accepted.keys()].every((id) => isFinal(listed.get(id)?.state ?? 'queued'))
    }
    await until(isOver, timeoutMs, 1_000)
    const ids = [...this.accepted.keys()]
    await until(() => ids.every((id) => listener.responses.has(id)), 15_000)
    const forgotten = ids.filter((id) => !listed.has(id))
    const endless = [...listed.values()].filter(({ state }) => !isFinal(state))
    const twice = [...this.#endedTwice(listed), ...listener.endedTwice()]
    const unheard = ids.filter((id) => !listener.responses.has(id))
    const runs = new Map(herd.animals.flatMap((animal) => [...animal.runs]))
    const ranTwice = [...runs].filter(([, times]) => times > 1).map(([id, times]) => `${id}: ${times} times`)
    const lies = this.#lies(listed, runs)
    const states = countOf([...listed.values()].map(({ state }) => state))
    return [
      statement('no command that was accepted is forgotten', ids.length, forgotten, states),
      statement('every command has a final state', listed.size, endless.map(shown), `${this.unanswered} unanswered`),
      statement('no command has two final states, by REST and bus', listed.size, twice),
      statement('the end of every accepted command is on the bus', ids.length, unheard),
      statement('no command ran twice', runs.size, ranTwice),
      statement('what succeeded ran; what expired or was rejected did not', listed.size, lies),
    ]
  }

  #endedTwice(listed: ReadonlyMap<string, Listed>): string[] {
    const { listener } = this.#needs
    return [...listed.values()].flatMap((command) => {
      const ends = command.history.filter(({ state }) => isFinal(state))
      const onBus = listener.responses.get(command.id)
      const agree = onBus === undefined || onBus.has(command.state)
      return ends.length > 1 || !agree ? [`${shown(command)}, on the bus ${[...(onBus ?? [])].join()}`] : []
    })
  }

  #lies(listed: ReadonlyMap<string, Listed>, runs: ReadonlyMap<string, number>): string[] {
    const isLie = ({ id, state }: Listed) => (runs.has(id) ? DID_NOT_RUN.has(state) : state === 'succeeded')
    return [...listed.values()]
      .filter(isLie)
      .map((command) => `${shown(command)}, ran ${runs.get(command.id) ?? 0} times`)
  }

  /** All commands that the registry has, also those whose answer was lost. */
  async #list(): Promise<Map<string, Listed>> {
    const all = new Map<string, Listed>()
    for (const { id } of this.#needs.herd.animals) {
      let before: string | undefined
      do {
        const page: string = before === undefined ? '' : `&before=${encodeURIComponent(before)}`
        const { status, body } = await this.#needs.gateway.api('GET', `devices/${id}/commands?limit=${PAGE}${page}`)
        if (status !== 200) throw new Error(`commands not listed: ${status} ${JSON.stringify(body)}`)
        for (const item of body.items) all.set(item.id, item)
        before = body.next ?? undefined
      } while (before !== undefined)
    }
    return all
  }
}

function shown({ id, device, state }: Listed): string {
  return `${id} of ${device} is ${state}`
}

function statement(text: string, checked: number, broken: readonly string[], figure = ''): Invariant {
  return { statement: text, checked, broken: broken.length, detail: broken.length > 0 ? examples(broken) : figure }
}

function countOf(states: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, count]) => `${state} ${count}`).join(', ')
}
