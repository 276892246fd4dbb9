import { type CommandState, isFinal } from '../../../protocol/command-request.ts'
import {
  applyEvent,
  type CommandChange,
  type CommandEvent,
  type CommandRecord,
  type CommandUpdate,
  type InsertOutcome,
  type NewCommand,
} from '../../core/command-machine.ts'
import type { Once } from '../../core/records.ts'
import { commandOfDevice } from './command-rows.ts'
import { type Database, fromJson, toJson } from './database.ts'
import { rememberOnce, repeatOf } from './once.ts'

/**
 * Ended commands kept per device, with their history: some weeks of an ordinary device, about 1 MB at most. The
 * oldest that the bus has confirmed are deleted when a new command comes.
 */
const FINALS_KEPT = 1_000
/**
 * Ended commands beyond those that the bus has not confirmed, so cannot be deleted. With this many the device takes
 * no new command (`full`): else a bus that stays away for weeks would fill the disk.
 */
const FINALS_UNPUBLISHED_MAX = 1_000

export function insertCommand(db: Database, command: NewCommand, waitingMax: number, once?: Once): InsertOutcome {
  const repeat = repeatOf(db, once, command.createdAtMs)
  if (repeat !== undefined) return repeat
  if (db.row('SELECT 1 FROM commands WHERE id = ?', command.id)) return 'exists'
  if (!db.row('SELECT 1 FROM devices WHERE id = ?', command.device)) return 'no_device'
  const waiting = db.row<{ n: number }>(
    'SELECT count(*) AS n FROM commands WHERE device = ? AND final = 0',
    command.device,
  )
  if (waiting && waiting.n >= waitingMax) return 'full'
  if (dropOldestFinals(db, command.device) >= FINALS_UNPUBLISHED_MAX) return 'full'
  insertRow(db, command)
  rememberOnce(db, once, command.id, command.createdAtMs)
  return 'inserted'
}

function insertRow(db: Database, command: NewCommand): void {
  const state: CommandState = 'queued'
  const row = db.row<{ sequence: number }>(
    `INSERT INTO commands (id, device, name, params, ttl_s, timeout_s, created_at_ms, state, final, due_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?) RETURNING sequence`,
    command.id,
    command.device,
    command.name,
    JSON.stringify(command.params),
    command.ttlS,
    command.timeoutS,
    command.createdAtMs,
    state,
    command.createdAtMs + command.ttlS * 1000, // [C-4]
  )
  if (!row) throw new Error('INSERT … RETURNING returned nothing')
  addChange(db, row.sequence, state, command.createdAtMs)
}

/** How many ended commands beyond FINALS_KEPT had to stay. */
function dropOldestFinals(db: Database, device: string): number {
  const ended = db.row<{ n: number }>('SELECT count(*) AS n FROM commands WHERE device = ? AND final = 1', device)
  const beyond = (ended?.n ?? 0) - FINALS_KEPT
  if (beyond <= 0) return 0
  const deleted = db.run(
    `DELETE FROM commands WHERE sequence IN (
       SELECT sequence FROM commands WHERE device = ? AND final = 1 ORDER BY sequence LIMIT ?)
     AND NOT EXISTS (SELECT 1 FROM command_changes WHERE command = commands.sequence AND published = 0)`,
    device,
    beyond,
  )
  return beyond - deleted
}

/** `changed` also when only a late result was added: the record is another one, though its state is not. */
export function advanceCommand(
  db: Database,
  id: string,
  device: string,
  event: CommandEvent,
  atMs: number,
): { changed: boolean; command: CommandRecord } | undefined {
  const found = commandOfDevice(db, id, device)
  if (!found) return undefined
  const update = applyEvent(found.record, event, atMs)
  if (!update) return { changed: false, command: found.record }
  updateRow(db, found.sequence, update)
  if (update.state !== found.record.state) addChange(db, found.sequence, update.state, atMs)
  const after = commandOfDevice(db, id, device)
  return after && { changed: true, command: after.record }
}

function updateRow(db: Database, sequence: number, update: CommandUpdate): void {
  db.run(
    `UPDATE commands SET state = ?, final = ?, due_at_ms = ?, result = ?, error = ?, late_result = ?,
       deliveries = coalesce(?, deliveries), cancel_asked_at_ms = coalesce(?, cancel_asked_at_ms)
     WHERE sequence = ?`,
    update.state,
    isFinal(update.state) ? 1 : 0,
    update.dueAtMs ?? null,
    toJson(update.result),
    toJson(update.error),
    toJson(update.lateResult),
    update.deliveries ?? null,
    update.cancelAskedAtMs ?? null,
    sequence,
  )
}

function addChange(db: Database, sequence: number, state: CommandState, atMs: number): void {
  db.run('INSERT INTO command_changes (command, state, at_ms) VALUES (?, ?, ?)', sequence, state, atMs)
}

interface ChangeRow {
  readonly change_id: number
  readonly command: string
  readonly device: string
  readonly state: CommandState
  readonly at_ms: number
  readonly result: string | null
  readonly error: string | null
}

export function unpublishedChanges(db: Database, limit: number): CommandChange[] {
  const rows = db.rows<ChangeRow>(
    `SELECT change_id, c.id AS command, c.device, h.state, h.at_ms, c.result, c.error
     FROM command_changes AS h JOIN commands AS c ON c.sequence = h.command
     WHERE h.published = 0 ORDER BY change_id LIMIT ?`,
    limit,
  )
  return rows.map((row) => {
    const change = { changeId: row.change_id, command: row.command, device: row.device }
    const what = { ...change, state: row.state, atMs: row.at_ms }
    // The command may have ended since: an earlier line of its history has no result.
    return isFinal(row.state) ? { ...what, result: fromJson(row.result), error: fromJson(row.error) } : what
  })
}

export function markPublished(db: Database, changeIds: readonly number[]): void {
  for (const changeId of changeIds) {
    db.run('UPDATE command_changes SET published = 1 WHERE change_id = ?', changeId)
  }
}
