import { signal } from '@preact/signals'
import { type CommandItem, call, pathOf } from './api.ts'
import { subscribe } from './live.ts'

/** Commands shown on a device's page; older ones are in the API. */
const SHOWN_MAX = 30

/** The commands of one device, newest first, as they change. */
export class DeviceCommands {
  readonly list = signal<readonly CommandItem[]>([])
  readonly #device: string

  constructor(device: string) {
    this.#device = device
  }

  watch(): () => void {
    const take = (items: readonly unknown[]) => this.#take(items as CommandItem[])
    const stop = subscribe(`commands:${this.#device}`, { snapshot: take, changes: take })
    call<{ items: CommandItem[] }>('GET', `${pathOf(this.#device)}/commands?limit=${SHOWN_MAX}`).then(
      ({ items }) => this.#take(items),
      () => {}, // the live socket tells of those that change
    )
    return stop
  }

  /** Resolves when the gateway has stored the command. */
  async send(name: string, params: unknown, ttlS: number): Promise<void> {
    const body = { name, params, ttl_s: ttlS }
    this.#take([await call<CommandItem>('POST', `${pathOf(this.#device)}/commands`, body)])
  }

  /** Asks for the end of the command; resolves also when the device was only asked to stop. */
  async cancel(id: string): Promise<void> {
    await call('POST', `/commands/${encodeURIComponent(id)}/cancel`)
  }

  #take(items: readonly CommandItem[]): void {
    const byId = new Map(this.list.value.map((item) => [item.id, item]))
    for (const item of items) {
      const known = byId.get(item.id)
      if (item.progress !== undefined) {
        if (known !== undefined) byId.set(item.id, { ...known, progress: item.progress })
      } else if (known === undefined || item.history.length >= known.history.length) {
        byId.set(item.id, { ...known, ...item })
      }
    }
    const sorted = [...byId.values()].sort((a, b) => b.created_at - a.created_at)
    this.list.value = sorted.slice(0, SHOWN_MAX)
  }
}
