import type { Ban, BanStore } from '../../core/ban-store.ts'
import type { READS, WRITES } from './operations.ts'
import type { StoreThread } from './store-thread.ts'

/** Who is kept out, in the same file. */
export class SqliteBans implements BanStore {
  readonly #writer: StoreThread<typeof WRITES>
  readonly #reader: StoreThread<typeof READS>

  constructor(writer: StoreThread<typeof WRITES>, reader: StoreThread<typeof READS>) {
    this.#writer = writer
    this.#reader = reader
  }

  putBan(ban: Ban, max: number): Promise<'kept' | 'full'> {
    return this.#writer.call('putBan', ban, max)
  }
  removeBan(id: string): Promise<boolean> {
    return this.#writer.call('removeBan', id)
  }
  bans(): Promise<Ban[]> {
    return this.#reader.call('bans')
  }
  dropEndedBans(atMs: number): Promise<void> {
    return this.#writer.call('dropEndedBans', atMs)
  }
}
