import type { JsonObject } from '../../protocol/json.ts'
import type { Clock, Log, Metrics } from './ports.ts'
import type { AuditEntry, AuditQuery, AuditRow } from './records.ts'
import type { Registry } from './registry.ts'
import { withoutKeys, withoutSecrets } from './secret-text.ts'

/** Entries that wait for a store that is away: some minutes of busy operators. The newest loses. */
const WAITING_MAX = 1_000
/** Entries written in one transaction. */
const BATCH = 200
/** How long whoever acted waits for the entry at most: a disk that hangs must not hold up the answer for ever. */
const PATIENCE_MS = 2_000

/** What others see of the audit log. */
export interface Audit {
  /** Adds an entry, with the time of now. Returns at once; the entry is stored as soon as the store takes it. */
  note(entry: Omit<AuditEntry, 'atMs'>): void
  /** The same; resolves when the entry is on the disk, or after PATIENCE_MS. Never rejects. */
  append(entry: Omit<AuditEntry, 'atMs'>): Promise<void>
  /** Newest first; `next` is the `before` of the following page. Rejects with registry_unavailable. */
  list(query: AuditQuery): Promise<{ items: AuditRow[]; next?: number }>
}

export interface AuditTrailNeeds {
  readonly registry: Pick<Registry, 'appendAudit' | 'listAudit'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

interface Waiting {
  readonly entry: AuditEntry
  readonly done: () => void
}

/** Who did what, kept in order. An entry may be there twice when the store died over it, and is never changed. */
export class AuditTrail implements Audit {
  readonly #needs: AuditTrailNeeds
  readonly #waiting: Waiting[] = []
  #storing: Promise<void> | undefined
  #failed = false
  #lost = 0

  constructor(needs: AuditTrailNeeds) {
    this.#needs = needs
  }

  /** Entries lost since the gateway started. */
  get lost(): number {
    return this.#lost
  }

  note(entry: Omit<AuditEntry, 'atMs'>): void {
    this.#add(entry, () => {})
  }

  append(entry: Omit<AuditEntry, 'atMs'>): Promise<void> {
    return new Promise((resolve) => {
      const stopWaiting = this.#needs.clock.after(PATIENCE_MS, resolve)
      this.#add(entry, () => {
        stopWaiting()
        resolve()
      })
    })
  }

  /** `done` is called once the entry is stored, or lost. */
  #add(tried: Omit<AuditEntry, 'atMs'>, done: () => void): void {
    const { clock, log, metrics } = this.#needs
    const entry = clean(tried)
    if (this.#waiting.length < WAITING_MAX) {
      this.#waiting.push({ entry: { ...entry, atMs: clock.wallMs() }, done })
      return this.store()
    }
    this.#lost += 1
    metrics.count('audit_dropped')
    log.error({ actor: entry.actor, action: entry.action, target: entry.target }, 'audit entry lost')
    done()
  }

  async list(query: AuditQuery): Promise<{ items: AuditRow[]; next?: number }> {
    const rows = await this.#needs.registry.listAudit({ ...query, limit: query.limit + 1 })
    const items = rows.slice(0, query.limit)
    return { items, next: rows.length > query.limit ? items.at(-1)?.id : undefined }
  }

  /** Writes what waits; call it now and then for what a failed store left behind. Nothing waits for it. */
  store(): void {
    this.#storing ??= this.#drain().finally(() => {
      this.#storing = undefined
      if (this.#waiting.length > 0 && !this.#failed) this.store() // one came in the last moment
    })
  }

  /** Resolves when nothing waits, or nothing more can be written now. */
  async settled(): Promise<void> {
    await this.#storing
  }

  async #drain(): Promise<void> {
    const { registry, log } = this.#needs
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH)
      try {
        await registry.appendAudit(batch.map(({ entry }) => entry))
      } catch (error) {
        if (!this.#failed) log.error({ error, waiting: this.#waiting.length }, 'audit entries not stored yet')
        this.#failed = true
        return
      }
      this.#failed = false
      this.#waiting.splice(0, batch.length)
      for (const { done } of batch) done()
    }
  }
}

/** The error says that nothing has the name that was given. */
const NO_SUCH_NAME = /_not_found$|^bad_request$/

/** What was tried may hold a secret in the place of a name: `DELETE /api-keys/flk_…`. */
function clean(entry: Omit<AuditEntry, 'atMs'>): Omit<AuditEntry, 'atMs'> {
  const { target, device, outcome, detail } = entry
  const hide = NO_SUCH_NAME.test(outcome) ? withoutSecrets : withoutKeys
  return {
    ...entry,
    ...(target !== undefined && { target: hide(target) }),
    ...(device !== undefined && { device: hide(device) }),
    ...(detail !== undefined && { detail: textsOf(detail, hide) }),
  }
}

/** The same facts with every text made harmless. */
function textsOf(detail: JsonObject, hide: (text: string) => string): JsonObject {
  const facts = Object.entries(detail)
  return Object.fromEntries(facts.map(([name, value]) => [name, typeof value === 'string' ? hide(value) : value]))
}
