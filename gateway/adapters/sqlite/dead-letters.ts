import type { DeadLetter, DeadLetterRow } from '../../core/records.ts'
import type { Database } from './database.ts'

/** Dead letters kept, about 3 MB at most: enough to find out who sends them. The oldest go. */
const LETTERS_KEPT = 1_000

interface Row {
  readonly id: number
  readonly at_ms: number
  readonly topic: string
  readonly device: string | null
  readonly command: string | null
  readonly reason: string
  readonly detail: string
  readonly bytes: number
  readonly payload: string
}

export function addDeadLetter(db: Database, letter: DeadLetter): void {
  db.run(
    'INSERT INTO dead_letters (at_ms, topic, device, command, reason, detail, bytes, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    letter.atMs,
    letter.topic,
    letter.device ?? null,
    letter.command ?? null,
    letter.reason,
    letter.detail,
    letter.bytes,
    letter.payload,
  )
  db.run('DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - ?', LETTERS_KEPT)
}

/** Newest first. */
export function listDeadLetters(
  db: Database,
  query: { before?: number; device?: string; limit: number },
): DeadLetterRow[] {
  const rows = db.rows<Row>(
    `SELECT id, at_ms, topic, device, command, reason, detail, bytes, payload FROM dead_letters
     WHERE id < coalesce(?, 9e15) AND (? IS NULL OR device = ?) ORDER BY id DESC LIMIT ?`,
    query.before ?? null,
    query.device ?? null,
    query.device ?? null,
    query.limit,
  )
  return rows.map((row) => ({
    id: row.id,
    atMs: row.at_ms,
    topic: row.topic,
    device: row.device ?? undefined,
    command: row.command ?? undefined,
    reason: row.reason,
    detail: row.detail,
    bytes: row.bytes,
    payload: row.payload,
  }))
}
