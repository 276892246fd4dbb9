import { isFinal } from '../../protocol/command-request.ts'
import type { Progress } from '../../protocol/messages.ts'
import type { Topics } from '../../protocol/topics.ts'
import type { CommandChange, CommandRecord } from './command-machine.ts'
import { GatewayError } from './errors.ts'
import type { Bus, Clock, Log } from './ports.ts'
import type { Registry } from './registry.ts'

/** Changes published before they are marked: what a crash in between repeats at most. */
const BATCH = 200

export interface CommandChangesNeeds {
  readonly registry: Pick<Registry, 'unpublishedChanges' | 'markPublished'>
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
}

/**
 * [C-11] Carries state changes to the bus, in order. They were written with the state in one transaction, so a crash
 * between the store and the bus loses none; it may repeat some.
 */
export class CommandChanges {
  readonly #needs: CommandChangesNeeds
  #running: Promise<void> | undefined
  #again = false
  /** News of running commands, by id: the newest of each wins, so there are never more than commands that run. */
  readonly #progress = new Map<string, { topic: string; payload: string }>()

  constructor(needs: CommandChangesNeeds) {
    this.#needs = needs
  }

  /** Publishes what waits. Returns at once; errors are logged and the next call tries again. */
  publish(): void {
    if (this.#running !== undefined) {
      this.#again = true
      return
    }
    this.#running = this.#drain()
      .catch((error: unknown) => this.#needs.log.warn({ error }, 'command changes not published'))
      .finally(() => {
        this.#running = undefined
        if (!this.#again) return
        this.#again = false
        this.publish()
      })
  }

  /** Resolves when nothing is being published, or after `maxMs`: what is left is published after the next start. */
  async settled(maxMs: number): Promise<void> {
    const timeout = new Promise<void>((resolve) => this.#needs.clock.after(maxMs, resolve))
    await Promise.race([this.#idle(), timeout])
  }

  async #idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** Publishes the present state again, for a sender that missed it. */
  async repeat(command: CommandRecord): Promise<void> {
    const atMs = command.history.at(-1)?.atMs ?? command.createdAtMs
    await this.#publishChange({ ...command, command: command.id, changeId: 0, atMs })
  }

  /** [C-10] Progress is news, not a state: it is not stored. It goes out after the states that came before it. */
  progress(device: string, { id, percent, text }: Progress): void {
    const { topics, clock } = this.#needs
    const payload = JSON.stringify({ id, state: 'running', at: clock.wallMs(), progress: { percent, text } })
    this.#progress.set(id, { topic: topics.commandStatus(device, id), payload })
    this.publish()
  }

  async #drain(): Promise<void> {
    for (;;) {
      const news = [...this.#progress]
      const changes = await this.#needs.registry.unpublishedChanges(BATCH)
      if (changes.length === 0) return this.#publishProgress(news)
      for (const { command, state } of changes) if (isFinal(state)) this.#progress.delete(command) // never after the end
      await Promise.all(changes.map((change) => this.#publishChange(change)))
      await this.#needs.registry.markPublished(changes.map((change) => change.changeId))
    }
  }

  async #publishProgress(news: readonly [string, { topic: string; payload: string }][]): Promise<void> {
    for (const [id, message] of news) {
      if (this.#progress.get(id) !== message) continue // a newer one came, or the end
      this.#progress.delete(id)
      await this.#needs.bus.publish(message.topic, message.payload)
    }
  }

  async #publishChange(change: CommandChange): Promise<void> {
    const { topics } = this.#needs
    const { command: id, device, state, atMs: at, result, error } = change
    const status = this.#publishOrSkip(topics.commandStatus(device, id), { id, state, at })
    const response = isFinal(state)
      ? this.#publishOrSkip(topics.commandResponse(device, id), { id, state, at, result, error })
      : undefined
    await Promise.all([status, response])
  }

  /** What the bus will never take must not hold up all that came after it: REST still shows it. */
  async #publishOrSkip(topic: string, body: object): Promise<void> {
    try {
      await this.#needs.bus.publish(topic, JSON.stringify(body))
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'bus_refused') throw error
      this.#needs.log.warn({ error, topic }, 'the bus refused a command change')
    }
  }
}
