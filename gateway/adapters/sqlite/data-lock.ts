import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { Database } from './database.ts'
import { failureOf } from './failure.ts'

/**
 * Holds a file for as long as the process lives: SQLite's exclusive lock, which the system takes back when the holder dies,
 * however it dies. Throws when somebody else holds it, also another gateway in this process.
 */
export function lockFile(file: string): { release(): void } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // One that exists is not opened here: closing it would end the lock that another gateway of this process holds.
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  const database = new Database(file, { readOnly: false, busyTimeoutMs: 0 })
  try {
    database.script('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw failureOf(error).code === 'SQLITE_BUSY' ? new LockedError(file) : error
  }
  return { release: () => database.close() }
}

export class LockedError extends Error {
  constructor(file: string) {
    super(`${file} is held by another process`)
    this.name = 'LockedError'
  }
}
