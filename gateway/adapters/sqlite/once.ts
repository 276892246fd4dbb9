import type { Once } from '../../core/records.ts'
import type { Database } from './database.ts'

/** How long a repeat is known: longer than any client that still cares tries again. */
const KEPT_MS = 24 * 3600 * 1000
/** Requests remembered at once, about 20 MB. Of more within a day the oldest lose: a repeat of theirs acts again. */
const KEPT_MAX = 100_000

/** What an earlier request with this key made; `conflict` when that one asked for something else. */
export function repeatOf(
  db: Database,
  once: Once | undefined,
  atMs: number,
): { repeatOf: string } | 'conflict' | undefined {
  if (once === undefined) return undefined
  const sql = 'SELECT request, made FROM once WHERE key = ? AND at_ms > ?'
  const found = db.row<{ request: string; made: string }>(sql, once.key, atMs - KEPT_MS)
  if (found === undefined) return undefined
  return found.request === once.request ? { repeatOf: found.made } : 'conflict'
}

/** Call it in the transaction that made it. */
export function rememberOnce(db: Database, once: Once | undefined, made: string, atMs: number): void {
  if (once === undefined) return
  db.run(
    `INSERT INTO once (key, request, made, at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET request = excluded.request, made = excluded.made, at_ms = excluded.at_ms`,
    once.key,
    once.request,
    made,
    atMs,
  )
  db.run('DELETE FROM once WHERE sequence <= (SELECT max(sequence) FROM once) - ?', KEPT_MAX)
}
