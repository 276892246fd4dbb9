import type { Clock, Log, Metrics } from './ports.ts'
import type { ConnectionRow } from './records.ts'
import type { Registry } from './registry.ts'
import type { Session } from './session.ts'

/** Rows written in one transaction: a storm of 5,000 devices is ten of them. */
const BATCH = 500
/** Rows that wait for a disk that is away: a storm of a whole fleet, twice. The oldest lose. */
const WAITING_MAX = 20_000

export interface ConnectionLogNeeds {
  readonly registry: Pick<Registry, 'saveConnections' | 'markAlive' | 'endConnections'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** When each device was connected, from where, and why it ended. Written behind: a crash loses the last second of it. */
export class ConnectionLog {
  readonly #needs: ConnectionLogNeeds
  /** By session object: what is not on the disk yet, its newest shape. */
  readonly #waiting = new Map<Session, ConnectionRow>()
  #writing: Promise<void> | undefined
  #failed = false

  constructor(needs: ConnectionLogNeeds) {
    this.#needs = needs
  }

  /** What was open when the gateway died has ended: when it was last known to live, as far as the clock allows. */
  restore(): Promise<void> {
    return this.#needs.registry.endConnections(this.#needs.clock.wallMs(), 'gateway_restarted')
  }

  /** So much of a connection's length is doubtful after a crash. Call it every some seconds while a device is connected. */
  markAlive(): Promise<void> {
    return this.#needs.registry.markAlive(this.#needs.clock.wallMs())
  }

  ready(session: Session): void {
    this.#keep(session, rowOf(session))
  }

  ended(session: Session, reason: string): void {
    this.#keep(session, { ...rowOf(session), endedAtMs: this.#needs.clock.wallMs(), reason })
  }

  /** Writes what waits. Call it every second; nothing waits for it. */
  store(): void {
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
    })
  }

  /** Writes what waits, for a clean stop. */
  async settled(): Promise<void> {
    await this.#writing
    this.store()
    await this.#writing
  }

  #keep(session: Session, row: ConnectionRow): void {
    this.#waiting.set(session, row)
    if (this.#waiting.size <= WAITING_MAX) return
    const oldest = this.#waiting.keys().next()
    if (!oldest.done) this.#waiting.delete(oldest.value)
    this.#needs.metrics.count('messages_dropped', 'connection_log')
  }

  async #drain(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, BATCH)
      try {
        await this.#needs.registry.saveConnections(batch.map(([, row]) => row))
        this.#failed = false
      } catch (error) {
        if (!this.#failed) this.#needs.log.warn({ error, waiting: this.#waiting.size }, 'connections not stored yet')
        this.#failed = true
        return
      }
      for (const [session, row] of batch) if (this.#waiting.get(session) === row) this.#waiting.delete(session)
    }
  }
}

function rowOf(session: Session): ConnectionRow {
  const { device, number, openedAtWallMs: connectedAtMs, address, firmware, boot, messages } = session
  return {
    ...{ device, session: number, connectedAtMs, address, messages },
    firmware: firmware || undefined,
    boot: boot || undefined,
  }
}
