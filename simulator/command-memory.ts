import { COMMAND_IDS_REMEMBERED } from '../protocol/limits.ts'
import type { CommandResult } from '../protocol/messages.ts'

export interface RememberedCommand {
  readonly id: string
  /** Stops the run. */
  readonly abort: AbortController
  /** Undefined while it runs. */
  result: CommandResult | undefined
}

/**
 * The last COMMAND_IDS_REMEMBERED command ids with their results, as a device keeps them in flash: no command runs
 * twice [L-20]. The oldest finished one is forgotten; one that runs never is.
 */
export class CommandMemory {
  readonly #entries = new Map<string, RememberedCommand>()

  find(id: string): RememberedCommand | undefined {
    return this.#entries.get(id)
  }

  /** Stores the id before the command runs. Undefined when every place belongs to a command that still runs. */
  begin(id: string): RememberedCommand | undefined {
    if (this.#entries.size >= COMMAND_IDS_REMEMBERED && !this.#forgetOldestFinished()) return undefined
    const entry: RememberedCommand = { id, abort: new AbortController(), result: undefined }
    this.#entries.set(id, entry)
    return entry
  }

  *running(): Generator<RememberedCommand> {
    for (const entry of this.#entries.values()) if (entry.result === undefined) yield entry
  }

  #forgetOldestFinished(): boolean {
    for (const entry of this.#entries.values()) {
      if (entry.result !== undefined) return this.#entries.delete(entry.id)
    }
    return false
  }
}
