import type { User, WebSession } from '../../core/access/ports.ts'
import type { Database } from './database.ts'
import { user } from './users.ts'

interface Row {
  readonly sha256: string
  readonly user: string
  readonly created_at_ms: number
  readonly seen_at_ms: number
}

export function addSession(db: Database, session: WebSession, was: string, max: number): boolean {
  const made = db.run(
    `INSERT INTO web_sessions (sha256, user, created_at_ms, seen_at_ms)
     SELECT ?, name, ?, ? FROM users WHERE name = ? AND password = ? AND enabled = 1`,
    session.sha256,
    session.createdAtMs,
    session.seenAtMs,
    session.user,
    was,
  )
  if (made === 0) return false
  db.run('UPDATE users SET last_login_at_ms = ? WHERE name = ?', session.createdAtMs, session.user)
  db.run(
    `DELETE FROM web_sessions WHERE sha256 IN
       (SELECT sha256 FROM web_sessions WHERE user = ? AND sha256 <> ? ORDER BY seen_at_ms DESC LIMIT -1 OFFSET ?)`,
    session.user,
    session.sha256,
    max - 1,
  )
  return true
}

export function webSession(db: Database, sha256: string): { session: WebSession; user: User } | undefined {
  const row = db.row<Row>('SELECT sha256, user, created_at_ms, seen_at_ms FROM web_sessions WHERE sha256 = ?', sha256)
  const owner = row && user(db, row.user)
  if (row === undefined || owner === undefined) return undefined
  const session = { sha256, user: row.user, createdAtMs: row.created_at_ms, seenAtMs: row.seen_at_ms }
  return { session, user: owner }
}

export function touchSession(db: Database, sha256: string, atMs: number): void {
  db.run('UPDATE web_sessions SET seen_at_ms = max(seen_at_ms, ?) WHERE sha256 = ?', atMs, sha256)
}

export function deleteSession(db: Database, sha256: string): boolean {
  return db.run('DELETE FROM web_sessions WHERE sha256 = ?', sha256) > 0
}

export function deleteOtherSessions(db: Database, user: string, sha256: string): number {
  return db.run('DELETE FROM web_sessions WHERE user = ? AND sha256 <> ?', user, sha256)
}

export function deleteEndedSessions(db: Database, seenBeforeMs: number, madeBeforeMs: number): number {
  return db.run('DELETE FROM web_sessions WHERE seen_at_ms < ? OR created_at_ms < ?', seenBeforeMs, madeBeforeMs)
}
