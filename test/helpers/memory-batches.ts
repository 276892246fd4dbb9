import {
  type Batch,
  type BatchAim,
  type BatchLimits,
  type BatchOutcome,
  type BatchStore,
  type BatchTarget,
  type Expansion,
  type NewBatch,
  refusedTarget,
  type TargetState,
  targetOf,
} from '../../gateway/core/batch-store.ts'
import type { CommandRecord, NewCommand } from '../../gateway/core/command-machine.ts'
import type { DeviceRow, Once } from '../../gateway/core/records.ts'
import type { MemoryOnce } from './memory-once.ts'

interface Kept {
  readonly batch: NewBatch & { readonly tag?: string }
  cancelledAtMs?: number
  readonly targets: Map<string, BatchTarget>
}

export interface MemoryBatchesNeeds {
  readonly devices: ReadonlyMap<string, DeviceRow>
  readonly commands: Map<string, CommandRecord>
  insertCommand(command: NewCommand, waitingMax: number): Promise<unknown>
  readonly once: MemoryOnce
}

/** The BatchStore port in memory. */
export class MemoryBatches implements BatchStore {
  readonly #needs: MemoryBatchesNeeds
  readonly #kept: Kept[] = []

  constructor(needs: MemoryBatchesNeeds) {
    this.#needs = needs
  }

  async createBatch(
    batch: NewBatch,
    aim: BatchAim,
    { targetsMax, pendingMax }: BatchLimits,
    once?: Once,
  ): Promise<BatchOutcome> {
    const { devices } = this.#needs
    const repeat = this.#needs.once.repeatOf(once)
    if (repeat !== undefined) return repeat
    const open = this.#kept.filter(({ targets }) => [...targets.values()].some(({ state }) => state === 'pending'))
    if (open.length >= pendingMax) return 'full'
    const tagged = (tag: string) => [...devices.values()].filter(({ tags }) => tags.includes(tag)).map(({ id }) => id)
    const wanted = 'tag' in aim ? tagged(aim.tag) : [...new Set(aim.devices)]
    if (wanted.length > targetsMax) return 'too_many'
    if (!wanted.some((id) => devices.has(id))) return 'no_device'
    const target = (device: string): BatchTarget =>
      devices.has(device) ? { device, state: 'pending' } : refusedTarget(device, 'device_not_found')
    const targets = new Map(wanted.sort().map((device) => [device, target(device)]))
    this.#kept.push({ batch: { ...batch, ...('tag' in aim ? aim : {}) }, targets })
    this.#needs.once.remember(once, batch.id)
    return 'created'
  }

  async batch(id: string) {
    const kept = this.#kept.find(({ batch }) => batch.id === id)
    return kept && this.#view(kept)
  }

  async listBatches({ before, limit }: { before?: string; limit: number }) {
    const newestFirst = [...this.#kept].reverse()
    const from = before === undefined ? 0 : newestFirst.findIndex(({ batch }) => batch.id === before) + 1
    return newestFirst.slice(from, from + limit).map((kept) => this.#view(kept))
  }

  async batchTargets(id: string, page: { state?: TargetState; after?: string; limit: number }) {
    const { state, after = '', limit } = page
    const kept = this.#kept.find(({ batch }) => batch.id === id)
    const targets = kept && [...kept.targets.values()].map((target) => this.#now(target))
    return targets
      ?.filter((target) => target.device > after && (state === undefined || target.state === state))
      .slice(0, limit)
  }

  async expandBatches(ids: readonly string[], waitingMax: number): Promise<Expansion> {
    const pending = this.#kept.flatMap(({ batch, targets }) =>
      [...targets.values()].filter(({ state }) => state === 'pending').map((target) => ({ batch, targets, target })),
    )
    const commands: CommandRecord[] = []
    const refused: Expansion['refused'][number][] = []
    for (const [index, id] of ids.entries()) {
      const next = pending[index]
      if (next === undefined) break
      const { device } = next.target
      const { tag: _ofBatch, ...command } = next.batch
      const outcome = await this.#needs.insertCommand({ ...command, id, device }, waitingMax)
      const made = this.#needs.commands.get(id)
      if (outcome === 'inserted' && made !== undefined) {
        const record = { ...made, batch: command.id }
        this.#needs.commands.set(id, record)
        commands.push(record)
        next.targets.set(device, targetOf(record))
      } else {
        const target = refusedTarget(device, outcome === 'full' ? 'queue_full' : 'device_not_found')
        refused.push({ ...target, batch: command.id })
        next.targets.set(device, target)
      }
    }
    return { commands, refused }
  }

  async cancelBatch(id: string, atMs: number) {
    const kept = this.#kept.find(({ batch }) => batch.id === id)
    if (kept === undefined) return false
    kept.cancelledAtMs ??= atMs
    for (const target of kept.targets.values()) {
      if (target.state === 'pending') kept.targets.set(target.device, { ...target, state: 'cancelled' })
    }
    return true
  }

  async cancelledButQueued(limit: number) {
    const cancelled = this.#kept.filter(({ cancelledAtMs }) => cancelledAtMs !== undefined)
    const targets = cancelled.flatMap((kept) => [...kept.targets.values()].map((target) => this.#now(target)))
    const queued = targets.filter(({ state }) => state === 'queued')
    return queued.flatMap(({ command }) => (command === undefined ? [] : [command])).slice(0, limit)
  }

  #now(target: BatchTarget): BatchTarget {
    if (target.command === undefined) return target
    const command = this.#needs.commands.get(target.command)
    return command === undefined ? { ...target, state: 'deleted' } : targetOf(command)
  }

  #view({ batch, cancelledAtMs, targets }: Kept): Batch {
    const counts: Partial<Record<TargetState, number>> = {}
    for (const target of targets.values()) {
      const { state } = this.#now(target)
      counts[state] = (counts[state] ?? 0) + 1
    }
    return { ...batch, cancelledAtMs, counts }
  }
}
