import type {
  Batch,
  BatchAim,
  BatchLimits,
  BatchOutcome,
  BatchStore,
  BatchTarget,
  Expansion,
  NewBatch,
  TargetState,
} from '../../core/batch-store.ts'
import type { Once } from '../../core/records.ts'
import type { READS, WRITES } from './operations.ts'
import type { StoreThread } from './store-thread.ts'

/** Commands for many devices, in the same file. */
export class SqliteBatches implements BatchStore {
  readonly #writer: StoreThread<typeof WRITES>
  readonly #reader: StoreThread<typeof READS>

  constructor(writer: StoreThread<typeof WRITES>, reader: StoreThread<typeof READS>) {
    this.#writer = writer
    this.#reader = reader
  }

  createBatch(batch: NewBatch, aim: BatchAim, limits: BatchLimits, once?: Once): Promise<BatchOutcome> {
    return this.#writer.call('createBatch', batch, aim, limits, once)
  }
  batch(id: string): Promise<Batch | undefined> {
    return this.#reader.call('batch', id)
  }
  listBatches(page: { before?: string; limit: number }): Promise<Batch[]> {
    return this.#reader.call('listBatches', page)
  }
  batchTargets(
    id: string,
    page: { state?: TargetState; after?: string; limit: number },
  ): Promise<BatchTarget[] | undefined> {
    return this.#reader.call('batchTargets', id, page)
  }
  expandBatches(ids: readonly string[], waitingMax: number): Promise<Expansion> {
    return this.#writer.call('expandBatches', ids, waitingMax)
  }
  cancelBatch(id: string, atMs: number): Promise<boolean> {
    return this.#writer.call('cancelBatch', id, atMs)
  }
  cancelledButQueued(limit: number): Promise<string[]> {
    return this.#reader.call('cancelledButQueued', limit)
  }
}
