import { isFinal } from '../../protocol/command-request.ts'
import { COMMANDS_IN_FLIGHT_MAX } from '../../protocol/limits.ts'
import type { CommandChanges } from './command-changes.ts'
import type { CommandRecord } from './command-machine.ts'
import type { Observer } from './observer.ts'
import { Passes } from './passes.ts'
import type { Clock, Log } from './ports.ts'
import type { Registry } from './registry.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

export interface CommandDeliveryNeeds {
  readonly registry: Registry
  readonly sessions: Sessions
  readonly changes: CommandChanges
  readonly clock: Clock
  readonly log: Log
  readonly observer?: Observer
  /** Told of a command that is not sent any more [C-20]. */
  readonly givenUp: (command: CommandRecord) => void
}

/**
 * [C-3] [C-14] Brings commands to connected devices: what an earlier session left unfinished first, then the queue in its
 * order, never more than COMMANDS_IN_FLIGHT_MAX unfinished.
 */
export class CommandDelivery {
  readonly #needs: CommandDeliveryNeeds
  readonly #passes: Passes

  constructor(needs: CommandDeliveryNeeds) {
    this.#needs = needs
    this.#passes = new Passes({ ...needs, failure: 'commands not delivered', pass: (device) => this.#pass(device) })
  }

  /** Starts a pass, if the device is here. Nothing waits for it. */
  deliver(device: string): void {
    this.#passes.start(device)
  }

  /** Asks the device to stop a command; it may end as anything. */
  cancel(device: string, id: string): void {
    const session = this.#needs.sessions.of(device)
    if (session?.state === 'ready') session.send({ type: 'cancel', id })
  }

  async #pass(device: string): Promise<void> {
    const open = await this.#needs.registry.openCommands(device)
    const session = this.#needs.sessions.serving(device)
    if (session === undefined) return
    const unfinished = open.filter((command) => command.state !== 'queued')
    const unfinishedIds = new Set(unfinished.map(({ id }) => id))
    for (const id of session.sentCommands) if (!unfinishedIds.has(id)) session.sentCommands.delete(id) // ended by time
    const unsent = unfinished.filter((command) => !session.sentCommands.has(command.id))
    const given = await this.#sendAgain(session, unsent)
    const room = Math.max(0, COMMANDS_IN_FLIGHT_MAX - unfinished.length + given.ended)
    const queued = open.filter((command) => command.state === 'queued')
    for (const command of queued.slice(0, room)) await this.#sendFirstTime(session, command)
  }

  /** [C-14] [C-20] What an earlier session left unfinished, in its order; the delivery is counted before the frame leaves. */
  async #sendAgain(session: Session, commands: readonly CommandRecord[]): Promise<{ ended: number }> {
    const { registry, clock } = this.#needs
    const counted = await Promise.all(
      commands.map(({ id, device }) => registry.advanceCommand(id, device, { kind: 'sent_again' }, clock.wallMs())),
    )
    let ended = 0
    for (const answer of counted) {
      if (answer?.changed !== true)
        ended += 1 // meanwhile
      else if (isFinal(answer.command.state)) {
        ended += 1
        this.#needs.givenUp(answer.command)
      } else {
        this.#send(session, answer.command)
        if (answer.command.cancelAskedAtMs !== undefined) session.send({ type: 'cancel', id: answer.command.id })
      }
    }
    return { ended }
  }

  /** `sent` is stored before the frame leaves: what may have reached the device is never `queued`. */
  async #sendFirstTime(session: Session, command: CommandRecord): Promise<void> {
    const { registry, clock, changes } = this.#needs
    const answer = await registry.advanceCommand(command.id, command.device, { kind: 'sent' }, clock.wallMs())
    if (!answer?.changed) return // cancelled or expired meanwhile
    changes.publish()
    this.#needs.observer?.command(answer.command)
    this.#send(session, answer.command)
  }

  #send(session: Session, command: CommandRecord): void {
    const { id, name, params, dueAtMs } = command
    const nowMs = this.#needs.clock.wallMs()
    const expiresInMs = Math.max(0, (dueAtMs ?? nowMs) - nowMs)
    if (session.send({ type: 'command', id, name, params, expiresInMs })) session.sentCommands.add(id)
  }
}
