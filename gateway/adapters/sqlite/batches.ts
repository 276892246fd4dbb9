import type { JsonObject } from '../../../protocol/json.ts'
import {
  type Batch,
  type BatchAim,
  type BatchLimits,
  type BatchOutcome,
  type BatchTarget,
  type Expansion,
  type NewBatch,
  type RefusalCode,
  refusedTarget,
  type TargetState,
} from '../../core/batch-store.ts'
import type { CommandRecord } from '../../core/command-machine.ts'
import type { Once } from '../../core/records.ts'
import { commandOfDevice } from './command-rows.ts'
import { insertCommand } from './commands.ts'
import { type Database, fromJson } from './database.ts'
import { rememberOnce, repeatOf } from './once.ts'

/**
 * Batches kept, with what became of each device: 40 MB when all of them had the largest fleet. The oldest go when a new
 * one comes, but none with pending targets.
 */
const BATCHES_KEPT = 50

interface Row {
  readonly sequence: number
  readonly id: string
  readonly name: string
  readonly params: string
  readonly ttl_s: number
  readonly timeout_s: number
  readonly tag: string | null
  readonly created_at_ms: number
  readonly cancelled_at_ms: number | null
}
const COLUMNS = 'b.sequence, b.id, b.name, b.params, b.ttl_s, b.timeout_s, b.tag, b.created_at_ms, b.cancelled_at_ms'
const SELECT = `SELECT ${COLUMNS} FROM command_batches AS b`
const NONE_PENDING = "NOT EXISTS (SELECT 1 FROM batch_targets AS t WHERE t.batch = b.sequence AND t.state = 'pending')"

export function createBatch(
  db: Database,
  batch: NewBatch,
  aim: BatchAim,
  { targetsMax, pendingMax }: BatchLimits,
  once?: Once,
): BatchOutcome {
  const repeat = repeatOf(db, once, batch.createdAtMs)
  if (repeat !== undefined) return repeat
  const open = db.row<{ n: number }>("SELECT count(DISTINCT batch) AS n FROM batch_targets WHERE state = 'pending'")
  if (open && open.n >= pendingMax) return 'full'
  const wanted = 'tag' in aim ? taggedWith(db, aim.tag, targetsMax + 1) : [...new Set(aim.devices)]
  if (wanted.length > targetsMax) return 'too_many'
  const known = new Set(wanted.filter((id) => db.row('SELECT 1 FROM devices WHERE id = ?', id) !== undefined))
  if (known.size === 0) return 'no_device'
  dropOldest(db)
  const sequence = insertBatch(db, batch, 'tag' in aim ? aim.tag : null)
  insertTargets(db, sequence, wanted, known)
  rememberOnce(db, once, batch.id, batch.createdAtMs)
  return 'created'
}

function insertTargets(db: Database, sequence: number, wanted: readonly string[], known: ReadonlySet<string>): void {
  for (const device of wanted) {
    const [state, error] = known.has(device) ? ['pending', null] : ['refused', 'device_not_found']
    db.run(
      'INSERT INTO batch_targets (batch, device, state, error) VALUES (?, ?, ?, ?)',
      sequence,
      device,
      state,
      error,
    )
  }
}

function taggedWith(db: Database, tag: string, limit: number): string[] {
  const sql = 'SELECT device FROM device_tags WHERE tag = ? ORDER BY device LIMIT ?'
  return db.rows<{ device: string }>(sql, tag, limit).map(({ device }) => device)
}

function insertBatch(db: Database, batch: NewBatch, tag: string | null): number {
  const row = db.row<{ sequence: number }>(
    `INSERT INTO command_batches (id, name, params, ttl_s, timeout_s, tag, created_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING sequence`,
    batch.id,
    batch.name,
    JSON.stringify(batch.params),
    batch.ttlS,
    batch.timeoutS,
    tag,
    batch.createdAtMs,
  )
  if (!row) throw new Error('INSERT … RETURNING returned nothing')
  return row.sequence
}

/** Makes room for one more. */
function dropOldest(db: Database): void {
  db.run(
    `DELETE FROM command_batches AS b WHERE ${NONE_PENDING} AND b.sequence <=
       (SELECT k.sequence FROM command_batches AS k ORDER BY k.sequence DESC LIMIT 1 OFFSET ?)`,
    BATCHES_KEPT - 1,
  )
}

export function batch(db: Database, id: string): Batch | undefined {
  const row = db.row<Row>(`${SELECT} WHERE b.id = ?`, id)
  return row && batchOf(db, row)
}

/** After an unknown `before` comes nothing. */
export function listBatches(db: Database, { before, limit }: { before?: string; limit: number }): Batch[] {
  const older = 'b.sequence < (SELECT k.sequence FROM command_batches AS k WHERE k.id = ?)'
  const rows =
    before === undefined
      ? db.rows<Row>(`${SELECT} ORDER BY b.sequence DESC LIMIT ?`, limit)
      : db.rows<Row>(`${SELECT} WHERE ${older} ORDER BY b.sequence DESC LIMIT ?`, before, limit)
  return rows.map((row) => batchOf(db, row))
}

interface TargetRow {
  readonly device: string
  readonly state: TargetState
  readonly command: string | null
  /** Of one that was refused. */
  readonly refusal: RefusalCode | null
  readonly result: string | null
  readonly error: string | null
}

export function batchTargets(
  db: Database,
  id: string,
  { state, after = '', limit }: { state?: TargetState; after?: string; limit: number },
): BatchTarget[] | undefined {
  const found = db.row<{ sequence: number }>('SELECT sequence FROM command_batches WHERE id = ?', id)
  if (!found) return undefined
  const select = `SELECT t.device, t.state, t.command, t.error AS refusal, c.result, c.error
    FROM batch_targets AS t LEFT JOIN commands AS c ON c.id = t.command WHERE t.batch = ? AND t.device > ?`
  const rows =
    state === undefined
      ? db.rows<TargetRow>(`${select} ORDER BY t.device LIMIT ?`, found.sequence, after, limit)
      : db.rows<TargetRow>(`${select} AND t.state = ? ORDER BY t.device LIMIT ?`, found.sequence, after, state, limit)
  return rows.map(({ device, state, command, refusal, result, error }) =>
    refusal === null
      ? { device, state, command: command ?? undefined, result: fromJson(result), error: fromJson(error) }
      : refusedTarget(device, refusal),
  )
}

export function expandBatches(db: Database, ids: readonly string[], waitingMax: number): Expansion {
  const rows = db.rows<Row & { device: string }>(
    `SELECT ${COLUMNS}, t.device FROM batch_targets AS t JOIN command_batches AS b ON b.sequence = t.batch
     WHERE t.state = 'pending' ORDER BY t.batch, t.device LIMIT ?`,
    ids.length,
  )
  const commands: CommandRecord[] = []
  const refused: Expansion['refused'][number][] = []
  for (const [index, row] of rows.entries()) {
    const command = ids[index] ?? ''
    const outcome = insertCommand(db, { ...newBatchOf(row), id: command, device: row.device }, waitingMax)
    const set = 'UPDATE batch_targets SET state = ?, command = ?, error = ? WHERE batch = ? AND device = ?'
    if (outcome === 'inserted') {
      db.run('UPDATE commands SET batch = ? WHERE id = ?', row.id, command)
      db.run(set, 'queued', command, null, row.sequence, row.device)
      const made = commandOfDevice(db, command, row.device)
      if (made) commands.push(made.record)
    } else {
      const code = outcome === 'full' ? 'queue_full' : 'device_not_found'
      db.run(set, 'refused', null, code, row.sequence, row.device)
      refused.push({ ...refusedTarget(row.device, code), batch: row.id })
    }
  }
  return { commands, refused }
}

export function cancelBatch(db: Database, id: string, atMs: number): boolean {
  const row = db.row<{ sequence: number }>(
    'UPDATE command_batches SET cancelled_at_ms = coalesce(cancelled_at_ms, ?) WHERE id = ? RETURNING sequence',
    atMs,
    id,
  )
  if (!row) return false
  db.run("UPDATE batch_targets SET state = 'cancelled' WHERE batch = ? AND state = 'pending'", row.sequence)
  return true
}

export function cancelledButQueued(db: Database, limit: number): string[] {
  const sql = `SELECT t.command FROM command_batches AS b JOIN batch_targets AS t ON t.batch = b.sequence
    WHERE b.cancelled_at_ms IS NOT NULL AND t.state = 'queued' LIMIT ?`
  return db.rows<{ command: string }>(sql, limit).map(({ command }) => command)
}

function batchOf(db: Database, row: Row): Batch {
  const sql = 'SELECT state, count(*) AS n FROM batch_targets WHERE batch = ? GROUP BY state'
  const counts = db.rows<{ state: TargetState; n: number }>(sql, row.sequence)
  return {
    ...newBatchOf(row),
    tag: row.tag ?? undefined,
    cancelledAtMs: row.cancelled_at_ms ?? undefined,
    counts: Object.fromEntries(counts.map(({ state, n }) => [state, n])),
  }
}

function newBatchOf(row: Row): NewBatch {
  return {
    id: row.id,
    name: row.name,
    params: JSON.parse(row.params) as JsonObject,
    ttlS: row.ttl_s,
    timeoutS: row.timeout_s,
    createdAtMs: row.created_at_ms,
  }
}
