import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runReads, runWrites } from '../../gateway/adapters/sqlite/batch.ts'
import type { Database } from '../../gateway/adapters/sqlite/database.ts'
import { openForWriting } from '../../gateway/adapters/sqlite/open.ts'
import { READS, WRITES } from '../../gateway/adapters/sqlite/operations.ts'
import { GatewayError } from '../../gateway/core/errors.ts'
import type { Registry } from '../../gateway/core/registry.ts'

/**
 * The true store operations on one true file, without threads, so that a test can look at the file between any two
 * statements: what is in it then is what a process that is killed there leaves behind.
 */
export class SnapshotRegistry {
  readonly file: string
  readonly registry: Registry
  /** Called after each statement. */
  afterStatement: () => void = () => {}
  readonly #db: Database

  constructor(file: string) {
    this.file = file
    this.#db = openForWriting(file)
    const run = this.#db.run.bind(this.#db)
    this.#db.run = (sql, ...values) => {
      const changes = run(sql, ...values)
      this.afterStatement()
      return changes
    }
    this.registry = this.#asRegistry()
  }

  /** Bytes of the log: it grows where a commit was written. */
  get logBytes(): number {
    return existsSync(`${this.file}-wal`) ? readFileSync(`${this.file}-wal`).length : 0
  }

  /** The file as it is now; `logBytes` cuts the log off, as a kill in the middle of a commit does. */
  copyTo(file: string, logBytes = this.logBytes): void {
    mkdirSync(dirname(file), { recursive: true })
    copyFileSync(this.file, file)
    if (existsSync(`${this.file}-wal`))
      writeFileSync(`${file}-wal`, readFileSync(`${this.file}-wal`).subarray(0, logBytes))
  }

  isWhole(): boolean {
    return this.#db.row<{ integrity_check: string }>('PRAGMA integrity_check')?.integrity_check === 'ok'
  }

  close(): void {
    this.#db.close()
  }

  #call(operation: string, args: readonly unknown[]): unknown {
    const run = operation in WRITES ? runWrites : runReads
    const [answer] = run(this.#db, [{ kind: 'request', id: 1, operation, args }])
    if (answer === undefined) throw new Error('no answer')
    if ('failure' in answer) throw new GatewayError('internal', answer.failure.message)
    return answer.value
  }

  #asRegistry(): Registry {
    const own: Partial<Registry> = {
      nextSession: async () => Number(this.#call('reserveSessions', [1])),
      start: async () => {},
      stop: async () => {},
      health: () => ({ ready: true }),
    }
    const known = new Set([...Object.keys(READS), ...Object.keys(WRITES)])
    return new Proxy(own, {
      get: (target, name: keyof Registry) =>
        known.has(name) ? async (...args: unknown[]) => this.#call(name, args) : target[name],
    }) as Registry
  }
}

export function snapshotFile(directory: string, number: number): string {
  return join(directory, `at-${number}`, 'fairlead.db')
}
