import type { CommandRecord } from '../../core/command-machine.ts'
import type { DeviceQuery } from '../../core/device-query.ts'
import type { DevicePatch, DeviceRow, NewDevice, NewToken, Once } from '../../core/records.ts'
import { unheardCommands } from './command-rows.ts'
import type { Database } from './database.ts'
import { conditionsOf } from './device-conditions.ts'
import { rememberOnce, repeatOf } from './once.ts'
import { insertToken } from './tokens.ts'

interface Row {
  readonly id: string
  readonly model: string | null
  readonly tags: string
  readonly notes: string | null
  readonly enabled: number
  readonly firmware: string | null
  readonly capabilities: string
  readonly created_at_ms: number
}

const COLUMNS = 'd.id, d.model, d.tags, d.notes, d.enabled, d.firmware, d.capabilities, d.created_at_ms'
const SELECT = `SELECT ${COLUMNS} FROM devices AS d`

export function createDevice(
  db: Database,
  device: NewDevice,
  token: NewToken,
  once?: Once,
): 'created' | 'exists' | 'conflict' | { repeatOf: string } {
  const repeat = repeatOf(db, once, device.createdAtMs)
  if (repeat !== undefined) return repeat
  const made = db.run(
    'INSERT INTO devices (id, model, tags, notes, created_at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
    device.id,
    device.model ?? null,
    JSON.stringify(device.tags),
    device.notes ?? null,
    device.createdAtMs,
  )
  if (made === 0) return 'exists'
  insertToken(db, token)
  rememberOnce(db, once, device.id, device.createdAtMs)
  return 'created'
}

export function createDevices(
  db: Database,
  list: readonly { device: NewDevice; token: NewToken }[],
  once?: Once,
): ('created' | 'exists')[] | 'conflict' | { repeatOf: string } {
  const atMs = list[0]?.device.createdAtMs ?? 0
  const repeat = repeatOf(db, once, atMs)
  if (repeat !== undefined) return repeat
  const outcomes = list.map((one) => (createDevice(db, one.device, one.token) === 'created' ? 'created' : 'exists'))
  const first = list[outcomes.indexOf('created')]
  if (first !== undefined) rememberOnce(db, once, first.device.id, atMs)
  return outcomes
}

export function knownDevices(db: Database, ids: readonly string[]): string[] {
  return ids.filter((id) => db.row('SELECT 1 FROM devices WHERE id = ?', id) !== undefined)
}

export function device(db: Database, id: string): DeviceRow | undefined {
  const row = db.row<Row>(`${SELECT} WHERE d.id = ?`, id)
  return row && deviceOf(row)
}

/** The texts of the filters are constants, so there are as many statements as combinations of filters: some dozens. */
export function listDevices(db: Database, query: DeviceQuery): DeviceRow[] {
  const { from, where, order, values } = conditionsOf(query)
  const sql = `SELECT ${COLUMNS} FROM ${from} WHERE ${where} ORDER BY ${order} LIMIT ?`
  return db.rows<Row>(sql, ...values, query.limit).map(deviceOf)
}

export function updateDevice(db: Database, id: string, patch: DevicePatch): DeviceRow | undefined {
  const before = device(db, id)
  if (!before) return undefined
  const after = {
    ...before,
    model: patch.model ?? before.model,
    tags: patch.tags ?? before.tags,
    notes: patch.notes ?? before.notes,
    enabled: patch.enabled ?? before.enabled,
    firmware: patch.firmware ?? before.firmware,
    capabilities: patch.capabilities ?? before.capabilities,
  }
  db.run(
    'UPDATE devices SET model = ?, tags = ?, notes = ?, enabled = ?, firmware = ?, capabilities = ? WHERE id = ?',
    after.model ?? null,
    JSON.stringify(after.tags),
    after.notes || null,
    after.enabled ? 1 : 0,
    after.firmware ?? null,
    JSON.stringify(after.capabilities),
    id,
  )
  return { ...after, notes: after.notes || undefined }
}

/** Everything else of the device goes by ON DELETE CASCADE. */
export function deleteDevice(db: Database, id: string): CommandRecord[] | undefined {
  const unheard = unheardCommands(db, id)
  return db.run('DELETE FROM devices WHERE id = ?', id) > 0 ? unheard : undefined
}

function deviceOf(row: Row): DeviceRow {
  return {
    id: row.id,
    model: row.model ?? undefined,
    tags: JSON.parse(row.tags) as string[],
    notes: row.notes ?? undefined,
    enabled: row.enabled === 1,
    firmware: row.firmware ?? undefined,
    capabilities: JSON.parse(row.capabilities) as string[],
    createdAtMs: row.created_at_ms,
  }
}
