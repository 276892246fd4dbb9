import type { CommandRequest, CommandState } from '../../protocol/command-request.ts'
import type { CommandError } from '../../protocol/messages.ts'
import type { CommandRecord } from './command-machine.ts'
import { GatewayError } from './errors.ts'
import type { Once } from './records.ts'

/** One request for a command on many devices, and what the store promises about it. */

export interface NewBatch extends CommandRequest {
  readonly id: string
  readonly createdAtMs: number
}

/** The devices, or all that have the tag when the batch is stored. */
export type BatchAim = { readonly devices: readonly string[] } | { readonly tag: string }

/**
 * `pending`: its command is not made yet. `refused`: it never will be. `deleted`: the device was removed before its
 * command had ended. Else the state of the command.
 */
export type TargetState = CommandState | 'pending' | 'refused' | 'deleted'

export interface BatchTarget {
  readonly device: string
  readonly state: TargetState
  readonly command?: string
  /** What the device answered, while its command is kept. */
  readonly result?: unknown
  /** Why it was refused, or what its command says. */
  readonly error?: CommandError
}

export type RefusalCode = 'device_not_found' | 'queue_full'

/** A device that gets no command. */
export function refusedTarget(device: string, code: RefusalCode): BatchTarget {
  return { device, state: 'refused', error: { code, message: new GatewayError(code).message } }
}

/** The device of a command of a batch. */
export function targetOf({ device, state, id, result, error }: CommandRecord): BatchTarget {
  return { device, state, command: id, result, error }
}

/** What became of pending targets: those with a command now, and those that get none. */
export interface Expansion {
  readonly commands: readonly CommandRecord[]
  readonly refused: readonly (BatchTarget & { readonly batch: string })[]
}

export interface Batch extends NewBatch {
  readonly tag?: string
  readonly cancelledAtMs?: number
  /** How many devices are in which state; states without one are left out. */
  readonly counts: Readonly<Partial<Record<TargetState, number>>>
}

/** `repeatOf`: an earlier request with the same key made that batch. `conflict`: it asked for something else. */
export type BatchOutcome = 'created' | 'no_device' | 'too_many' | 'full' | 'conflict' | { readonly repeatOf: string }

export interface BatchLimits {
  readonly targetsMax: number
  /** Batches with pending targets at once. */
  readonly pendingMax: number
}

/** Part of the registry: every change is on the disk when it resolves. */
export interface BatchStore {
  /**
   * The batch with all its targets, or nothing. Devices that there are not are `refused` from the start. `no_device`
   * when none is left, `too_many` when there are more than `targetsMax`. `once`: as everywhere in the registry.
   */
  createBatch(batch: NewBatch, aim: BatchAim, limits: BatchLimits, once?: Once): Promise<BatchOutcome>
  batch(id: string): Promise<Batch | undefined>
  /** Newest first. Only the latest are kept: their commands live on by themselves. */
  listBatches(page: { before?: string; limit: number }): Promise<Batch[]>
  /** By device id; undefined when there is no such batch. */
  batchTargets(
    id: string,
    page: { state?: TargetState; after?: string; limit: number },
  ): Promise<BatchTarget[] | undefined>
  /**
   * Makes the commands of the next pending targets, of as many as there are ids, in one transaction. Each was created
   * when its batch was. Resolves with what became of them; with nothing when nothing is pending.
   */
  expandBatches(ids: readonly string[], waitingMax: number): Promise<Expansion>
  /** Targets that are pending end as `cancelled`. False when there is no such batch. A second time changes nothing. */
  cancelBatch(id: string, atMs: number): Promise<boolean>
  /** Commands of cancelled batches that are still queued. */
  cancelledButQueued(limit: number): Promise<string[]>
}
