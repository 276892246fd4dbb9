import type { CommandRecord } from './command-machine.ts'

type Listener = (command: CommandRecord) => void

/** Who waits for the end of which command. Bounded by who may wait: the callers hold their own number down. */
export class CommandEnds {
  readonly #listeners = new Map<string, Set<Listener>>()

  /** Calls the listener once when the command ends, unless the returned function is called before. */
  once(id: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(id) ?? new Set()
    this.#listeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id)
    }
  }

  /** The command has ended. */
  tell(command: CommandRecord): void {
    const listeners = this.#listeners.get(command.id)
    this.#listeners.delete(command.id)
    for (const listener of listeners ?? []) listener(command)
  }
}
