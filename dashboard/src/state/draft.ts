import { signal } from '@preact/signals'

/** A command to many devices that is being written: filled in from the fleet page, or from a batch. */
export interface Draft {
  readonly devices: readonly string[]
  /** How many they are; of more than a request may name not all ids are here. */
  readonly total: number
  /** Where they are from, for people: `found by “north”`. */
  readonly from: string
  readonly name?: string
  readonly params?: string
  readonly ttlS?: number
}

export const draft = signal<Draft | undefined>(undefined)
