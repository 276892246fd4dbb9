import type { Credential } from '../../core/ports.ts'
import type { NewToken, Once, Replacement, TokenRow } from '../../core/records.ts'
import { endedByConfirming, endOfReplaced, isLive, replacementProblem } from '../../core/token-life.ts'
import type { Database } from './database.ts'
import { rememberOnce, repeatOf } from './once.ts'

/**
 * Revoked, replaced or expired tokens kept per device: enough for a person to see what happened. Older ones lose; a token
 * without a row is refused like a revoked one.
 */
const DEAD_TOKENS_KEPT = 32

export interface Row {
  readonly device: string
  readonly id: string
  readonly created_at_ms: number
  readonly expires_at_ms: number | null
  readonly revoked_at_ms: number | null
  readonly last_used_at_ms: number | null
  readonly replaces: string | null
  readonly overlap_s: number | null
  readonly confirmed_at_ms: number | null
  readonly ends_at_ms: number | null
}

export const SELECT = `SELECT device, id, created_at_ms, expires_at_ms, revoked_at_ms, last_used_at_ms,
    replaces, overlap_s, confirmed_at_ms, ends_at_ms
  FROM tokens`

export function credential(db: Database, device: string, tokenId: string): Credential | undefined {
  const owner = db.row<{ enabled: number }>('SELECT enabled FROM devices WHERE id = ?', device)
  if (!owner) return undefined
  return { enabled: owner.enabled === 1, token: tokenOfDevice(db, device, tokenId) }
}

export function addToken(
  db: Database,
  token: NewToken,
  liveMax: number,
  once?: Once,
): 'added' | 'no_device' | 'too_many' | 'conflict' | { repeatOf: string } {
  const repeat = repeatOf(db, once, token.createdAtMs)
  if (repeat !== undefined) return repeat
  if (!db.row('SELECT 1 FROM devices WHERE id = ?', token.device)) return 'no_device'
  const live = listTokens(db, token.device).filter((row) => isLive(row, token.createdAtMs))
  if (live.length >= liveMax) return 'too_many'
  insertToken(db, token)
  dropOldestDead(db, token)
  rememberOnce(db, once, token.id, token.createdAtMs)
  return 'added'
}

export function addReplacement(
  db: Database,
  token: Replacement,
  liveMax: number,
): 'added' | 'no_device' | 'gone' | 'in_progress' | 'too_many' {
  if (!db.row('SELECT 1 FROM devices WHERE id = ?', token.device)) return 'no_device'
  const problem = replacementProblem(listTokens(db, token.device), token, liveMax)
  if (problem !== undefined) return problem
  insertToken(db, token)
  dropOldestDead(db, token)
  return 'added'
}

export function confirmToken(db: Database, device: string, tokenId: string, atMs: number): TokenRow | undefined {
  const token = tokenOfDevice(db, device, tokenId)
  if (token?.replaces === undefined || !isLive(token, atMs)) return undefined
  db.run(
    'UPDATE tokens SET confirmed_at_ms = coalesce(confirmed_at_ms, ?) WHERE device = ? AND id = ?',
    atMs,
    device,
    tokenId,
  )
  for (const old of endedByConfirming(listTokens(db, device), token)) {
    const endsAtMs = endOfReplaced(old, token, atMs)
    db.run('UPDATE tokens SET ends_at_ms = ? WHERE device = ? AND id = ?', endsAtMs, device, old.id)
  }
  return tokenOfDevice(db, device, tokenId)
}

export function endedTokens(db: Database, atMs: number, limit: number): TokenRow[] {
  const sql = `${SELECT} WHERE ends_at_ms <= ? AND revoked_at_ms IS NULL ORDER BY ends_at_ms LIMIT ?`
  return db.rows<Row>(sql, atMs, limit).map(tokenOf)
}

function tokenOfDevice(db: Database, device: string, tokenId: string): TokenRow | undefined {
  const row = db.row<Row>(`${SELECT} WHERE device = ? AND id = ?`, device, tokenId)
  return row && tokenOf(row)
}

export function insertToken(db: Database, token: NewToken): void {
  db.run(
    'INSERT INTO tokens (device, id, created_at_ms, expires_at_ms, replaces, overlap_s) VALUES (?, ?, ?, ?, ?, ?)',
    token.device,
    token.id,
    token.createdAtMs,
    token.expiresAtMs ?? null,
    token.replaces ?? null,
    token.overlapS ?? null,
  )
}

/** Counted as of the moment that the new token was made. */
function dropOldestDead(db: Database, { device, createdAtMs: atMs }: NewToken): void {
  const dead = listTokens(db, device).filter((row) => !isLive(row, atMs))
  const newestFirst = dead.sort((a, b) => diedAtMs(b) - diedAtMs(a))
  for (const { id } of newestFirst.slice(DEAD_TOKENS_KEPT)) {
    db.run('DELETE FROM tokens WHERE device = ? AND id = ?', device, id)
  }
}

function diedAtMs({ revokedAtMs, endsAtMs, expiresAtMs }: TokenRow): number {
  return revokedAtMs ?? endsAtMs ?? expiresAtMs ?? 0
}

export function listTokens(db: Database, device: string): TokenRow[] {
  return db.rows<Row>(`${SELECT} WHERE device = ? ORDER BY created_at_ms, id`, device).map(tokenOf)
}

/** The first revocation keeps its time. */
export function revokeToken(db: Database, device: string, tokenId: string, atMs: number): boolean {
  const sql = 'UPDATE tokens SET revoked_at_ms = coalesce(revoked_at_ms, ?) WHERE device = ? AND id = ?'
  return db.run(sql, atMs, device, tokenId) > 0
}

export function revokeTokensOf(db: Database, device: string, atMs: number): number {
  return db.run('UPDATE tokens SET revoked_at_ms = ? WHERE device = ? AND revoked_at_ms IS NULL', atMs, device)
}

/** Never goes back: two uses may be written in the other order. */
export function markTokenUsed(db: Database, device: string, tokenId: string, atMs: number): void {
  const sql = 'UPDATE tokens SET last_used_at_ms = max(coalesce(last_used_at_ms, 0), ?) WHERE device = ? AND id = ?'
  db.run(sql, atMs, device, tokenId)
}

export function tokenOf(row: Row): TokenRow {
  return {
    id: row.id,
    device: row.device,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms ?? undefined,
    revokedAtMs: row.revoked_at_ms ?? undefined,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
    replaces: row.replaces ?? undefined,
    overlapS: row.overlap_s ?? undefined,
    confirmedAtMs: row.confirmed_at_ms ?? undefined,
    endsAtMs: row.ends_at_ms ?? undefined,
  }
}
