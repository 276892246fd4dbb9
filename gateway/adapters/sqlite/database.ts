import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

/** One connection with its prepared statements. All SQL texts are constants, so the cache is as small as the code. */
export class Database {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(file: string, options: { readOnly: boolean; busyTimeoutMs: number }) {
    this.#db = new DatabaseSync(file, { readOnly: options.readOnly, timeout: options.busyTimeoutMs })
  }

  /** The first row. `Row` names the columns as the SQL selects them; STRICT tables hold it true. */
  row<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined
  }

  rows<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[]
  }

  /** How many rows the statement inserted, changed or deleted (cascades not counted). */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  /** Several statements at once, without values. For start-up only: it keeps nothing prepared. */
  script(sql: string): void {
    this.#db.exec(sql)
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction
  }

  close(): void {
    this.#statements.clear()
    this.#db.close()
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/** JSON in a TEXT column; NULL for undefined, so that `null` remains a value. */
export function toJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

export function fromJson<T>(text: string | null): T | undefined {
  return text === null ? undefined : (JSON.parse(text) as T)
}
