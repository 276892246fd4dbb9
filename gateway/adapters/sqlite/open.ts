import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Database } from './database.ts'
import { failureOf, StoreError } from './failure.ts'

/** In order; the position is the version that the file then has. Never change one that was released: add the next. */
const MIGRATIONS = [
  '001-initial.sql',
  '002-operations.sql',
  '003-access.sql',
  '004-device-search.sql',
  '005-command-batches.sql',
  '006-bans.sql',
  '007-announcements.sql',
  '008-api-key-scopes.sql',
]

/** A backup or a person at a shell may hold the write lock this long before a request is refused. */
const BUSY_TIMEOUT_MS = 5_000
/** The log keeps this much of its file after a burst; the rest goes back to the disk. */
const WAL_KEPT_BYTES = 64 * 1024 * 1024

/**
 * The one connection that writes: makes the file (mode 0600), checks it and brings it to this version. Throws
 * StoreError, whose message names the file, for one that is damaged or newer than the code; such a file is left as
 * it is.
 */
export function openForWriting(file: string): Database {
  makePrivate(file)
  return opened(file, false, (database) => {
    // FULL: a commit is on the disk before it is answered, also when the power fails.
    database.script(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${WAL_KEPT_BYTES}`,
    )
    refuseNewer(database, file)
    refuseDamaged(database, file)
    migrate(database)
  })
}

/** A connection that sees every commit and can change nothing. Only after openForWriting. */
export function openForReading(file: string): Database {
  return opened(file, true, () => {})
}

function opened(file: string, readOnly: boolean, prepare: (database: Database) => void): Database {
  let database: Database | undefined
  try {
    database = new Database(file, { readOnly, busyTimeoutMs: BUSY_TIMEOUT_MS })
    database.script('PRAGMA foreign_keys = ON')
    prepare(database)
    return database
  } catch (error) {
    database?.close()
    if (error instanceof StoreError) throw error
    const { code, message } = failureOf(error)
    if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') throw damaged(file, message)
    throw new StoreError(code, `cannot open the registry ${file}: ${message}`)
  }
}

/** SQLite gives -wal and -shm the mode of the main file, so it is enough to make that one first. */
function makePrivate(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    // One that exists is never opened here: closing it would end the locks that SQLite holds in this process.
    if (!existsSync(file)) closeSync(openSync(file, 'wx', 0o600))
    for (const path of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(path)) chmodSync(path, 0o600)
  } catch (error) {
    throw new StoreError('SQLITE_CANTOPEN', `cannot open the registry ${file}: ${failureOf(error).message}`)
  }
}

function version(database: Database): number {
  return database.row<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0
}

function refuseNewer(database: Database, file: string): void {
  const found = version(database)
  if (found <= MIGRATIONS.length) return
  throw new StoreError(
    'REGISTRY_NEWER',
    `the registry ${file} has version ${found}, this gateway knows up to ${MIGRATIONS.length}: start a newer gateway`,
  )
}

function refuseDamaged(database: Database, file: string): void {
  const first = database.row<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check
  if (first !== 'ok') throw damaged(file, first ?? 'quick_check gave no answer')
}

function damaged(file: string, what: string): StoreError {
  return new StoreError(
    'REGISTRY_DAMAGED',
    `the registry ${file} is damaged (${what}): it was left as it is; restore a backup or move the file away`,
  )
}

function migrate(database: Database): void {
  for (const [index, name] of MIGRATIONS.entries()) {
    if (index < version(database)) continue
    const sql = readFileSync(new URL(`./migrations/${name}`, import.meta.url), 'utf8')
    database.script(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}
