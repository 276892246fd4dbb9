import type { Flags, Given } from './arguments.ts'

/** One thing that the command line can do. */
export interface Command {
  /** `device add` */
  readonly words: string
  /** `<needed> [optional]` in order; the last may be `<one-or-more...>`. */
  readonly operands: readonly string[]
  readonly flags: Flags
  readonly about: string
  /** The exit code; or rejects with one of the failures. */
  run(given: Given): Promise<number>
}
