import type { Database } from './database.ts'
import { failureOf } from './failure.ts'
import type { Answer, Request } from './messages.ts'
import { type Operations, READS, WRITES } from './operations.ts'

/** One transaction and one wait for the disk for all of them; a defective request is undone alone. */
export function runWrites(db: Database, requests: readonly Request[]): Answer[] {
  try {
    db.run('BEGIN IMMEDIATE')
    const answers = requests.map((request) => runInSavepoint(db, request))
    db.run('COMMIT')
    return answers
  } catch (error) {
    if (db.inTransaction) db.run('ROLLBACK')
    const failure = { ...failureOf(error), kind: 'store' as const }
    return requests.map(({ id }) => ({ id, failure }))
  }
}

function runInSavepoint(db: Database, request: Request): Answer {
  db.run('SAVEPOINT request')
  try {
    const value = perform(WRITES, db, request)
    db.run('RELEASE request')
    return { id: request.id, value }
  } catch (error) {
    const failure = failureOf(error)
    if (failure.kind === 'store') throw error // SQLite may have undone the whole transaction: so do we
    db.run('ROLLBACK TO request')
    db.run('RELEASE request')
    return { id: request.id, failure }
  }
}

/** Each in a transaction of its own, so that its statements see one state, and the newest. */
export function runReads(db: Database, requests: readonly Request[]): Answer[] {
  return requests.map((request) => {
    try {
      db.run('BEGIN')
      const value = perform(READS, db, request)
      db.run('COMMIT')
      return { id: request.id, value }
    } catch (error) {
      if (db.inTransaction) db.run('ROLLBACK')
      return { id: request.id, failure: failureOf(error) }
    }
  })
}

function perform(operations: Operations, db: Database, request: Request): unknown {
  const operation = Object.hasOwn(operations, request.operation) ? operations[request.operation] : undefined
  if (!operation) throw new Error(`there is no operation ${request.operation}`)
  return operation(db, ...(request.args as never[])) // typed where it was asked: StoreThread.call
}
