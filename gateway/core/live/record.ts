/** One thing that happened, to a device or to the whole, written out only when somebody reads it. */
export interface LiveRecord {
  readonly device?: string
  readonly items: () => readonly object[]
  /** Of records with the same key only the newest is worth sending. */
  readonly key?: string
}
