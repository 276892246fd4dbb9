import type { Database } from './database.ts'

/** Reserves `count` session numbers for ever and returns the highest of them. */
export function reserveSessions(db: Database, count: number): number {
  const sql = "UPDATE meta SET value = value + ? WHERE key = 'sessions_reserved' RETURNING value"
  const row = db.row<{ value: number }>(sql, count)
  if (!row) throw new Error('the row sessions_reserved is missing')
  return row.value
}

/** Gives back the numbers above `lastUsed` at a clean stop, unless somebody reserved more since. */
export function returnSessions(db: Database, lastUsed: number, reservedUpTo: number): void {
  db.run("UPDATE meta SET value = ? WHERE key = 'sessions_reserved' AND value = ?", lastUsed, reservedUpTo)
}

/** Changes a byte, so that the disk has to take it. */
export function probe(db: Database): void {
  db.run("UPDATE meta SET value = value + 1 WHERE key = 'probe'")
}

/** Keeps when the gateway was last known to live. */
export function markAlive(db: Database, atMs: number): void {
  const sql =
    "INSERT INTO meta (key, value) VALUES ('alive_at_ms', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
  db.run(sql, atMs)
}

/** The last of those marks; undefined before the first. */
export function aliveAt(db: Database): number | undefined {
  return db.row<{ value: number }>("SELECT value FROM meta WHERE key = 'alive_at_ms'")?.value
}
