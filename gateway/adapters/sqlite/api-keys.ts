import type { ApiKey } from '../../core/records.ts'
import type { Database } from './database.ts'

interface Row {
  readonly name: string
  readonly sha256: string
  readonly role: ApiKey['role']
  readonly created_at_ms: number
}

export function putApiKey(db: Database, key: ApiKey): void {
  db.run(
    `INSERT INTO api_keys (name, sha256, role, created_at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET
       sha256 = excluded.sha256, role = excluded.role, created_at_ms = excluded.created_at_ms`,
    key.name,
    key.sha256,
    key.role,
    key.createdAtMs,
  )
}

export function apiKeyByHash(db: Database, sha256: string): ApiKey | undefined {
  const row = db.row<Row>('SELECT name, sha256, role, created_at_ms FROM api_keys WHERE sha256 = ?', sha256)
  return row && { name: row.name, sha256: row.sha256, role: row.role, createdAtMs: row.created_at_ms }
}

export function countApiKeys(db: Database): number {
  return db.row<{ n: number }>('SELECT count(*) AS n FROM api_keys')?.n ?? 0
}
