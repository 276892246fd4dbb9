import { setTimeout as sleep } from 'node:timers/promises'
import { isFinal } from '../../../protocol/command-request.ts'
import type { CommandRecord } from '../../core/command-machine.ts'
import type { Operator } from '../../core/operator.ts'

/** Requests that may wait for a result at once. One more is answered at once with 202: it loses only the wait. */
const WAITING_MAX = 200
/** With all places taken this is 2,000 small reads per second of the registry. */
const POLL_INTERVAL_MS = 100

/** Holds requests that asked to see how their command ends. */
export class Waiters {
  #waiting = 0
  readonly #stopped = new AbortController()

  /** The command when it is final, or as it was last seen when time, patience or room ran out. Never rejects. */
  async follow(operator: Operator, command: CommandRecord, waitMs: number, gone: AbortSignal): Promise<CommandRecord> {
    if (this.#waiting >= WAITING_MAX) return command
    this.#waiting += 1
    const signal = AbortSignal.any([this.#stopped.signal, gone, AbortSignal.timeout(waitMs)])
    let last = command
    try {
      while (!isFinal(last.state) && !signal.aborted) {
        await sleep(POLL_INTERVAL_MS, undefined, { signal })
        last = await operator.command(command.id)
      }
    } catch {
      // The wait ended or the registry is away. The command is stored all the same: a repeat would run it twice.
    } finally {
      this.#waiting -= 1
    }
    return last
  }

  /** Every waiting request is answered with what is known now. */
  stop(): void {
    this.#stopped.abort()
  }
}
