import { once } from 'node:events'
import { isFinal } from '../../../protocol/command-request.ts'
import type { CommandRecord } from '../../core/command-machine.ts'
import type { Operator } from '../../core/operator.ts'

/** Requests that may wait for a result at once. One more is answered at once with 202: it loses only the wait. */
const WAITING_MAX = 200

/** Holds requests that asked to see how their command ends. */
export class Waiters {
  #waiting = 0
  readonly #stopped = new AbortController()

  /** The command when it is final, or as it was last seen when time, patience or room ran out. Never rejects. */
  async follow(operator: Operator, command: CommandRecord, waitMs: number, gone: AbortSignal): Promise<CommandRecord> {
    if (this.#waiting >= WAITING_MAX || this.#stopped.signal.aborted) return command
    this.#waiting += 1
    const over = AbortSignal.any([this.#stopped.signal, gone, AbortSignal.timeout(waitMs)])
    const ended = Promise.withResolvers<CommandRecord>()
    const forget = operator.onCommandEnd(command.id, ended.resolve)
    try {
      const now = await operator.command(command.id) // it may have ended before anybody listened
      if (isFinal(now.state)) return now
      const end = over.aborted ? undefined : await Promise.race([ended.promise, whenOver(over)])
      return end ?? (await operator.command(command.id))
    } catch {
      return command // The registry is away. The command is stored all the same: a repeat would run it twice.
    } finally {
      forget()
      this.#waiting -= 1
    }
  }

  /** Every waiting request is answered with what is known now. */
  stop(): void {
    this.#stopped.abort()
  }
}

async function whenOver(signal: AbortSignal): Promise<undefined> {
  await once(signal, 'abort')
}
