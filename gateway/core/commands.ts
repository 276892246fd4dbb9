import { CLOSE } from '../../protocol/close-codes.ts'
import { type CommandRequest, isFinal, parseCommandRequest } from '../../protocol/command-request.ts'
import { BUS_PAYLOAD_MAX_BYTES } from '../../protocol/limits.ts'
import type { Accepted, CommandResult, Progress } from '../../protocol/messages.ts'
import { describeProblem } from '../../protocol/problem.ts'
import type { Topics } from '../../protocol/topics.ts'
import type { CommandChanges } from './command-changes.ts'
import type { CommandDelivery } from './command-delivery.ts'
import { CommandEnds } from './command-ends.ts'
import type { CommandEvent, CommandRecord } from './command-machine.ts'
import type { DeadLetters } from './dead-letters.ts'
import { GatewayError } from './errors.ts'
import type { GatewayLimits } from './limits.ts'
import type { Observer } from './observer.ts'
import type { Bus, BusRequest, Clock, Log, Metrics } from './ports.ts'
import type { Once } from './records.ts'
import type { Registry } from './registry.ts'
import type { Session } from './session.ts'

/** Due commands ended in one sweep; the rest waits for the next. */
const DUE_PER_SWEEP = 200

export interface CommandsNeeds {
  readonly registry: Registry
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly limits: GatewayLimits
  readonly newId: () => string
  readonly delivery: CommandDelivery
  readonly changes: CommandChanges
  readonly observer?: Observer
  readonly deadLetters: DeadLetters
}

/** The life of commands: asked for by REST or bus, delivered, answered, or ended by time. [C-1] … [C-8] */
export class Commands {
  readonly #needs: CommandsNeeds
  readonly #ends = new CommandEnds()
  #sweeping = false

  constructor(needs: CommandsNeeds) {
    this.#needs = needs
  }

  /**
   * Resolves when the command is stored. Rejects with bad_request, device_not_found, queue_full, registry_unavailable. With `once`
   * a repeat resolves with the command of the first request, or rejects with idempotency_key_reused.
   */
  async submit(device: string, input: unknown, once?: Once): Promise<CommandRecord> {
    const parsed = parseCommandRequest(input)
    if (!parsed.ok) throw new GatewayError('bad_request', describeProblem(parsed.problem))
    return this.#insert(device, this.#needs.newId(), parsed.message, once)
  }

  /** Calls the listener once when the command ends, unless the returned function is called before. */
  onEnd(id: string, listener: (command: CommandRecord) => void): () => void {
    return this.#ends.once(id, listener)
  }

  /**
   * [C-9] A request from the bus. Resolves when it is stored, or answered as refused; rejects only when the registry
   * cannot be used, so that the bus keeps the request and delivers it again.
   */
  async fromBus(request: BusRequest): Promise<void> {
    const { topics, metrics } = this.#needs
    const target = topics.parseCommandRequest(request.topic)
    if (target === undefined) return this.#refuseTopic(request)
    if (request.retained) return metrics.count('bus_requests_refused', 'retained')
    try {
      const parsed = parseCommandRequest(parseJson(request.payload))
      if (!parsed.ok) throw new GatewayError('bad_request', describeProblem(parsed.problem))
      await this.#insert(target.device, target.command, parsed.message)
    } catch (error) {
      if (!(error instanceof GatewayError) || error.status >= 500) throw error
      if (error.code === 'command_exists') return this.#repeatStatus(target.device, target.command, request)
      this.#refuseOnBus(target.device, target.command, error, request)
    }
  }

  /** What a device says of a command. A store that fails ends the session: the device will be asked again. */
  heard(session: Session, message: Accepted | Progress | CommandResult): void {
    const event = toEvent(message)
    this.#advance(session.device, message.id, event)
      .then((command) => {
        if (message.type === 'progress' && command?.state === 'running') {
          this.#needs.changes.progress(session.device, message)
          this.#needs.observer?.progress(session.device, message, this.#needs.clock.wallMs())
        }
        if (command === undefined) session.log.info({ command: message.id }, 'answer to an unknown command')
        else if (isFinal(command.state)) session.sentCommands.delete(command.id)
      })
      .catch((error: unknown) => {
        session.log.error({ error, command: message.id }, 'command answer not stored')
        session.end(CLOSE.internal)
      })
  }

  /** Ends what has run out of time. Call it every second. */
  async endDue(): Promise<void> {
    if (this.#sweeping) return
    this.#sweeping = true
    try {
      const due = await this.#needs.registry.dueCommands(this.#needs.clock.wallMs(), DUE_PER_SWEEP)
      for (const command of due) await this.#advance(command.device, command.id, { kind: 'due' })
    } finally {
      this.#sweeping = false
    }
  }

  async cancel(id: string): Promise<CommandRecord> {
    const command = await this.#needs.registry.command(id)
    if (command === undefined) throw new GatewayError('command_not_found')
    const after = await this.#advance(command.device, id, { kind: 'cancel' })
    if (after === undefined) throw new GatewayError('command_not_found')
    if (after.state === 'cancelled') return after
    if (isFinal(after.state)) throw new GatewayError('command_final')
    this.#needs.delivery.cancel(command.device, id)
    throw new GatewayError('command_in_flight')
  }

  /** [C-20] A command that is not sent any more has ended: who waits for it is told, and so are operators. */
  givenUp(command: CommandRecord): void {
    const { metrics, changes, topics, deadLetters } = this.#needs
    const { id, device, name, params, error } = command
    metrics.count('commands_changed', command.state)
    changes.publish()
    this.#needs.observer?.command(command)
    this.#ends.tell(command)
    const payload = new TextEncoder().encode(JSON.stringify({ name, params }))
    const topic = topics.commandRequest(device, id)
    deadLetters.bury({ topic, device, command: id, reason: error?.code ?? '', detail: error?.message ?? '', payload })
  }

  /** [C-22] The device was deleted, and its commands with it: whoever waits still hears how each ended. */
  deleted(unheard: readonly CommandRecord[]): void {
    const { metrics, changes, log } = this.#needs
    for (const command of unheard) {
      const ended = isFinal(command.state) ? command : this.#endedWithDevice(command)
      if (ended !== command) metrics.count('commands_changed', 'cancelled')
      this.#ends.tell(ended)
      if (command.batch !== undefined && ended !== command) this.#targetDeleted(command.batch, command)
      changes
        .repeat(ended)
        .catch((failure: unknown) => log.warn({ error: failure, command: command.id }, 'end not shown'))
    }
  }

  #targetDeleted(batch: string, { device, id }: CommandRecord): void {
    this.#needs.observer?.batch(batch, { device, state: 'deleted', command: id })
  }

  #endedWithDevice(command: CommandRecord): CommandRecord {
    const error = { code: 'device_deleted', message: 'the device was deleted' }
    const history = [...command.history, { state: 'cancelled' as const, atMs: this.#needs.clock.wallMs() }]
    return { ...command, state: 'cancelled', dueAtMs: undefined, error, history }
  }

  /** [C-19] Accepted means stored. */
  async #insert(device: string, newId: string, request: CommandRequest, once?: Once): Promise<CommandRecord> {
    const { registry, limits, clock, changes, delivery } = this.#needs
    const command = { ...request, id: newId, device, createdAtMs: clock.wallMs() }
    const outcome = await registry.insertCommand(command, limits.commandsWaitingMax, once)
    if (outcome === 'conflict') throw new GatewayError('idempotency_key_reused')
    if (outcome === 'no_device') throw new GatewayError('device_not_found')
    if (outcome === 'full') throw new GatewayError('queue_full')
    if (outcome === 'exists') throw new GatewayError('command_exists')
    changes.publish()
    delivery.deliver(device)
    const stored = await registry.command(typeof outcome === 'string' ? newId : outcome.repeatOf)
    if (stored === undefined) throw new GatewayError('command_not_found') // deleted with its device meanwhile
    if (stored.state === 'queued') this.#needs.observer?.command(stored) // else its next state was shown already
    return stored
  }

  async #advance(device: string, id: string, event: CommandEvent): Promise<CommandRecord | undefined> {
    const { registry, clock, changes, delivery, metrics } = this.#needs
    const answer = await registry.advanceCommand(id, device, event, clock.wallMs())
    if (answer?.changed) {
      const wasOnlyAsked = event.kind === 'cancel' && !isFinal(answer.command.state)
      if (!wasOnlyAsked) metrics.count('commands_changed', answer.command.state)
      this.#needs.observer?.command(answer.command)
      changes.publish()
      if (isFinal(answer.command.state)) {
        this.#ends.tell(answer.command)
        delivery.deliver(device) // its lane is free
      }
    }
    return answer?.command
  }

  /**
   * The sender did not see the first answer: it gets the present state. Nothing waits for the bus to take it: requests
   * that the broker has in flight would hold up the very answer they wait for. If it is lost the sender asks again.
   */
  async #repeatStatus(device: string, id: string, request: BusRequest): Promise<void> {
    const { registry, changes, log } = this.#needs
    const command = await registry.command(id)
    if (command?.device !== device) return this.#refuseOnBus(device, id, new GatewayError('command_exists'), request)
    changes.repeat(command).catch((failure: unknown) => log.warn({ error: failure, command: id }, 'state not repeated'))
  }

  /** Nobody could be answered. */
  #refuseTopic({ topic, payload }: BusRequest): void {
    this.#needs.metrics.count('bus_requests_refused', 'bad_topic')
    const detail = 'device and command id must be names'
    this.#needs.deadLetters.bury({ topic, reason: 'bad_topic', detail, payload })
  }

  #refuseOnBus(device: string, id: string, error: GatewayError, { topic, payload }: BusRequest): void {
    const { bus, topics, clock, metrics, log, deadLetters } = this.#needs
    metrics.count('bus_requests_refused', error.code)
    deadLetters.bury({ topic, device, command: id, reason: error.code, detail: error.message, payload })
    const body = { id, state: 'rejected', at: clock.wallMs(), error: { code: error.code, message: error.message } }
    bus.publish(topics.commandResponse(device, id), JSON.stringify(body)).catch((failure: unknown) => {
      log.warn({ error: failure, command: id }, 'refusal not published')
    })
  }
}

function toEvent(message: Accepted | Progress | CommandResult): CommandEvent {
  if (message.type === 'accepted') return { kind: 'accepted' }
  if (message.type === 'progress') return { kind: 'progress' }
  return { kind: 'result', ok: message.ok, data: message.data, error: message.error }
}

function parseJson(payload: Uint8Array): unknown {
  if (payload.length > BUS_PAYLOAD_MAX_BYTES) throw new GatewayError('too_large') // [L-4]
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    throw new GatewayError('bad_request', 'not_json')
  }
}
