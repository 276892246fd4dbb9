import { freeFormProblem, utf8Length } from '../protocol/json.ts'
import { LOG_TEXT_MAX_BYTES } from '../protocol/limits.ts'
import type { Command, CommandError, CommandResult, DeviceMessage } from '../protocol/messages.ts'
import { isName } from '../protocol/names.ts'
import { CommandMemory, type RememberedCommand } from './command-memory.ts'

/** What a handler may do while its command runs. */
export interface CommandRun {
  /** Aborts on `cancel` and on reboot. The result is sent at that moment, whether the handler listens or not. */
  readonly signal: AbortSignal
  progress(percent?: number, text?: string): void
}

/** Its value becomes `data` of a good result, its error a failed one. Throw CommandFailed to choose the code. */
export type RunCommand = (command: Command, run: CommandRun) => unknown

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  /** A name [N-1], as in `error.code` of the result. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface CommandCounts {
  commands: number
  /** Deliveries of an id that was known already. */
  repeatedCommands: number
}

/** Store the id, say `accepted`, run, store the result, say `result` [C-12]; a repeat is answered from memory [C-15]. */
export class CommandRunner {
  readonly #memory = new CommandMemory()
  readonly #knows: (name: string) => boolean
  readonly #run: RunCommand
  readonly #send: (message: DeviceMessage) => void
  readonly #counts: CommandCounts

  constructor(
    knows: (name: string) => boolean,
    run: RunCommand,
    send: (message: DeviceMessage) => void,
    counts: CommandCounts,
  ) {
    this.#knows = knows
    this.#run = run
    this.#send = send
    this.#counts = counts
  }

  deliver(command: Command): void {
    const { id } = command
    const known = this.#memory.find(id)
    if (known !== undefined) {
      this.#counts.repeatedCommands++
      this.#send(known.result ?? { type: 'accepted', id })
      return
    }
    const entry = this.#memory.begin(id)
    if (entry === undefined) {
      this.#send(failure(id, { code: 'busy', message: 'too many commands run already' }))
      return
    }
    this.#counts.commands++
    const refusal = this.#refusal(command)
    if (refusal !== undefined) {
      entry.result = failure(id, refusal)
      this.#send(entry.result)
      return
    }
    this.#send({ type: 'accepted', id })
    void this.#execute(command, entry)
  }

  /** Answered without `accepted`: the command did not run. */
  #refusal(command: Command): CommandError | undefined {
    if (!this.#knows(command.name)) return { code: 'unsupported', message: `no command is called ${command.name}` } // [C-17]
    return command.expiresInMs > 0 ? undefined : { code: 'expired', message: 'its time was up on arrival' } // [C-13]
  }

  /** Stops a running command [C-16]; one that has finished is answered with its result again. */
  cancel(id: string): void {
    const entry = this.#memory.find(id)
    if (entry?.result !== undefined) this.#send(entry.result)
    else entry?.abort.abort(new CommandFailed('cancelled', 'cancelled by the operator'))
  }

  /** The device loses its memory of what ran: such a command has failed, and its repeat is told so [C-15]. */
  interrupt(): void {
    for (const { abort } of this.#memory.running()) {
      abort.abort(new CommandFailed('interrupted', 'the device restarted while the command ran'))
    }
  }

  /** Never rejects: whatever the handler does ends as a result. */
  async #execute(command: Command, entry: RememberedCommand): Promise<void> {
    const { id } = command
    const { signal } = entry.abort
    const stopped = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    const progress = (percent?: number, text?: string): void => {
      if (entry.result === undefined) this.#send({ type: 'progress', id, percent, text })
    }
    let result: CommandResult
    try {
      const data = await Promise.race([stopped, this.#run(command, { signal, progress })])
      result = { type: 'result', id, ok: true, data: checkedData(data) }
    } catch (error) {
      result = failure(id, describe(error))
    }
    entry.result = result
    this.#send(result)
  }
}

function checkedData(data: unknown): unknown {
  if (data === undefined) return undefined
  const copy: unknown = JSON.parse(JSON.stringify(data) ?? 'null')
  const problem = freeFormProblem(copy) // [L-17]
  if (problem !== undefined) throw new CommandFailed('bad_result', `the handler's data is ${problem}`)
  return copy
}

function describe(error: unknown): CommandError {
  const code = error instanceof CommandFailed && isName(error.code) ? error.code : 'failed'
  const message = (error instanceof Error ? error.message : String(error)).toWellFormed()
  return {
    code,
    message: utf8Length(message) > LOG_TEXT_MAX_BYTES ? message.slice(0, LOG_TEXT_MAX_BYTES / 4) : message,
  }
}

function failure(id: string, error: CommandError): CommandResult {
  return { type: 'result', id, ok: false, error }
}
