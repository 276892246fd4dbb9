import { signal } from '@preact/signals'
import { type Connection, call, pathOf } from './api.ts'
import { CONNECTIONS_KEPT } from './presence-history.ts'

/** A connection is in the history a moment after it began or ended. */
const SETTLE_MS = 2_500

interface Page {
  readonly items: readonly Connection[]
  readonly next: number | null
}

/** The connections of one device, newest first, as far back as somebody wanted to see them. */
export class DeviceConnections {
  readonly list = signal<readonly Connection[]>([])
  readonly isLoaded = signal(false)
  /** Whether the gateway has older ones. */
  readonly hasMore = signal(false)
  readonly #path: string
  #next: number | null = null

  constructor(device: string) {
    this.#path = `${pathOf(device)}/connections?limit=${CONNECTIONS_KEPT}`
  }

  /** Reads the newest now, and once more when what just happened is written down; until the returned function is called. */
  refresh(): () => void {
    const load = () => {
      call<Page>('GET', this.#path).then(
        (page) => this.#take(page, this.list.value.length === 0),
        () => {}, // asked again with the next change of presence
      )
    }
    load()
    const timer = setTimeout(load, SETTLE_MS)
    return () => clearTimeout(timer)
  }

  async more(): Promise<void> {
    if (this.#next !== null) this.#take(await call<Page>('GET', `${this.#path}&before=${this.#next}`), true)
  }

  #take({ items, next }: Page, isOldest: boolean): void {
    const byId = new Map([...this.list.value, ...items].map((one) => [one.id, one]))
    this.list.value = [...byId.values()].sort((a, b) => b.id - a.id)
    if (isOldest) this.#next = next
    this.hasMore.value = this.#next !== null
    this.isLoaded.value = true
  }
}
