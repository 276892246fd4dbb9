import type { Clock, Log } from './ports.ts'
import type { Sessions } from './sessions.ts'

/** After a pass that failed, mostly over a registry that cannot be used at the moment. */
const RETRY_MS = 5_000

export interface PassesNeeds {
  readonly sessions: Sessions
  readonly clock: Clock
  readonly log: Log
  /** What the log says of a pass that failed. */
  readonly failure: string
  /** Brings a device what it should have. The session may be over after each wait. */
  readonly pass: (device: string) => Promise<void>
}

/** Work towards connected devices: one pass per device at a time, and another after it when it was asked for meanwhile. */
export class Passes {
  readonly #needs: PassesNeeds
  /** Devices with a pass at work; true when another is wanted after it. */
  readonly #atWork = new Map<string, boolean>()
  /** Devices whose last pass failed. */
  readonly #retries = new Set<string>()

  constructor(needs: PassesNeeds) {
    this.#needs = needs
  }

  /** Starts a pass, if the device is here. Errors are logged; it is tried again after RETRY_MS, or before by a change. */
  start(device: string): void {
    if (this.#needs.sessions.serving(device) === undefined) return
    if (this.#atWork.has(device)) {
      this.#atWork.set(device, true)
      return
    }
    this.#atWork.set(device, false)
    this.#needs
      .pass(device)
      .catch((error: unknown) => {
        this.#needs.log.error({ error, device }, this.#needs.failure)
        this.#retryLater(device)
      })
      .finally(() => {
        const again = this.#atWork.get(device) === true
        this.#atWork.delete(device)
        if (again) this.start(device)
      })
  }

  #retryLater(device: string): void {
    if (this.#retries.has(device)) return
    this.#retries.add(device)
    this.#needs.clock.after(RETRY_MS, () => {
      this.#retries.delete(device)
      this.start(device)
    })
  }
}
