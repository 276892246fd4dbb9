import type { MadeBetween, TokenRow } from '../../core/records.ts'
import { ROTATE_ONLY_MS } from '../../core/token-life.ts'
import type { Database } from './database.ts'
import { type Row, SELECT, tokenOf } from './tokens.ts'

/** Tokens by when they were made, which says which key signed them. */

const MADE = 'created_at_ms >= ? AND created_at_ms < ?'
const OPENS_SESSIONS =
  'revoked_at_ms IS NULL AND (ends_at_ms IS NULL OR ends_at_ms > ?) AND (expires_at_ms IS NULL OR expires_at_ms > ?)'
const UNREPLACED = `NOT EXISTS (
  SELECT 1 FROM tokens AS newer WHERE newer.device = tokens.device AND newer.replaces = tokens.id
    AND newer.revoked_at_ms IS NULL)`

function range({ fromMs, beforeMs }: MadeBetween): [number, number] {
  return [fromMs, beforeMs ?? Number.MAX_SAFE_INTEGER]
}

export function countLiveTokens(db: Database, made: MadeBetween, atMs: number): number {
  const sql = `SELECT count(*) AS live FROM tokens WHERE ${MADE} AND ${OPENS_SESSIONS}`
  return db.row<{ live: number }>(sql, ...range(made), atMs, atMs - ROTATE_ONLY_MS)?.live ?? 0
}

export function unreplacedTokens(db: Database, made: MadeBetween, atMs: number, limit: number): TokenRow[] {
  const sql = `${SELECT} WHERE ${MADE} AND ${OPENS_SESSIONS} AND ${UNREPLACED} ORDER BY device, id LIMIT ?`
  return db.rows<Row>(sql, ...range(made), atMs, atMs - ROTATE_ONLY_MS, limit).map(tokenOf)
}

export function revokeTokensMade(db: Database, made: MadeBetween, atMs: number): { device: string; id: string }[] {
  const where = `WHERE ${MADE} AND revoked_at_ms IS NULL`
  const rows = db.rows<{ device: string; id: string }>(`SELECT device, id FROM tokens ${where}`, ...range(made))
  db.run(`UPDATE tokens SET revoked_at_ms = ? ${where}`, atMs, ...range(made))
  return rows
}
