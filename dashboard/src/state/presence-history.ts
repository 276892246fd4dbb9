/** When a device was here, asleep or away: read from its connections, as far back as the gateway keeps them. */

import type { Connection } from './api.ts'

/** The gateway keeps so many connections of a device: with fewer there was nothing before the first. */
export const CONNECTIONS_KEPT = 50

/** What is needed of one; its session is 0 when it ended before its welcome. */
export type PastConnection = Pick<Connection, 'id' | 'session' | 'connected_at' | 'ended_at' | 'reason' | 'address'>

export interface PresentState {
  readonly state: 'online' | 'sleeping' | 'offline'
  readonly session: number
  readonly since: number
  readonly reason: string
}

export interface Stretch {
  /** `unknown`: longer ago than anything that is kept, or before the device was added. */
  readonly state: 'online' | 'sleeping' | 'offline' | 'unknown'
  readonly fromMs: number
  readonly toMs: number
  /** Why a connection ended, or why nobody was there; absent while a connection is open. */
  readonly reason?: string
  readonly session?: number
  readonly address?: string
}

export interface Known {
  /** Newest first, as the gateway lists them. */
  readonly connections: readonly PastConnection[]
  readonly present: PresentState
  readonly createdAtMs: number
  readonly nowMs: number
}

/** Stretches without a hole from `fromMs` to now, oldest first. */
export function stretchesSince(fromMs: number, known: Known): Stretch[] {
  const start: Stretch = { state: 'unknown', fromMs: Number.NEGATIVE_INFINITY, toMs: knownSince(known) }
  const all = [start]
  for (const connection of sessionsOf(known)) {
    all.push(...absence(all, connection.fromMs))
    const begin = Math.max(connection.fromMs, all.at(-1)?.toMs ?? 0) // the one before may have ended a little later
    all.push({ ...connection, fromMs: begin, toMs: Math.max(connection.toMs, begin) })
  }
  all.push(...lastAbsence(all, known))
  return all
    .map((one) => ({ ...one, fromMs: Math.max(one.fromMs, fromMs), toMs: Math.min(one.toMs, known.nowMs) }))
    .filter((one) => one.toMs > one.fromMs)
}

/** The time from which on everything is known. */
export function knownSince({ connections, createdAtMs }: Known): number {
  const oldest = connections.at(-1)
  return oldest !== undefined && connections.length >= CONNECTIONS_KEPT ? oldest.connected_at : createdAtMs
}

/** Oldest first; what is happening now is added where the list, which comes a second late, does not have it yet. */
function sessionsOf({ connections, present, nowMs }: Known): Stretch[] {
  const past = connections.filter(({ session }) => session > 0).toReversed()
  const isHere = present.state === 'online'
  const sessions = past.map((one, at): Stretch => {
    const { connected_at: fromMs, session, address } = one
    const isOpen = one.ended_at === undefined && isHere && session === present.session
    if (isOpen) return { state: 'online', fromMs, toMs: nowMs, session, address }
    const wasLast = session === present.session
    const toMs = one.ended_at ?? past[at + 1]?.connected_at ?? (isHere ? fromMs : present.since)
    const reason = one.reason ?? (wasLast ? present.reason : 'connection_lost')
    return { state: 'online', fromMs, toMs, reason, session, address }
  })
  const isListed = past.some(({ session }) => session === present.session)
  if (isHere && !isListed)
    sessions.push({ state: 'online', fromMs: present.since, toMs: nowMs, session: present.session })
  return sessions
}

/** Nobody there between the last stretch and this time. */
function absence(before: readonly Stretch[], toMs: number): Stretch[] {
  const last = before.at(-1)
  if (last === undefined || last.toMs >= toMs) return []
  const reason = last.state === 'unknown' ? 'never_connected' : last.reason
  return [{ state: reason === 'sleep' ? 'sleeping' : 'offline', fromMs: last.toMs, toMs, reason }]
}

/** From the last connection until now: a sleeper that did not wake was asleep first, and away since. */
function lastAbsence(before: readonly Stretch[], { present, nowMs }: Known): Stretch[] {
  const last = before.at(-1)
  if (last === undefined || present.state === 'online') return []
  const { state, reason, since } = present
  const hasSlept = last.reason === 'sleep' && state === 'offline' && since > last.toMs
  const slept = hasSlept ? absence(before, since) : []
  return [...slept, { state, reason, fromMs: hasSlept ? since : last.toMs, toMs: nowMs }]
}

export interface Shares {
  readonly online: number
  readonly sleeping: number
  readonly offline: number
}

/** Parts of the time that is known, each 0 to 1; undefined when nothing is. */
export function sharesOf(stretches: readonly Stretch[]): Shares | undefined {
  const total = { online: 0, sleeping: 0, offline: 0, unknown: 0 }
  for (const { state, fromMs, toMs } of stretches) total[state] += toMs - fromMs
  const knownMs = total.online + total.sleeping + total.offline
  if (knownMs === 0) return undefined
  return { online: total.online / knownMs, sleeping: total.sleeping / knownMs, offline: total.offline / knownMs }
}

/** Why connections ended since then, the most frequent first. */
export function endsSince(fromMs: number, connections: readonly PastConnection[]): [reason: string, times: number][] {
  const times = new Map<string, number>()
  for (const { ended_at = 0, reason = '' } of connections) {
    if (ended_at >= fromMs && ended_at > 0) times.set(reason, (times.get(reason) ?? 0) + 1)
  }
  return [...times].sort((a, b) => b[1] - a[1])
}
