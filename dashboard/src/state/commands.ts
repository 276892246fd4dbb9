import { computed, signal } from '@preact/signals'
import { type CommandState, isFinal } from '../../../protocol/command-request.ts'
import { type CommandItem, call, pathOf } from './api.ts'
import { subscribe } from './live.ts'
import { Once } from './once.ts'
import { Paced } from './paced.ts'

export interface CommandRequest {
  readonly name: string
  readonly params: unknown
  readonly ttl_s: number
}

export type StateFilter = CommandState | 'open' | ''

export interface CommandSource {
  /** Of the API, with its question mark: the list that the channel tells changes of. */
  readonly path: string
  readonly channel: string
  readonly pageSize: number
  readonly filter?: StateFilter
}

/** Beyond those that are shown, so that news which was overtaken is known as such. */
const SPARE_MAX = 2_000

/** Commands, newest first, as they change. */
export class CommandList {
  readonly #byId = signal<ReadonlyMap<string, CommandItem>>(new Map())
  readonly #max = signal(0)
  /** Whether older ones can be asked for. */
  readonly hasMore = signal(false)
  readonly isLoaded = signal(false)
  readonly list = computed(() => {
    const shown = [...this.#byId.value.values()].filter(({ state }) => matches(state, this.#source.filter))
    return shown.sort(newestFirst).slice(0, this.#max.value)
  })
  readonly #source: CommandSource
  readonly #firstPage = new Paced(() => this.#page(''))
  #next: string | null = null

  constructor(source: CommandSource) {
    this.#source = source
    this.#max.value = source.pageSize
  }

  watch(): () => void {
    let isAgain = false
    const stop = subscribe(this.#source.channel, {
      snapshot: (items, isFirst) => {
        if (isFirst && isAgain) this.#firstPage.ask() // the line was away for longer than the gateway remembers
        isAgain = true
        this.#take(items as CommandItem[])
      },
      changes: (items) => this.#take(items as CommandItem[]),
    })
    this.#firstPage.ask()
    return () => {
      stop()
      this.#firstPage.stop()
    }
  }

  /** Older ones. */
  async more(): Promise<void> {
    if (this.#next === null) return
    this.#max.value += this.#source.pageSize
    await this.#page(`&before=${encodeURIComponent(this.#next)}`)
  }

  take(item: CommandItem): void {
    this.#take([item])
  }

  async #page(before: string): Promise<void> {
    const { path, pageSize } = this.#source
    const page = await call<{ items: CommandItem[]; next: string | null }>('GET', `${path}limit=${pageSize}${before}`)
    this.#next = page.next
    this.hasMore.value = page.next !== null
    this.isLoaded.value = true
    this.#take(page.items)
  }

  #take(items: readonly CommandItem[]): void {
    const byId = new Map(this.#byId.value)
    for (const item of items) {
      const known = byId.get(item.id)
      if (item.progress !== undefined) {
        if (known !== undefined) byId.set(item.id, { ...known, progress: item.progress })
      } else if (known === undefined || item.history.length >= known.history.length) {
        byId.set(item.id, { ...known, ...item })
      }
    }
    for (const id of oldestBeyond(byId, this.#max.value + SPARE_MAX)) byId.delete(id)
    this.#byId.value = byId
  }
}

function matches(state: CommandState, filter: StateFilter = ''): boolean {
  return filter === '' || (filter === 'open' ? !isFinal(state) : state === filter)
}

/** Those of one batch were created at once: by device. */
function newestFirst(a: CommandItem, b: CommandItem): number {
  return b.created_at - a.created_at || (a.device < b.device ? -1 : 1)
}

function oldestBeyond(items: ReadonlyMap<string, CommandItem>, max: number): string[] {
  if (items.size <= max) return []
  const sorted = [...items.values()].sort(newestFirst)
  return sorted.slice(max).map(({ id }) => id)
}

/** Sends to one device; resolves when the gateway has stored the command. */
export class Sender {
  readonly #once = new Once()
  readonly #device: string

  constructor(device: string) {
    this.#device = device
  }

  async send(request: CommandRequest): Promise<CommandItem> {
    const path = `${pathOf(this.#device)}/commands`
    return this.#once.post<CommandItem>(path, request)
  }
}

/** Asks for the end of the command; rejects with command_in_flight when the device was only asked to stop. */
export async function cancelCommand(id: string): Promise<void> {
  await call('POST', `/commands/${encodeURIComponent(id)}/cancel`)
}
