import type { JsonObject } from '../../../protocol/json.ts'
import type { Presence, PresenceState } from '../../core/records.ts'
import type { Database } from './database.ts'

interface Row {
  readonly device: string
  readonly state: PresenceState
  readonly session: number
  readonly since_ms: number
  readonly reason: string
  readonly node: string
  readonly wake_at_ms: number | null
}

/** A device that was deleted meanwhile has no presence: its session's last word is dropped here. */
export function savePresence(db: Database, presence: Presence): void {
  db.run(
    `INSERT INTO presence (device, state, session, since_ms, reason, node, wake_at_ms)
     SELECT id, ?, ?, ?, ?, ?, ? FROM devices WHERE id = ?
     ON CONFLICT (device) DO UPDATE SET
       state = excluded.state, session = excluded.session, since_ms = excluded.since_ms,
       reason = excluded.reason, node = excluded.node, wake_at_ms = excluded.wake_at_ms
     WHERE excluded.session >= presence.session`,
    presence.state,
    presence.session,
    presence.sinceMs,
    presence.reason,
    presence.node,
    presence.wakeAtMs ?? null,
    presence.device,
  )
}

export function presences(db: Database): Presence[] {
  const sql = 'SELECT device, state, session, since_ms, reason, node, wake_at_ms FROM presence ORDER BY device'
  return db.rows<Row>(sql).map((row) => ({
    device: row.device,
    state: row.state,
    session: row.session,
    sinceMs: row.since_ms,
    reason: row.reason,
    node: row.node,
    wakeAtMs: row.wake_at_ms ?? undefined,
  }))
}

/** Values of a device that was deleted meanwhile are dropped. */
export function saveLastValues(db: Database, rows: readonly { device: string; values: JsonObject }[]): void {
  for (const { device, values } of rows) {
    db.run(
      `INSERT INTO last_values (device, json) SELECT id, ? FROM devices WHERE id = ?
       ON CONFLICT (device) DO UPDATE SET json = excluded.json`,
      JSON.stringify(values),
      device,
    )
  }
}

export function lastValues(db: Database): { device: string; values: JsonObject }[] {
  const rows = db.rows<{ device: string; json: string }>('SELECT device, json FROM last_values ORDER BY device')
  return rows.map((row) => ({ device: row.device, values: JSON.parse(row.json) as JsonObject }))
}
