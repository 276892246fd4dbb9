import type { JsonObject } from '../../../protocol/json.ts'
import type { Report, Shadow } from '../../core/records.ts'
import {
  applyReport,
  changeDesired as changed,
  type DesiredChange,
  type DesiredOptions,
  NO_SHADOW,
} from '../../core/shadow-rules.ts'
import type { Database } from './database.ts'

interface Row {
  readonly desired: string
  readonly desired_version: number
  readonly desired_at_ms: number | null
  readonly reported: string
  readonly reported_version: number
  readonly reported_at_ms: number | null
  readonly reported_session: number
}

export function shadow(db: Database, device: string): Shadow | undefined {
  const row = db.row<Row>(
    `SELECT desired, desired_version, desired_at_ms, reported, reported_version, reported_at_ms, reported_session
     FROM shadows WHERE device = ?`,
    device,
  )
  return row && shadowOf(row)
}

export function shadowDevices(db: Database, page: { after?: string; limit: number }): string[] {
  const sql = 'SELECT device FROM shadows WHERE device > ? ORDER BY device LIMIT ?'
  return db.rows<{ device: string }>(sql, page.after ?? '', page.limit).map(({ device }) => device)
}

export function changeDesired(
  db: Database,
  device: string,
  patch: JsonObject,
  options: DesiredOptions,
): DesiredChange | { kind: 'no_device' } {
  if (!db.row('SELECT 1 FROM devices WHERE id = ?', device)) return { kind: 'no_device' }
  const change = changed(shadow(db, device) ?? NO_SHADOW, patch, options)
  if (change.kind === 'stored' && change.changed) save(db, device, change.shadow)
  return change
}

/** A report of a device that was deleted meanwhile is dropped. */
export function saveReported(db: Database, device: string, report: Report): { desiredVersion: number } | undefined {
  if (!db.row('SELECT 1 FROM devices WHERE id = ?', device)) return undefined
  const after = applyReport(shadow(db, device) ?? NO_SHADOW, report)
  if (!after) return undefined
  save(db, device, after)
  return { desiredVersion: after.desiredVersion }
}

function save(db: Database, device: string, after: Shadow): void {
  db.run(
    `INSERT INTO shadows (device, desired, desired_version, desired_at_ms,
       reported, reported_version, reported_at_ms, reported_session)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (device) DO UPDATE SET
       desired = excluded.desired, desired_version = excluded.desired_version, desired_at_ms = excluded.desired_at_ms,
       reported = excluded.reported, reported_version = excluded.reported_version,
       reported_at_ms = excluded.reported_at_ms, reported_session = excluded.reported_session`,
    device,
    JSON.stringify(after.desired),
    after.desiredVersion,
    after.desiredAtMs ?? null,
    JSON.stringify(after.reported),
    after.reportedVersion,
    after.reportedAtMs ?? null,
    after.reportedSession,
  )
}

function shadowOf(row: Row): Shadow {
  return {
    desired: JSON.parse(row.desired) as JsonObject,
    desiredVersion: row.desired_version,
    desiredAtMs: row.desired_at_ms ?? undefined,
    reported: JSON.parse(row.reported) as JsonObject,
    reportedVersion: row.reported_version,
    reportedAtMs: row.reported_at_ms ?? undefined,
    reportedSession: row.reported_session,
  }
}
