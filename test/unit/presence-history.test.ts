import { describe, expect, test } from 'vitest'
import {
  CONNECTIONS_KEPT,
  endsSince,
  type Known,
  knownSince,
  type PastConnection,
  sharesOf,
  stretchesSince,
} from '../../dashboard/src/state/presence-history.ts'

const OFFLINE = { state: 'offline', session: 0, since: 0, reason: 'never_connected' } as const

/** Newest first, as the gateway lists them. */
function connection(session: number, from: number, to?: number, reason = 'connection_lost'): PastConnection {
  const end = to === undefined ? {} : { ended_at: to, reason }
  return { id: session + 1_000, session, connected_at: from, address: '192.0.2.7', ...end }
}

function shown(fromMs: number, known: Partial<Known>): string[] {
  const all = { connections: [], present: OFFLINE, createdAtMs: 0, nowMs: 100, ...known }
  return stretchesSince(fromMs, all).map(
    ({ state, fromMs: from, toMs: to, reason = '' }) => `${state} ${from}-${to} ${reason}`,
  )
}

describe('the presence of a device over time', () => {
  test('is offline from when it was added, for one that never came, and not known before', () => {
    expect(shown(-50, { createdAtMs: 10 })).toEqual(['unknown -50-10 ', 'offline 10-100 never_connected'])
  })

  test('follows its connections, with the reason of the last one in each gap', () => {
    const connections = [connection(2, 60), connection(1, 20, 40, 'heartbeat_timeout')]
    const present = { state: 'online', session: 2, since: 60, reason: 'connected' } as const
    expect(shown(0, { connections, present })).toEqual([
      'offline 0-20 never_connected',
      'online 20-40 heartbeat_timeout',
      'offline 40-60 heartbeat_timeout',
      'online 60-100 ',
    ])
  })

  test('has what happened this second, before it is in the list', () => {
    const online = { state: 'online', session: 2, since: 90, reason: 'connected' } as const
    expect(shown(50, { connections: [connection(1, 20, 40)], present: online })).toEqual([
      'offline 50-90 connection_lost',
      'online 90-100 ',
    ])
    const gone = { state: 'offline', session: 1, since: 80, reason: 'heartbeat_timeout' } as const
    expect(shown(50, { connections: [connection(1, 20)], present: gone })).toEqual([
      'online 50-80 heartbeat_timeout',
      'offline 80-100 heartbeat_timeout',
    ])
  })

  test('a sleeper that did not wake was asleep first and is away since', () => {
    const connections = [connection(2, 50, 60, 'sleep'), connection(1, 10, 20, 'sleep')]
    const missed = { state: 'offline', session: 2, since: 80, reason: 'missed_wake' } as const
    expect(shown(10, { connections, present: missed })).toEqual([
      'online 10-20 sleep',
      'sleeping 20-50 sleep',
      'online 50-60 sleep',
      'sleeping 60-80 sleep',
      'offline 80-100 missed_wake',
    ])
  })

  test('what never got its welcome was no presence, and is counted among the ends', () => {
    const connections = [connection(0, 30, 31, 'no_hello'), connection(0, 20, 21, 'no_hello'), connection(1, 5, 10)]
    expect(
      shown(10, { connections, present: { ...OFFLINE, session: 1, since: 10, reason: 'connection_lost' } }),
    ).toEqual(['offline 10-100 connection_lost'])
    expect(endsSince(10, connections)).toEqual([
      ['no_hello', 2],
      ['connection_lost', 1],
    ])
  })

  test('begins with the oldest connection once older ones were forgotten', () => {
    const connections = Array.from({ length: CONNECTIONS_KEPT }, (_, at) => connection(90 - at, 90 - at, 90.5 - at))
    const known = { connections, present: OFFLINE, createdAtMs: 0, nowMs: 100 }
    expect(knownSince(known)).toBe(41)
    expect(stretchesSince(0, known)[0]).toEqual({ state: 'unknown', fromMs: 0, toMs: 41 })
  })

  test('has neither holes nor overlaps, and its shares leave out what is not known', () => {
    const connections = [connection(3, 70, 75), connection(2, 30, 42), connection(1, 20, 31)]
    const present = { state: 'offline', session: 3, since: 75, reason: 'connection_lost' } as const
    const stretches = stretchesSince(0, { connections, present, createdAtMs: 10, nowMs: 100 })
    expect(stretches[0]?.fromMs).toBe(0)
    expect(stretches.at(-1)?.toMs).toBe(100)
    for (const [at, one] of stretches.slice(1).entries()) expect(one.fromMs).toBe(stretches[at]?.toMs)
    expect(sharesOf(stretches)).toEqual({ online: 27 / 90, sleeping: 0, offline: 63 / 90 })
    expect(sharesOf([])).toBeUndefined()
  })
})
