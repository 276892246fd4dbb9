import type { CommandState } from '../../../protocol/command-request.ts'
import type { JsonObject } from '../../../protocol/json.ts'
import type { CommandQuery, CommandRecord } from '../../core/command-machine.ts'
import { type Database, fromJson } from './database.ts'

interface Row {
  readonly sequence: number
  readonly id: string
  readonly device: string
  readonly name: string
  readonly params: string
  readonly ttl_s: number
  readonly timeout_s: number
  readonly created_at_ms: number
  readonly state: CommandState
  readonly due_at_ms: number | null
  readonly result: string | null
  readonly error: string | null
  readonly late_result: string | null
  readonly batch: string | null
  readonly deliveries: number
  readonly cancel_asked_at_ms: number | null
  readonly history: string
}

const SELECT = `SELECT sequence, id, device, name, params, ttl_s, timeout_s, created_at_ms, state, due_at_ms,
    result, error, late_result, batch, deliveries, cancel_asked_at_ms,
    (SELECT json_group_array(json_array(h.state, h.at_ms) ORDER BY h.change_id)
     FROM command_changes AS h WHERE h.command = sequence) AS history
  FROM commands`

export function command(db: Database, id: string): CommandRecord | undefined {
  const row = db.row<Row>(`${SELECT} WHERE id = ?`, id)
  return row && recordOf(row)
}

/** The row number beside the record: what changes and history refer to. */
export function commandOfDevice(
  db: Database,
  id: string,
  device: string,
): { sequence: number; record: CommandRecord } | undefined {
  const row = db.row<Row>(`${SELECT} WHERE id = ? AND device = ?`, id, device)
  return row && { sequence: row.sequence, record: recordOf(row) }
}

/** After an unknown `before` (the oldest are dropped in time) comes nothing. */
export function listCommands(db: Database, device: string, page: { before?: string; limit: number }): CommandRecord[] {
  const newestFirst = 'ORDER BY sequence DESC LIMIT ?'
  if (page.before === undefined) {
    return db.rows<Row>(`${SELECT} WHERE device = ? ${newestFirst}`, device, page.limit).map(recordOf)
  }
  const older = 'device = ? AND sequence < (SELECT b.sequence FROM commands AS b WHERE b.id = ? AND b.device = ?)'
  return db.rows<Row>(`${SELECT} WHERE ${older} ${newestFirst}`, device, page.before, device, page.limit).map(recordOf)
}

/** Bounds in time come from the index, so that an old range need not read what is newer; the clock may have stepped. */
const NOT_BEFORE = `created_at_ms >= ?
  AND sequence >= (SELECT sequence FROM commands WHERE created_at_ms >= ? ORDER BY created_at_ms LIMIT 1)`
const BEFORE = `created_at_ms < ?
  AND sequence <= (SELECT sequence FROM commands WHERE created_at_ms < ? ORDER BY created_at_ms DESC LIMIT 1)`

/** Newest first. After an unknown `before` comes nothing. */
export function findCommands(db: Database, query: CommandQuery): CommandRecord[] {
  const { device, state, sinceMs, untilMs, before } = query
  const filters: [sql: string, ...values: (string | number)[]][] = []
  if (device !== undefined) filters.push(['device = ?', device])
  if (state === 'open') filters.push(['final = 0'])
  else if (state !== undefined) filters.push(['state = ?', state])
  if (sinceMs !== undefined) filters.push([NOT_BEFORE, sinceMs, sinceMs])
  if (untilMs !== undefined) filters.push([BEFORE, untilMs, untilMs])
  if (before !== undefined) filters.push(['sequence < (SELECT b.sequence FROM commands AS b WHERE b.id = ?)', before])
  const where = filters.length === 0 ? '' : `WHERE ${filters.map(([sql]) => sql).join(' AND ')}`
  const values = filters.flatMap(([, ...given]) => given)
  return db.rows<Row>(`${SELECT} ${where} ORDER BY sequence DESC LIMIT ?`, ...values, query.limit).map(recordOf)
}

export function openCommands(db: Database, device: string): CommandRecord[] {
  return db.rows<Row>(`${SELECT} WHERE device = ? AND final = 0 ORDER BY sequence`, device).map(recordOf)
}

/** Of a device: those whose end the bus has not confirmed, since they have none or it waits. */
export function unheardCommands(db: Database, device: string): CommandRecord[] {
  const waits = 'EXISTS (SELECT 1 FROM command_changes WHERE command = commands.sequence AND published = 0)'
  return db.rows<Row>(`${SELECT} WHERE device = ? AND (final = 0 OR ${waits}) ORDER BY sequence`, device).map(recordOf)
}

/** The longest overdue first. */
export function dueCommands(db: Database, atMs: number, limit: number): CommandRecord[] {
  const sql = `${SELECT} WHERE final = 0 AND due_at_ms <= ? ORDER BY due_at_ms, sequence LIMIT ?`
  return db.rows<Row>(sql, atMs, limit).map(recordOf)
}

function recordOf(row: Row): CommandRecord {
  const history = JSON.parse(row.history) as [CommandState, number][]
  return {
    id: row.id,
    device: row.device,
    name: row.name,
    params: JSON.parse(row.params) as JsonObject,
    ttlS: row.ttl_s,
    timeoutS: row.timeout_s,
    createdAtMs: row.created_at_ms,
    state: row.state,
    dueAtMs: row.due_at_ms ?? undefined,
    result: fromJson(row.result),
    error: fromJson(row.error),
    lateResult: fromJson(row.late_result),
    batch: row.batch ?? undefined,
    deliveries: row.deliveries,
    cancelAskedAtMs: row.cancel_asked_at_ms ?? undefined,
    history: history.map(([state, atMs]) => ({ state, atMs })),
  }
}
