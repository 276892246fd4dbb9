import type { JsonObject } from '../../../protocol/json.ts'
import type { AuditEntry, AuditQuery, AuditRow } from '../../core/records.ts'
import { type Database, fromJson, toJson } from './database.ts'

/**
 * Entries kept: years of an ordinary gateway, about 25 MB at most. The oldest are dropped. The trigger
 * `audit_keeps_the_latest` holds the same number.
 */
const ENTRIES_KEPT = 100_000

interface Row {
  readonly id: number
  readonly at_ms: number
  readonly actor: string
  readonly action: string
  readonly target: string | null
  readonly device: string | null
  readonly outcome: string
  readonly address: string | null
  readonly detail: string | null
}

export function appendAudit(db: Database, entries: readonly AuditEntry[]): void {
  for (const entry of entries) {
    db.run(
      'INSERT INTO audit (at_ms, actor, action, target, device, outcome, address, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      entry.atMs,
      entry.actor,
      entry.action,
      entry.target ?? null,
      entry.device ?? null,
      entry.outcome,
      entry.address ?? null,
      toJson(entry.detail),
    )
  }
  db.run('DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?', ENTRIES_KEPT)
}

const SELECT = 'SELECT id, at_ms, actor, action, target, device, outcome, address, detail FROM audit'
/** A filter that is not given compares a column with itself. */
const FILTERS = `id < coalesce(?, 9e15) AND at_ms >= coalesce(?, 0) AND at_ms < coalesce(?, 9e15)
  AND actor = coalesce(?, actor) AND action = coalesce(?, action)
  AND (outcome = coalesce(?, outcome) OR (? = 'refused' AND outcome <> 'ok'))`
const PAGE = 'ORDER BY id DESC LIMIT ?'

export function listAudit(db: Database, query: AuditQuery): AuditRow[] {
  const { before, sinceMs, untilMs, actor, action, outcome, device, limit } = query
  const filters = [before, sinceMs, untilMs, actor, action, outcome, outcome].map((value) => value ?? null)
  const rows =
    device === undefined
      ? db.rows<Row>(`${SELECT} WHERE ${FILTERS} ${PAGE}`, ...filters, limit)
      : db.rows<Row>(`${SELECT} WHERE device = ? AND ${FILTERS} ${PAGE}`, device, ...filters, limit)
  return rows.map(rowOf)
}

function rowOf(row: Row): AuditRow {
  return {
    id: row.id,
    atMs: row.at_ms,
    actor: row.actor,
    action: row.action,
    target: row.target ?? undefined,
    device: row.device ?? undefined,
    outcome: row.outcome,
    address: row.address ?? undefined,
    detail: fromJson<JsonObject>(row.detail),
  }
}
