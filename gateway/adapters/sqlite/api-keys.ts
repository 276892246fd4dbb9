import type { Scope } from '../../core/access/scopes.ts'
import type { ApiKey } from '../../core/records.ts'
import type { Database } from './database.ts'

interface Row {
  readonly name: string
  readonly sha256: string
  readonly role: ApiKey['role']
  readonly scopes: string | null
  readonly created_at_ms: number
  readonly expires_at_ms: number | null
  readonly last_used_at_ms: number | null
}

const SELECT = 'SELECT name, sha256, role, scopes, created_at_ms, expires_at_ms, last_used_at_ms FROM api_keys'
const INSERT =
  'INSERT INTO api_keys (name, sha256, role, scopes, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?)'

export function putApiKey(db: Database, key: ApiKey): void {
  db.run(
    `${INSERT} ON CONFLICT (name) DO UPDATE SET
       sha256 = excluded.sha256, role = excluded.role, scopes = excluded.scopes,
       created_at_ms = excluded.created_at_ms, expires_at_ms = excluded.expires_at_ms`,
    ...valuesOf(key),
  )
}

export function createApiKey(db: Database, key: ApiKey, max: number): 'created' | 'exists' | 'full' {
  if (countApiKeys(db) >= max) return 'full'
  return db.run(`${INSERT} ON CONFLICT (name) DO NOTHING`, ...valuesOf(key)) > 0 ? 'created' : 'exists'
}

export function deleteApiKey(db: Database, name: string): boolean {
  return db.run('DELETE FROM api_keys WHERE name = ?', name) > 0
}

export function markApiKeyUsed(db: Database, name: string, atMs: number): void {
  db.run('UPDATE api_keys SET last_used_at_ms = ? WHERE name = ?', atMs, name)
}

export function listApiKeys(db: Database): ApiKey[] {
  return db.rows<Row>(`${SELECT} ORDER BY name`).map(keyOf)
}

export function apiKeyByHash(db: Database, sha256: string): ApiKey | undefined {
  const row = db.row<Row>(`${SELECT} WHERE sha256 = ?`, sha256)
  return row && keyOf(row)
}

export function countApiKeys(db: Database): number {
  return db.row<{ n: number }>('SELECT count(*) AS n FROM api_keys')?.n ?? 0
}

function valuesOf(key: ApiKey): [string, string, string, string | null, number, number | null] {
  const scopes = key.scopes?.join(' ') ?? null
  return [key.name, key.sha256, key.role, scopes, key.createdAtMs, key.expiresAtMs ?? null]
}

function keyOf(row: Row): ApiKey {
  return {
    name: row.name,
    sha256: row.sha256,
    role: row.role,
    scopes: row.scopes === null ? undefined : (row.scopes.split(' ') as Scope[]), // as `valuesOf` wrote them
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms ?? undefined,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
  }
}
