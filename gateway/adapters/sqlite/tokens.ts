import type { Credential } from '../../core/ports.ts'
import type { NewToken, TokenRow } from '../../core/records.ts'
import type { Database } from './database.ts'

/**
 * Revoked or expired tokens kept per device: enough for a person to see what happened. Older ones lose; a token
 * without a row is refused like a revoked one.
 */
const DEAD_TOKENS_KEPT = 32

interface Row {
  readonly device: string
  readonly id: string
  readonly created_at_ms: number
  readonly expires_at_ms: number | null
  readonly revoked_at_ms: number | null
  readonly last_used_at_ms: number | null
}

const SELECT = 'SELECT device, id, created_at_ms, expires_at_ms, revoked_at_ms, last_used_at_ms FROM tokens'
const IS_LIVE = 'revoked_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > ?)'

export function credential(db: Database, device: string, tokenId: string): Credential | undefined {
  const owner = db.row<{ enabled: number }>('SELECT enabled FROM devices WHERE id = ?', device)
  if (!owner) return undefined
  const row = db.row<Row>(`${SELECT} WHERE device = ? AND id = ?`, device, tokenId)
  return { enabled: owner.enabled === 1, token: row && tokenOf(row) }
}

export function addToken(db: Database, token: NewToken, liveMax: number): 'added' | 'no_device' | 'too_many' {
  if (!db.row('SELECT 1 FROM devices WHERE id = ?', token.device)) return 'no_device'
  const live = db.row<{ n: number }>(
    `SELECT count(*) AS n FROM tokens WHERE device = ? AND ${IS_LIVE}`,
    token.device,
    token.createdAtMs,
  )
  if (live && live.n >= liveMax) return 'too_many'
  insertToken(db, token)
  dropOldestDead(db, token)
  return 'added'
}

export function insertToken(db: Database, token: NewToken): void {
  db.run(
    'INSERT INTO tokens (device, id, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?)',
    token.device,
    token.id,
    token.createdAtMs,
    token.expiresAtMs ?? null,
  )
}

function dropOldestDead(db: Database, token: NewToken): void {
  db.run(
    `DELETE FROM tokens WHERE device = ? AND id IN (
       SELECT id FROM tokens WHERE device = ? AND NOT (${IS_LIVE})
       ORDER BY coalesce(revoked_at_ms, expires_at_ms) DESC, id LIMIT -1 OFFSET ${DEAD_TOKENS_KEPT})`,
    token.device,
    token.device,
    token.createdAtMs,
  )
}

export function listTokens(db: Database, device: string): TokenRow[] {
  return db.rows<Row>(`${SELECT} WHERE device = ? ORDER BY created_at_ms, id`, device).map(tokenOf)
}

/** The first revocation keeps its time. */
export function revokeToken(db: Database, device: string, tokenId: string, atMs: number): boolean {
  const sql = 'UPDATE tokens SET revoked_at_ms = coalesce(revoked_at_ms, ?) WHERE device = ? AND id = ?'
  return db.run(sql, atMs, device, tokenId) > 0
}

/** Never goes back: two uses may be written in the other order. */
export function markTokenUsed(db: Database, device: string, tokenId: string, atMs: number): void {
  const sql = 'UPDATE tokens SET last_used_at_ms = max(coalesce(last_used_at_ms, 0), ?) WHERE device = ? AND id = ?'
  db.run(sql, atMs, device, tokenId)
}

function tokenOf(row: Row): TokenRow {
  return {
    id: row.id,
    device: row.device,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms ?? undefined,
    revokedAtMs: row.revoked_at_ms ?? undefined,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
  }
}
