import type { ConnectionRow, StoredConnection } from '../../core/records.ts'
import type { Database } from './database.ts'
import { aliveAt } from './meta.ts'

/** Connections kept per device, about 10 kB: a day of a device that sleeps between messages. The oldest go. */
const CONNECTIONS_KEPT = 50

interface Row {
  readonly id: number
  readonly device: string
  readonly session: number
  readonly connected_at_ms: number
  readonly ended_at_ms: number | null
  readonly reason: string | null
  readonly address: string | null
  readonly firmware: string | null
  readonly boot: string | null
  readonly messages: number
}

/** New rows, and the ends of open ones. Rows of a device that was deleted meanwhile are dropped. */
export function saveConnections(db: Database, rows: readonly ConnectionRow[]): void {
  for (const row of rows) if (row.endedAtMs === undefined || !end(db, row)) insert(db, row)
  for (const device of new Set(rows.map((row) => row.device))) {
    db.run(
      `DELETE FROM connections WHERE device = ? AND id <=
         (SELECT id FROM connections WHERE device = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      device,
      device,
      CONNECTIONS_KEPT,
    )
  }
}

/** True when its row was there. */
function end(db: Database, row: ConnectionRow): boolean {
  const changed = db.run(
    `UPDATE connections SET ended_at_ms = ?, reason = ?, messages = ?
     WHERE device = ? AND session = ? AND ended_at_ms IS NULL`,
    row.endedAtMs ?? null,
    row.reason ?? null,
    row.messages,
    row.device,
    row.session,
  )
  return changed > 0
}

function insert(db: Database, row: ConnectionRow): void {
  db.run(
    `INSERT INTO connections (device, session, connected_at_ms, ended_at_ms, reason, address, firmware, boot, messages)
     SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM devices WHERE id = ?`,
    row.session,
    row.connectedAtMs,
    row.endedAtMs ?? null,
    row.reason ?? null,
    row.address ?? null,
    row.firmware ?? null,
    row.boot ?? null,
    row.messages,
    row.device,
  )
}

/** What was left open by a gateway that died ended when that one last said that it lives. */
export function endConnections(db: Database, atMs: number, reason: string): void {
  const lastMs = Math.min(atMs, aliveAt(db) ?? atMs)
  const sql = 'UPDATE connections SET ended_at_ms = max(connected_at_ms, ?), reason = ? WHERE ended_at_ms IS NULL'
  db.run(sql, lastMs, reason)
}

/** Newest first. */
export function listConnections(
  db: Database,
  device: string,
  page: { before?: number; limit: number },
): StoredConnection[] {
  const sql = 'SELECT * FROM connections WHERE device = ? AND id < coalesce(?, 9e15) ORDER BY id DESC LIMIT ?'
  return db.rows<Row>(sql, device, page.before ?? null, page.limit).map((row) => ({
    id: row.id,
    device: row.device,
    session: row.session,
    connectedAtMs: row.connected_at_ms,
    endedAtMs: row.ended_at_ms ?? undefined,
    reason: row.reason ?? undefined,
    address: row.address ?? undefined,
    firmware: row.firmware ?? undefined,
    boot: row.boot ?? undefined,
    messages: row.messages,
  }))
}
