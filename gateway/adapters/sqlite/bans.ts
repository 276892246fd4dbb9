import type { Ban } from '../../core/ban-store.ts'
import type { Database } from './database.ts'

interface Row {
  readonly id: string
  readonly address: string | null
  readonly device: string | null
  readonly reason: string | null
  readonly created_at_ms: number
  readonly ends_at_ms: number | null
}

export function putBan(db: Database, ban: Ban, max: number): 'kept' | 'full' {
  const { id, address = null, device = null, reason = null, createdAtMs, endsAtMs = null } = ban
  const others = 'SELECT count(*) AS n FROM bans WHERE address IS NOT ? OR device IS NOT ?'
  if ((db.row<{ n: number }>(others, address, device)?.n ?? 0) >= max) return 'full'
  db.run('DELETE FROM bans WHERE address IS ? AND device IS ?', address, device)
  db.run(
    'INSERT INTO bans (id, address, device, reason, created_at_ms, ends_at_ms) VALUES (?, ?, ?, ?, ?, ?)',
    ...[id, address, device, reason, createdAtMs, endsAtMs],
  )
  return 'kept'
}

export function removeBan(db: Database, id: string): boolean {
  return db.run('DELETE FROM bans WHERE id = ?', id) > 0
}

export function bans(db: Database): Ban[] {
  const rows = db.rows<Row>('SELECT id, address, device, reason, created_at_ms, ends_at_ms FROM bans ORDER BY id')
  return rows.map((row) => ({
    id: row.id,
    address: row.address ?? undefined,
    device: row.device ?? undefined,
    reason: row.reason ?? undefined,
    createdAtMs: row.created_at_ms,
    endsAtMs: row.ends_at_ms ?? undefined,
  }))
}

export function dropEndedBans(db: Database, atMs: number): void {
  db.run('DELETE FROM bans WHERE ends_at_ms <= ?', atMs)
}
