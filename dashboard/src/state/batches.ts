import { signal } from '@preact/signals'
import type { CommandState } from '../../../protocol/command-request.ts'
import { call } from './api.ts'
import type { CommandRequest } from './commands.ts'
import { subscribe } from './live.ts'
import { Once } from './once.ts'
import { Paced } from './paced.ts'
import { may } from './session.ts'

/** Commands to many devices, as the gateway keeps them. */

export type TargetState = CommandState | 'pending' | 'refused' | 'deleted'
export type Counts = Readonly<Partial<Record<TargetState, number>>>

export interface Batch {
  readonly id: string
  readonly name: string
  readonly params: unknown
  readonly ttl_s: number
  readonly tag?: string
  readonly created_at: number
  readonly cancelled_at?: number
  readonly done: boolean
  readonly total: number
  readonly counts: Counts
}

export interface Target {
  readonly device: string
  readonly state: TargetState
  readonly command?: string
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

/** Of the live channel: a batch is another one now; with a device, this became of it. */
export type BatchNews = Partial<Target> & { readonly id: string }

export type Aim = { readonly tag: string } | { readonly devices: readonly string[] }

/** What one request may name, and what a tag may stand for: the gateway takes no more. */
export const DEVICES_MAX = 1_000
export const TAGGED_MAX = 10_000

export const batchPath = (id: string): string => `/command-batches/${encodeURIComponent(id)}`

/** The gateway keeps 50, and those with commands still to be made. */
const KEPT_MAX = 100
/** More than these at once are read as one list. */
const SINGLE_MAX = 8

/** All batches that the gateway keeps, newest first, as they get on. */
export class BatchList {
  readonly list = signal<readonly Batch[]>([])
  readonly isLoaded = signal(false)
  /** Who sent which; only admins may know, and the audit log forgets in time. */
  readonly senders = signal<ReadonlyMap<string, string>>(new Map())
  readonly #changed = new Set<string>()
  readonly #paced = new Paced(() => this.#read())

  watch(): () => void {
    const stop = subscribe('batches', {
      snapshot: (_items, isFirst) => isFirst && this.#all(),
      changes: (items) => {
        for (const { id } of items as BatchNews[]) this.#changed.add(id)
        this.#paced.ask()
      },
    })
    this.#all()
    return () => {
      stop()
      this.#paced.stop()
    }
  }

  #all(): void {
    this.#changed.add('')
    this.#paced.ask()
  }

  async #read(): Promise<void> {
    const changed = [...this.#changed]
    this.#changed.clear()
    try {
      await this.#readThese(changed)
    } catch (error) {
      for (const id of changed) this.#changed.add(id) // the next try reads them too
      throw error
    }
  }

  async #readThese(changed: readonly string[]): Promise<void> {
    const known = new Set(this.list.value.map(({ id }) => id))
    if (changed.length > SINGLE_MAX || changed.some((id) => !known.has(id))) return this.#readAll()
    const news = await Promise.all(changed.map((id) => call<Batch>('GET', batchPath(id))))
    const byId = new Map(news.map((batch) => [batch.id, batch]))
    this.list.value = this.list.value.map((batch) => byId.get(batch.id) ?? batch)
  }

  async #readAll(): Promise<void> {
    this.list.value = (await call<{ items: Batch[] }>('GET', `/command-batches?limit=${KEPT_MAX}`)).items
    this.isLoaded.value = true
    if (may('admin')) this.senders.value = await readSenders()
  }
}

/** The audit log says who sent what. */
async function readSenders(): Promise<Map<string, string>> {
  const { items } = await call<{ items: { actor: string; target?: string }[] }>(
    'GET',
    '/audit?action=sendCommands&outcome=ok&limit=200',
  )
  return new Map(items.toReversed().map(({ actor, target = '' }) => [idOf(target), actor.replace(/^(user|key):/, '')]))
}

const idOf = (target: string): string => target.replace('command-batches/', '')

/** Sends to many devices; resolves with the batch when the gateway has stored it. */
export class BatchSender {
  readonly #once = new Once()

  async send(aim: Aim, request: CommandRequest): Promise<Batch> {
    return this.#once.post<Batch>('/commands', { ...aim, ...request })
  }
}

export async function cancelBatch(id: string): Promise<Batch> {
  return call<Batch>('POST', `${batchPath(id)}/cancel`)
}
