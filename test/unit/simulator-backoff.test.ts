import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CLOSE } from '../../protocol/close-codes.ts'
import { type Attempts, BACKOFF, type Ending, FRESH, planComeBack, readRetryAfter } from '../../simulator/backoff.ts'

const MINUTE_MS = 60_000

/** The shortest and the longest wait that the rule allows. */
function range(ending: Ending, attempts: Partial<Attempts> = {}, hasOtherToken = false): [number, number] {
  const delay = (random: number): number =>
    Math.round(planComeBack(ending, { ...FRESH, ...attempts }, hasOtherToken, () => random).delayMs)
  return [delay(0), delay(1)]
}

const refused = (status: number, retryAfterMs?: number): Ending => ({
  kind: 'refused',
  status,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})
const bye = (code: number, retryAfterMs: number, reconnect = code < 4500): Ending => ({
  kind: 'bye',
  code,
  reconnect,
  retryAfterMs,
  wasStable: false,
})
const closed = (code: number, wasStable = false): Ending => ({ kind: 'closed', code, wasStable })

describe('a refused handshake waits by its status alone [H-13]', () => {
  test.each([
    [400, 10, 30],
    [401, 5, 15],
    [403, 10, 30],
    [404, 10, 30],
    [405, 10, 30],
    [426, 10, 30],
    [429, 5, 10],
  ])('%i: %i to %i minutes', (status, from, to) => {
    expect(range(refused(status))).toEqual([from * MINUTE_MS, to * MINUTE_MS])
  })

  test.each([
    [503, 0, 5_000, 30_000],
    [503, 1, 10_000, 60_000],
    [502, 2, 20_000, 120_000],
    [504, 9, 50_000, 300_000],
  ])('%i after %i of them: %i to %i ms', (status, busy, from, to) => {
    expect(range(refused(status), { busy })).toEqual([from, to])
  })

  test('500 is a fault like a link that does not come up', () => {
    expect(range(refused(500), { failures: 3 })).toEqual([0, 8_000])
  })

  test('a Retry-After that is read counts for 429 and 503 only', () => {
    expect(range(refused(503, 2_000))).toEqual([2_000, 3_000])
    expect(range(refused(429, 2_000))).toEqual([2_000, 3_000])
    expect(range(refused(403, 2_000))).toEqual([10 * MINUTE_MS, 30 * MINUTE_MS])
  })
})

describe('the other token', () => {
  test('is tried once within a second after a 401', () => {
    const first = planComeBack(refused(401), FRESH, true, () => 0.999)
    expect(first).toMatchObject({ useOtherToken: true })
    expect(first.delayMs).toBeLessThan(1_000)
    const second = planComeBack(refused(401), first.attempts, true, () => 0)
    expect(second).toMatchObject({ useOtherToken: false, delayMs: 5 * MINUTE_MS })
  })

  test('is tried again in the next round, and so for ever', () => {
    let attempts = FRESH
    const used = Array.from({ length: 6 }, () => {
      const plan = planComeBack(refused(401), attempts, true, () => 0.5)
      attempts = plan.attempts
      return plan.useOtherToken
    })
    expect(used).toEqual([true, false, true, false, true, false])
  })
})

describe('an ended session waits as the code says [X-1]', () => {
  test('by the hint, spread to one and a half times of it [X-5]', () => {
    expect(range(bye(CLOSE.restart.code, 8_000))).toEqual([8_000, 12_000])
    expect(range(bye(CLOSE.replaced.code, 60_000), { failures: 9 })).toEqual([60_000, 90_000])
  })

  test('60 s where no hint came', () => {
    expect(range(bye(4013, 0))).toEqual([60_000, 90_000])
    expect(range(closed(4013))).toEqual([60_000, 90_000])
  })

  test('5 to 15 minutes when a person must act, whatever the hint', () => {
    expect(range(bye(4500, 1))).toEqual([5 * MINUTE_MS, 15 * MINUTE_MS])
    expect(range(bye(4001, 1, false))).toEqual([5 * MINUTE_MS, 15 * MINUTE_MS])
    expect(range(closed(4999))).toEqual([5 * MINUTE_MS, 15 * MINUTE_MS])
  })

  test('by its own back-off on top of the hint where the code says back-off [X-6]', () => {
    expect(range(bye(CLOSE.internal.code, 5_000), { failures: 2 })).toEqual([5_000, 9_000])
    expect(range(closed(1000))).toEqual([0, 1_000])
  })
})

describe('a link that was lost without a word', () => {
  test('comes back within half a second to ten when it had been stable', () => {
    expect(range({ kind: 'dropped', wasStable: true })).toEqual([500, 10_000])
  })

  test('falls under full jitter else, doubled by each failure up to five minutes', () => {
    expect(range({ kind: 'dropped', wasStable: false })).toEqual([0, 1_000])
    expect(range({ kind: 'unreachable' }, { failures: 5 })).toEqual([0, 32_000])
    expect(range({ kind: 'unreachable' }, { failures: 1_000 })).toEqual([0, BACKOFF.capMs])
  })
})

test('failures add up, and a run of 503 ends with anything else', () => {
  let attempts = FRESH
  for (const status of [503, 503, 500]) attempts = planComeBack(refused(status), attempts, false, () => 0).attempts
  expect(attempts).toEqual({ failures: 3, busy: 0, otherTokenTried: false })
})

test('no ending ever makes a device wait longer than a day and a half, or less than nothing', () => {
  const ms = fc.nat({ max: 2 ** 40 })
  const ending = fc.oneof(
    fc.record({ kind: fc.constant('refused' as const), status: fc.integer({ min: 100, max: 599 }), retryAfterMs: ms }),
    fc.record({
      kind: fc.constant('bye' as const),
      code: fc.integer({ min: 1000, max: 4999 }),
      reconnect: fc.boolean(),
      retryAfterMs: ms,
      wasStable: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('dropped' as const), wasStable: fc.boolean() }),
  )
  const attempts = fc.record({ failures: fc.nat(2_000), busy: fc.nat(2_000), otherTokenTried: fc.boolean() })
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(ending, attempts, fc.boolean(), random, (end, before, other, drawn) => {
      const { delayMs } = planComeBack(end, before, other, () => drawn)
      expect(delayMs).toBeGreaterThanOrEqual(0)
      expect(delayMs).toBeLessThanOrEqual(36 * 3_600_000 + BACKOFF.capMs)
    }),
  )
})

test.each([
  ['7', 7_000],
  ['1000000000', 3_600_000],
  ['0', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
  [undefined, undefined],
])('Retry-After "%s" is read as %s ms', (header, expected) => {
  expect(readRetryAfter(header)).toBe(expected)
})
