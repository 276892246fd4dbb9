import type { Failure } from './failure.ts'

/** What crosses between the main thread and a store thread. */

export interface ThreadData {
  readonly role: 'writer' | 'reader'
  readonly file: string
}

export interface Request {
  readonly kind: 'request'
  readonly id: number
  readonly operation: string
  readonly args: readonly unknown[]
}
/** Everything asked before is answered first. */
export interface Stop {
  readonly kind: 'stop'
}
export type ToThread = Request | Stop

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure }

export type FromThread =
  | { readonly kind: 'opened' }
  /** The thread cannot open the file, and ends. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
