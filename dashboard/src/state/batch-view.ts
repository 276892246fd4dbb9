import { signal } from '@preact/signals'
import { ApiError, call } from './api.ts'
import { type Batch, type BatchNews, batchPath, type Target, type TargetState } from './batches.ts'
import { subscribe } from './live.ts'
import { Paced } from './paced.ts'

/** As many as one request may ask for. */
const PAGE = 200
/** When a page could not be read. */
const RETRY_MS = 3_000

/** How far a target is: news that was overtaken says less than is known. */
const ON_THE_WAY: readonly TargetState[] = ['pending', 'queued', 'sent', 'accepted', 'running']
const progressOf = (state: TargetState): number =>
  ON_THE_WAY.includes(state) ? ON_THE_WAY.indexOf(state) : ON_THE_WAY.length

/** One batch and its devices, as they get on. Devices are read page by page, as far as somebody looks. */
export class BatchView {
  readonly batch = signal<Batch | undefined>(undefined)
  readonly isGone = signal(false)
  /** Those read so far, by id. */
  readonly targets = signal<readonly Target[]>([])
  readonly hasMore = signal(true)
  readonly filter = signal<TargetState | ''>('')
  readonly #id: string
  readonly #byDevice = new Map<string, Target>()
  readonly #batchPaced = new Paced(() => this.#readBatch())
  readonly #targetsPaced = new Paced(() => this.#readAgain())
  #after = ''
  #reading: Promise<void> | undefined
  #isScheduled = false
  #retry: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  constructor(id: string) {
    this.#id = id
  }

  watch(): () => void {
    let isAgain = false
    const stop = subscribe('batches', {
      snapshot: (items, isFirst) => {
        if (isFirst && isAgain) this.#missedSome()
        isAgain = true
        this.#take(items as BatchNews[])
      },
      changes: (items) => this.#take(items as BatchNews[]),
    })
    this.#batchPaced.ask()
    this.more()
    return () => {
      this.#isOver = true
      stop()
      this.#batchPaced.stop()
      this.#targetsPaced.stop()
      clearTimeout(this.#retry)
    }
  }

  take(batch: Batch): void {
    this.batch.value = batch
  }

  /** Only devices in this state, or all of them. */
  show(filter: TargetState | ''): void {
    this.filter.value = filter
    this.#byDevice.clear()
    this.targets.value = []
    this.#after = ''
    this.hasMore.value = true
    this.#reading = undefined
    this.more()
  }

  /** The next page, unless one is being read. */
  more(): void {
    if (this.#reading !== undefined || !this.hasMore.value) return
    const reading = this.#readPage(this.filter.value, this.#after)
      .then((next) => {
        if (this.#reading !== reading) return // another filter by now
        this.#after = next ?? ''
        this.hasMore.value = next !== null
      })
      .catch(() => {
        if (this.#isOver || this.#reading !== reading) return
        this.#retry = setTimeout(() => this.more(), RETRY_MS)
      })
      .finally(() => {
        if (this.#reading === reading) this.#reading = undefined
      })
    this.#reading = reading
  }

  #missedSome(): void {
    this.#batchPaced.ask()
    this.#targetsPaced.ask()
  }

  async #readBatch(): Promise<void> {
    try {
      this.batch.value = await call<Batch>('GET', batchPath(this.#id))
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
      this.isGone.value = true
    }
  }

  /** Everything that is shown, once more: many changed at once, or news was missed. */
  async #readAgain(): Promise<void> {
    const filter = this.filter.value
    if (filter !== '') return this.show(filter)
    const until = this.hasMore.value ? this.#after : undefined
    let after: string | null = ''
    do after = await this.#readPage(filter, after)
    while (after !== null && (until === undefined || after < until) && this.filter.value === filter)
  }

  async #readPage(filter: TargetState | '', after: string): Promise<string | null> {
    const query = new URLSearchParams({ limit: String(PAGE) })
    if (filter !== '') query.set('state', filter)
    if (after !== '') query.set('after', after)
    const path = `${batchPath(this.#id)}/targets?${query}`
    const { items, next } = await call<{ items: Target[]; next: string | null }>('GET', path)
    if (this.filter.value !== filter) return next
    for (const target of items) this.#put(target)
    this.#changed()
    return next
  }

  #take(items: readonly BatchNews[]): void {
    const mine = items.filter(({ id }) => id === this.#id)
    if (mine.length === 0) return
    this.#batchPaced.ask()
    for (const { id: _batch, device, state, ...more } of mine) {
      if (device === undefined || state === undefined) this.#targetsPaced.ask()
      else this.#hear({ device, state, ...more })
    }
    this.#changed()
  }

  #hear(target: Target): void {
    const filter = this.filter.value
    if (filter !== '' && target.state !== filter) this.#byDevice.delete(target.device)
    else if (!this.hasMore.value || target.device <= this.#after) this.#put(target)
  }

  #put(target: Target): void {
    const known = this.#byDevice.get(target.device)
    if (known !== undefined && progressOf(known.state) > progressOf(target.state)) return
    this.#byDevice.set(target.device, target)
  }

  #changed(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    requestAnimationFrame(() => {
      this.#isScheduled = false
      this.targets.value = [...this.#byDevice.values()].sort((a, b) => (a.device < b.device ? -1 : 1))
    })
  }
}

/** In these the command did not do what was asked, and nothing is still to come. */
export const NOT_DONE: readonly TargetState[] = ['failed', 'rejected', 'expired', 'unknown', 'cancelled', 'refused']

/** The devices for which it did not succeed, at most so many. */
export async function notSucceeded(id: string, max: number): Promise<string[]> {
  const devices: string[] = []
  for (const state of NOT_DONE) {
    let after = ''
    do {
      const query = `state=${state}&limit=${PAGE}${after}`
      const page = await call<{ items: Target[]; next: string | null }>('GET', `${batchPath(id)}/targets?${query}`)
      devices.push(...page.items.filter(({ error }) => error?.code !== 'device_not_found').map(({ device }) => device))
      after = page.next === null ? '' : `&after=${encodeURIComponent(page.next)}`
    } while (after !== '' && devices.length <= max)
  }
  return devices.slice(0, max)
}
