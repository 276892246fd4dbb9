import { parseCommandRequest } from '../../protocol/command-request.ts'
import { describeProblem } from '../../protocol/problem.ts'
import type { Batch, BatchAim, BatchLimits, BatchStore, BatchTarget, Expansion, TargetState } from './batch-store.ts'
import type { CommandChanges } from './command-changes.ts'
import type { CommandDelivery } from './command-delivery.ts'
import type { Commands } from './commands.ts'
import { GatewayError } from './errors.ts'
import type { GatewayLimits } from './limits.ts'
import type { Observer } from './observer.ts'
import type { Clock, Log } from './ports.ts'
import type { Once } from './records.ts'

/** Devices that a tag may stand for: a whole large fleet, stored in a fraction of a second. */
const TARGETS_MAX = 10_000
/** Batches whose commands are not all made: each needs seconds, so more than a few are a script gone wild. */
const PENDING_MAX = 8
/** Commands made in one transaction: other writers wait no longer than for these. */
const CHUNK = 200
const LIMITS: BatchLimits = { targetsMax: TARGETS_MAX, pendingMax: PENDING_MAX }
const IN_FLIGHT = ['sent', 'accepted', 'running'] as const

export interface BatchesNeeds {
  readonly registry: { readonly batches: BatchStore }
  readonly commands: Pick<Commands, 'cancel'>
  readonly delivery: Pick<CommandDelivery, 'deliver'>
  readonly changes: Pick<CommandChanges, 'publish'>
  readonly clock: Clock
  readonly log: Log
  readonly limits: GatewayLimits
  readonly newId: () => string
  readonly observer?: Observer
}

/**
 * Commands for many devices. Accepted means that the list of devices is stored; their commands are made in chunks, and
 * what a crash leaves is taken up after it, so that none is forgotten and none is made twice.
 */
export class Batches {
  readonly #needs: BatchesNeeds
  #working: Promise<void> | undefined

  constructor(needs: BatchesNeeds) {
    this.#needs = needs
  }

  /**
   * Resolves when it is stored. `request` is unchecked input; rejects with bad_request, device_not_found, too_large,
   * queue_full. With `once` a repeat resolves with the batch of the first request, or rejects with idempotency_key_reused.
   */
  async submit(aim: { devices?: readonly string[]; tag?: string }, request: unknown, once?: Once): Promise<Batch> {
    const parsed = parseCommandRequest(request)
    if (!parsed.ok) throw new GatewayError('bad_request', describeProblem(parsed.problem))
    const { clock, newId, registry } = this.#needs
    const batch = { ...parsed.message, id: newId(), createdAtMs: clock.wallMs() }
    const outcome = await registry.batches.createBatch(batch, oneAim(aim), LIMITS, once)
    switch (outcome) {
      case 'conflict':
        throw new GatewayError('idempotency_key_reused')
      case 'no_device':
        throw new GatewayError('device_not_found', 'There is none of these devices, or none with this tag.')
      case 'too_many':
        throw new GatewayError('too_large', `These are more than ${TARGETS_MAX} devices.`)
      case 'full':
        throw new GatewayError('queue_full', 'Too many other batches are being sent.')
      case 'created':
        this.#needs.observer?.batch(batch.id)
        this.#start()
        return this.batch(batch.id)
      default:
        return this.batch(outcome.repeatOf)
    }
  }

  async batch(id: string): Promise<Batch> {
    const batch = await this.#needs.registry.batches.batch(id)
    if (batch === undefined) throw new GatewayError('batch_not_found')
    return batch
  }

  /** Newest first; `next` is the `before` of the following page. */
  async list(page: { before?: string; limit: number }): Promise<{ items: Batch[]; next?: string }> {
    const rows = await this.#needs.registry.batches.listBatches({ ...page, limit: page.limit + 1 })
    const items = rows.slice(0, page.limit)
    return { items, next: rows.length > page.limit ? items.at(-1)?.id : undefined }
  }

  /** What became of each device, by id; `next` is the `after` of the following page. */
  async targets(
    id: string,
    page: { state?: TargetState; after?: string; limit: number },
  ): Promise<{ items: BatchTarget[]; next?: string }> {
    const rows = await this.#needs.registry.batches.batchTargets(id, { ...page, limit: page.limit + 1 })
    if (rows === undefined) throw new GatewayError('batch_not_found')
    const items = rows.slice(0, page.limit)
    return { items, next: rows.length > page.limit ? items.at(-1)?.device : undefined }
  }

  /** Resolves when the wish is stored: what was not sent will end as cancelled, what was is asked to stop. */
  async cancel(id: string): Promise<Batch> {
    const { clock, registry, log } = this.#needs
    if (!(await registry.batches.cancelBatch(id, clock.wallMs()))) throw new GatewayError('batch_not_found')
    this.#needs.observer?.batch(id)
    this.#askToStop(id).catch((error: unknown) => log.warn({ error, batch: id }, 'not every device was asked to stop'))
    this.#start()
    return this.batch(id)
  }

  /** Makes commands that are pending and ends those that are cancelled. Call it every second; it never runs twice at once. */
  work(): Promise<void> {
    this.#working ??= this.#workOff().finally(() => {
      this.#working = undefined
    })
    return this.#working
  }

  #start(): void {
    this.work().catch((error: unknown) => this.#needs.log.warn({ error }, 'batches wait for the next try'))
  }

  async #workOff(): Promise<void> {
    const { registry, newId, limits } = this.#needs
    for (;;) {
      const ids = Array.from({ length: CHUNK }, newId)
      const made = await registry.batches.expandBatches(ids, limits.commandsWaitingMax)
      this.#tell(made)
      if (made.commands.length + made.refused.length === 0) break
    }
    for (;;) {
      const queued = await registry.batches.cancelledButQueued(CHUNK)
      if (queued.length === 0) return
      await Promise.all(queued.map((command) => this.#cancelOne(command)))
      if (queued.length < CHUNK) return // what is queued still, is looked for again in a second
    }
  }

  #tell({ commands, refused }: Expansion): void {
    const { changes, delivery, observer } = this.#needs
    for (const { batch, ...target } of refused) observer?.batch(batch, target)
    if (commands.length > 0) changes.publish()
    for (const command of commands) {
      observer?.command(command)
      delivery.deliver(command.device)
    }
  }

  async #askToStop(id: string): Promise<void> {
    for (const state of IN_FLIGHT) {
      let after: string | undefined
      do {
        const page = await this.targets(id, { state, after, limit: CHUNK })
        await Promise.all(page.items.map(({ command }) => command !== undefined && this.#cancelOne(command)))
        after = page.next
      } while (after !== undefined)
    }
  }

  /** One that has ended, or that its device was asked to stop, is as good as cancelled. */
  async #cancelOne(command: string): Promise<void> {
    try {
      await this.#needs.commands.cancel(command)
    } catch (error) {
      const isFine = error instanceof GatewayError && (error.status === 409 || error.status === 404)
      if (!isFine) throw error
    }
  }
}

function oneAim({ devices, tag }: { devices?: readonly string[]; tag?: string }): BatchAim {
  if (devices !== undefined && tag === undefined) return { devices }
  if (tag !== undefined && devices === undefined) return { tag }
  throw new GatewayError('bad_request', 'Name either devices or a tag.')
}
