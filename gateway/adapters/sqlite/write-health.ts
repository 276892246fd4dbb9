import type { Log } from '../../core/ports.ts'
import type { Failure } from './failure.ts'

/** How often a store that failed is tried: an operator who made room sees it recover at once. */
const PROBE_INTERVAL_MS = 1_000

/** Whether the disk takes writes. After a failure only a probe that was written says yes again. */
export class WriteHealth {
  readonly #probe: () => Promise<void>
  readonly #log: Log | undefined
  #problem: string | undefined
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(probe: () => Promise<void>, log?: Log) {
    this.#probe = probe
    this.#log = log
  }

  get problem(): string | undefined {
    return this.#problem
  }

  failed(failure: Failure): void {
    if (this.#problem === undefined) this.#log?.error({ code: failure.code }, `a write failed: ${failure.message}`)
    this.#problem = `the last write failed: ${failure.message} (${failure.code})`
    this.#tryLater()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #tryLater(): void {
    if (this.#timer !== undefined || this.#stopped) return
    this.#timer = setTimeout(() => this.#tryNow(), PROBE_INTERVAL_MS).unref()
  }

  #tryNow(): void {
    this.#probe().then(
      () => {
        this.#timer = undefined
        this.#problem = undefined
        this.#log?.info({}, 'the registry takes writes again')
      },
      () => {
        this.#timer = undefined
        this.#tryLater()
      },
    )
  }
}
