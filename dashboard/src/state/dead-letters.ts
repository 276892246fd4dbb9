import { signal } from '@preact/signals'
import { call } from './api.ts'
import { subscribe } from './live.ts'
import { Paced } from './paced.ts'

export interface DeadLetter {
  readonly id: number
  readonly at: number
  readonly topic: string
  readonly device?: string
  readonly command?: string
  readonly reason: string
  readonly detail: string
  readonly bytes: number
  readonly payload: string
}

const PAGE = 50
/** The gateway keeps no more either. */
const KEPT_MAX = 1_000

/** What could not be taken, newest first; new ones come by themselves. */
export class DeadLetterList {
  readonly list = signal<readonly DeadLetter[]>([])
  readonly isLoaded = signal(false)
  readonly hasMore = signal(false)
  readonly #newest = new Paced(() => this.#page())

  watch(): () => void {
    const ask = () => this.#newest.ask()
    const stop = subscribe('dead-letters', { snapshot: ask, changes: ask })
    ask()
    return () => {
      stop()
      this.#newest.stop()
    }
  }

  /** Older ones. */
  async more(): Promise<void> {
    await this.#page(this.list.value.at(-1)?.id)
  }

  async #page(before?: number): Promise<void> {
    const query = before === undefined ? '' : `&before=${before}`
    const page = await call<{ items: DeadLetter[]; next: number | null }>('GET', `/dead-letters?limit=${PAGE}${query}`)
    const oldest = this.list.value.at(-1)?.id ?? Number.POSITIVE_INFINITY
    const byId = new Map([...this.list.value, ...page.items].map((letter) => [letter.id, letter]))
    this.list.value = [...byId.values()].sort((a, b) => b.id - a.id).slice(0, KEPT_MAX)
    this.isLoaded.value = true
    const reached = page.items.at(-1)?.id ?? oldest
    if (reached <= oldest) this.hasMore.value = page.next !== null
  }
}
