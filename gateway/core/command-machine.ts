import { type CommandRequest, type CommandState, isFinal } from '../../protocol/command-request.ts'
import type { CommandError } from '../../protocol/messages.ts'
import { DELIVERIES_MAX } from './limits.ts'

/** The life of a command as a pure function [C-2]. The registry applies it inside a transaction. */

export interface NewCommand extends CommandRequest {
  readonly id: string
  readonly device: string
  readonly createdAtMs: number
}

export interface CommandRecord extends NewCommand {
  /** The request for many devices that it belongs to. */
  readonly batch?: string
  readonly state: CommandState
  /** When the next time limit ends: of `ttlS` until accepted, of `timeoutS` after. Undefined once final. */
  readonly dueAtMs?: number
  readonly result?: unknown
  readonly error?: CommandError
  /** Sessions in which it was sent. */
  readonly deliveries: number
  /** When somebody asked to cancel it after it was sent. */
  readonly cancelAskedAtMs?: number
  /** A result that came after the state was `unknown`. */
  readonly lateResult?: { readonly ok: boolean; readonly data?: unknown; readonly error?: CommandError }
  readonly history: readonly { readonly state: CommandState; readonly atMs: number }[]
}

/** `repeatOf`: an earlier request with the same key made that command. `conflict`: it asked for something else. */
export type InsertOutcome = 'inserted' | 'exists' | 'no_device' | 'full' | 'conflict' | { readonly repeatOf: string }

/** Filters that are not given let everything pass; `open` is every state that is not final. */
export interface CommandQuery {
  readonly device?: string
  readonly state?: CommandState | 'open'
  readonly sinceMs?: number
  readonly untilMs?: number
  /** Only those that were created before this one. */
  readonly before?: string
  readonly limit: number
}

/** One line of a command's history, as it goes to the bus. `result` and `error` only with a final state. */
export interface CommandChange {
  readonly changeId: number
  readonly command: string
  readonly device: string
  readonly state: CommandState
  readonly atMs: number
  readonly result?: unknown
  readonly error?: CommandError
}

export type CommandEvent =
  | { readonly kind: 'sent' }
  /** In a later session. */
  | { readonly kind: 'sent_again' }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'progress' }
  | { readonly kind: 'result'; readonly ok: boolean; readonly data?: unknown; readonly error?: CommandError }
  | { readonly kind: 'due' }
  | { readonly kind: 'cancel' }

/** What the event changes; undefined when it changes nothing, as every event does after the final state. */
export type CommandUpdate = Pick<CommandRecord, 'state' | 'dueAtMs' | 'result' | 'error' | 'lateResult'> &
  Partial<Pick<CommandRecord, 'deliveries' | 'cancelAskedAtMs'>>

type Current = Pick<CommandRecord, 'state' | 'dueAtMs' | 'timeoutS' | 'error' | 'lateResult' | 'cancelAskedAtMs'> &
  Partial<Pick<CommandRecord, 'deliveries'>>

export function applyEvent(command: Current, event: CommandEvent, atMs: number): CommandUpdate | undefined {
  if (isFinal(command.state)) return lateResult(command, event)
  switch (event.kind) {
    case 'sent':
      return command.state === 'queued' ? { state: 'sent', dueAtMs: command.dueAtMs, deliveries: 1 } : undefined
    case 'sent_again':
      return sentAgain(command)
    case 'accepted':
      return isUnaccepted(command) ? { state: 'accepted', dueAtMs: runsUntil(command, atMs) } : undefined
    case 'progress':
      if (command.state === 'running') return undefined
      return { state: 'running', dueAtMs: isUnaccepted(command) ? runsUntil(command, atMs) : command.dueAtMs }
    case 'result':
      return finish(command, event)
    case 'due':
      return dueUpdate(command, atMs)
    case 'cancel':
      return cancel(command, atMs)
  }
}

/** [C-20] A device that never answers, in session after session, may be one that this command makes fall over. */
function sentAgain({ state, dueAtMs, deliveries = 0 }: Current): CommandUpdate | undefined {
  if (state === 'queued') return undefined
  if (state !== 'sent' || deliveries < DELIVERIES_MAX) return { state, dueAtMs, deliveries: deliveries + 1 }
  const message = `sent in ${deliveries} sessions without an answer`
  return { state: 'unknown', error: { code: 'too_many_deliveries', message } }
}

/** [C-16] Not sent: it ends here. Sent: the wish is kept, and goes out again with the command in a later session. */
function cancel({ state, dueAtMs, cancelAskedAtMs }: Current, atMs: number): CommandUpdate | undefined {
  if (state === 'queued') return { state: 'cancelled' }
  return cancelAskedAtMs === undefined ? { state, dueAtMs, cancelAskedAtMs: atMs } : undefined
}

function isUnaccepted(command: Current): boolean {
  return command.state === 'queued' || command.state === 'sent'
}

/** [C-4] `ttl_s` ends at `accepted`; then `timeout_s` runs. */
function runsUntil(command: Current, atMs: number): number {
  return atMs + command.timeoutS * 1000
}

/** [C-5] Refused before `accepted` is `rejected`; after it a failure; a cancelled run says so in its error code. */
function finish(command: Current, event: CommandEvent & { kind: 'result' }): CommandUpdate {
  if (event.ok) return { state: 'succeeded', result: event.data }
  const failed = { error: event.error, result: event.data }
  if (event.error?.code === 'cancelled') return { state: 'cancelled', ...failed }
  return { state: isUnaccepted(command) ? 'rejected' : 'failed', ...failed }
}

/** [C-6] Never sent: `expired`, it did not run. Sent: `unknown`, it may have run. */
function dueUpdate(command: Current, atMs: number): CommandUpdate | undefined {
  if (command.dueAtMs === undefined || command.dueAtMs > atMs) return undefined
  return { state: command.state === 'queued' ? 'expired' : 'unknown' }
}

/** [C-8] The first result after `unknown` is kept beside it; the state stays. */
function lateResult(command: Current, event: CommandEvent): CommandUpdate | undefined {
  if (command.state !== 'unknown' || event.kind !== 'result' || command.lateResult) return undefined
  return { state: 'unknown', error: command.error, lateResult: { ok: event.ok, data: event.data, error: event.error } }
}
