import { COMMANDS_IN_FLIGHT_MAX } from '../../protocol/limits.ts'
import type { CommandChanges } from './command-changes.ts'
import type { CommandRecord } from './command-machine.ts'
import type { Clock, Log, Registry } from './ports.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

/** After a pass that failed, mostly over a registry that cannot be used at the moment. */
const RETRY_MS = 5_000

export interface CommandDeliveryNeeds {
  readonly registry: Registry
  readonly sessions: Sessions
  readonly changes: CommandChanges
  readonly clock: Clock
  readonly log: Log
}

/**
 * [C-3] [C-14] Brings commands to connected devices: what an earlier session left unfinished first, then the queue in its
 * order, never more than COMMANDS_IN_FLIGHT_MAX unfinished. One pass per device at a time.
 */
export class CommandDelivery {
  readonly #needs: CommandDeliveryNeeds
  /** Devices with a pass at work; true when another is wanted after it. */
  readonly #passes = new Map<string, boolean>()
  /** Devices whose last pass failed. */
  readonly #retries = new Set<string>()

  constructor(needs: CommandDeliveryNeeds) {
    this.#needs = needs
  }

  /** Starts a pass, if the device is here. Errors are logged; it is tried again after RETRY_MS, or before by a change. */
  deliver(device: string): void {
    if (this.#needs.sessions.of(device)?.state !== 'ready') return
    if (this.#passes.has(device)) {
      this.#passes.set(device, true)
      return
    }
    this.#passes.set(device, false)
    this.#pass(device)
      .catch((error: unknown) => {
        this.#needs.log.error({ error, device }, 'commands not delivered')
        this.#retryLater(device)
      })
      .finally(() => {
        const again = this.#passes.get(device) === true
        this.#passes.delete(device)
        if (again) this.deliver(device)
      })
  }

  #retryLater(device: string): void {
    if (this.#retries.has(device)) return
    this.#retries.add(device)
    this.#needs.clock.after(RETRY_MS, () => {
      this.#retries.delete(device)
      this.deliver(device)
    })
  }

  /** Asks the device to stop a command; it may end as anything. */
  cancel(device: string, id: string): void {
    const session = this.#needs.sessions.of(device)
    if (session?.state === 'ready') session.send({ type: 'cancel', id })
  }

  async #pass(device: string): Promise<void> {
    const open = await this.#needs.registry.openCommands(device)
    const session = this.#needs.sessions.of(device)
    if (session?.state !== 'ready') return
    const unfinished = open.filter((command) => command.state !== 'queued')
    const unfinishedIds = new Set(unfinished.map(({ id }) => id))
    for (const id of session.sentCommands) if (!unfinishedIds.has(id)) session.sentCommands.delete(id) // ended by time
    for (const command of unfinished) if (!session.sentCommands.has(command.id)) this.#send(session, command)
    const room = Math.max(0, COMMANDS_IN_FLIGHT_MAX - unfinished.length)
    const queued = open.filter((command) => command.state === 'queued')
    for (const command of queued.slice(0, room)) await this.#sendFirstTime(session, command)
  }

  /** `sent` is stored before the frame leaves: what may have reached the device is never `queued`. */
  async #sendFirstTime(session: Session, command: CommandRecord): Promise<void> {
    const { registry, clock, changes } = this.#needs
    const answer = await registry.advanceCommand(command.id, command.device, { kind: 'sent' }, clock.wallMs())
    if (!answer?.changed) return // cancelled or expired meanwhile
    changes.publish()
    this.#send(session, answer.command)
  }

  #send(session: Session, command: CommandRecord): void {
    const { id, name, params, dueAtMs } = command
    const nowMs = this.#needs.clock.wallMs()
    const expiresInMs = Math.max(0, (dueAtMs ?? nowMs) - nowMs)
    if (session.send({ type: 'command', id, name, params, expiresInMs })) session.sentCommands.add(id)
  }
}
