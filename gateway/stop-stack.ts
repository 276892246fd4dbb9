import type { Log } from './core/ports.ts'

/** What must be stopped, in the reverse of the order in which it was started. */
export class StopStack {
  readonly #log: Log
  readonly #steps: { name: string; stop: () => void | Promise<void> }[] = []
  #stopping: Promise<void> | undefined

  constructor(log: Log) {
    this.#log = log
  }

  push(name: string, stop: () => void | Promise<void>): void {
    this.#steps.push({ name, stop })
  }

  /** Runs every step; one that fails is logged and does not keep the others from running. */
  stop(): Promise<void> {
    this.#stopping ??= this.#run()
    return this.#stopping
  }

  async #run(): Promise<void> {
    for (const { name, stop } of this.#steps.splice(0).reverse()) {
      try {
        await stop()
      } catch (error) {
        this.#log.error({ error, part: name }, 'part did not stop cleanly')
      }
    }
  }
}
