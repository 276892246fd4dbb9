import type { LoginLink, Role, User, UserPatch } from '../../core/access/ports.ts'
import type { Database } from './database.ts'

interface Row {
  readonly name: string
  readonly role: Role
  readonly enabled: number
  readonly password: string | null
  readonly created_at_ms: number
  readonly last_login_at_ms: number | null
}

const SELECT = 'SELECT name, role, enabled, password, created_at_ms, last_login_at_ms FROM users'

export function listUsers(db: Database): User[] {
  return db.rows<Row>(`${SELECT} ORDER BY name`).map(userOf)
}

export function user(db: Database, name: string): User | undefined {
  const row = db.row<Row>(`${SELECT} WHERE name = ?`, name)
  return row && userOf(row)
}

export function createUser(db: Database, user: User, max: number): 'created' | 'exists' | 'full' {
  if ((db.row<{ n: number }>('SELECT count(*) AS n FROM users')?.n ?? 0) >= max) return 'full'
  const made = db.run(
    `INSERT INTO users (name, role, enabled, password, created_at_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (name) DO NOTHING`,
    user.name,
    user.role,
    user.enabled ? 1 : 0,
    user.passwordHash ?? null,
    user.createdAtMs,
  )
  return made === 0 ? 'exists' : 'created'
}

export function updateUser(db: Database, name: string, patch: UserPatch): User | 'last_admin' | undefined {
  const before = user(db, name)
  if (before === undefined) return undefined
  const after = { ...before, role: patch.role ?? before.role, enabled: patch.enabled ?? before.enabled }
  if (isLastAdmin(db, before) && !canAdminister(after)) return 'last_admin'
  db.run('UPDATE users SET role = ?, enabled = ? WHERE name = ?', after.role, after.enabled ? 1 : 0, name)
  if (!after.enabled) db.run('DELETE FROM web_sessions WHERE user = ?', name)
  return after
}

export function deleteUser(db: Database, name: string): 'deleted' | 'last_admin' | undefined {
  const before = user(db, name)
  if (before === undefined) return undefined
  if (isLastAdmin(db, before)) return 'last_admin'
  db.run('DELETE FROM login_links WHERE user = ?', name)
  db.run('DELETE FROM users WHERE name = ?', name) // and their sessions: they refer to it
  return 'deleted'
}

export function changePassword(db: Database, name: string, was: string, passwordHash: string): boolean {
  const isChanged =
    db.run('UPDATE users SET password = ? WHERE name = ? AND password = ? AND enabled = 1', passwordHash, name, was) > 0
  if (!isChanged) return false
  db.run('DELETE FROM web_sessions WHERE user = ?', name)
  db.run('DELETE FROM login_links WHERE user = ?', name)
  return true
}

const canAdminister = (user: User) => user.enabled && user.role === 'admin' && user.passwordHash !== undefined

/** Whether the user can log in as an admin and nobody else can. */
function isLastAdmin(db: Database, one: User): boolean {
  return canAdminister(one) && !listUsers(db).some((other) => other.name !== one.name && canAdminister(other))
}

/** '' is no name, so it can stand for the admin who is yet to come. */
const NOBODY = ''

export function putLoginLink(db: Database, link: LoginLink): void {
  db.run(
    `INSERT INTO login_links (user, sha256, expires_at_ms) VALUES (?, ?, ?)
     ON CONFLICT (user) DO UPDATE SET sha256 = excluded.sha256, expires_at_ms = excluded.expires_at_ms`,
    link.user ?? NOBODY,
    link.sha256,
    link.expiresAtMs,
  )
}

export function loginLink(db: Database, sha256: string, atMs: number): LoginLink | undefined {
  const row = db.row<{ user: string; expires_at_ms: number }>(
    'SELECT user, expires_at_ms FROM login_links WHERE sha256 = ? AND expires_at_ms > ?',
    sha256,
    atMs,
  )
  return row && { sha256, user: row.user === NOBODY ? undefined : row.user, expiresAtMs: row.expires_at_ms }
}

export function redeemLoginLink(
  db: Database,
  sha256: string,
  by: { readonly name: string; readonly passwordHash: string; readonly atMs: number },
): User | 'invalid' | 'exists' {
  const link = loginLink(db, sha256, by.atMs)
  if (link === undefined || (link.user !== undefined && link.user !== by.name)) return 'invalid'
  if (link.user === undefined) {
    const admin = { name: by.name, role: 'admin', enabled: true, createdAtMs: by.atMs } as const
    if (createUser(db, admin, Number.POSITIVE_INFINITY) === 'exists') return 'exists'
  }
  const known = user(db, by.name)
  if (known === undefined || !known.enabled) return 'invalid'
  db.run('UPDATE users SET password = ? WHERE name = ?', by.passwordHash, by.name)
  db.run('DELETE FROM web_sessions WHERE user = ?', by.name)
  db.run('DELETE FROM login_links WHERE sha256 = ?', sha256)
  return { ...known, passwordHash: by.passwordHash }
}

export function userOf(row: Row): User {
  return {
    name: row.name,
    role: row.role,
    enabled: row.enabled === 1,
    createdAtMs: row.created_at_ms,
    lastLoginAtMs: row.last_login_at_ms ?? undefined,
    passwordHash: row.password ?? undefined,
  }
}
