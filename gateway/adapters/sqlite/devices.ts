import type { DevicePatch, DeviceRow, NewDevice, NewToken, Once } from '../../core/records.ts'
import type { Database } from './database.ts'
import { rememberOnce, repeatOf } from './once.ts'
import { insertToken } from './tokens.ts'

interface Row {
  readonly id: string
  readonly model: string | null
  readonly tags: string
  readonly enabled: number
  readonly firmware: string | null
  readonly capabilities: string
  readonly created_at_ms: number
}

const SELECT = 'SELECT id, model, tags, enabled, firmware, capabilities, created_at_ms FROM devices'

export function createDevice(
  db: Database,
  device: NewDevice,
  token: NewToken,
  once?: Once,
): 'created' | 'exists' | 'conflict' | { repeatOf: string } {
  const repeat = repeatOf(db, once, device.createdAtMs)
  if (repeat !== undefined) return repeat
  const made = db.run(
    'INSERT INTO devices (id, model, tags, created_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
    device.id,
    device.model ?? null,
    JSON.stringify(device.tags),
    device.createdAtMs,
  )
  if (made === 0) return 'exists'
  insertToken(db, token)
  rememberOnce(db, once, device.id, device.createdAtMs)
  return 'created'
}

export function device(db: Database, id: string): DeviceRow | undefined {
  const row = db.row<Row>(`${SELECT} WHERE id = ?`, id)
  return row && deviceOf(row)
}

export function listDevices(db: Database, page: { after?: string; limit: number }): DeviceRow[] {
  // '' sorts before every id, and no id is empty.
  return db.rows<Row>(`${SELECT} WHERE id > ? ORDER BY id LIMIT ?`, page.after ?? '', page.limit).map(deviceOf)
}

export function updateDevice(db: Database, id: string, patch: DevicePatch): DeviceRow | undefined {
  const before = device(db, id)
  if (!before) return undefined
  const after = {
    ...before,
    model: patch.model ?? before.model,
    tags: patch.tags ?? before.tags,
    enabled: patch.enabled ?? before.enabled,
    firmware: patch.firmware ?? before.firmware,
    capabilities: patch.capabilities ?? before.capabilities,
  }
  db.run(
    'UPDATE devices SET model = ?, tags = ?, enabled = ?, firmware = ?, capabilities = ? WHERE id = ?',
    after.model ?? null,
    JSON.stringify(after.tags),
    after.enabled ? 1 : 0,
    after.firmware ?? null,
    JSON.stringify(after.capabilities),
    id,
  )
  return after
}

/** Everything else of the device goes by ON DELETE CASCADE. */
export function deleteDevice(db: Database, id: string): boolean {
  return db.run('DELETE FROM devices WHERE id = ?', id) > 0
}

function deviceOf(row: Row): DeviceRow {
  return {
    id: row.id,
    model: row.model ?? undefined,
    tags: JSON.parse(row.tags) as string[],
    enabled: row.enabled === 1,
    firmware: row.firmware ?? undefined,
    capabilities: JSON.parse(row.capabilities) as string[],
    createdAtMs: row.created_at_ms,
  }
}
