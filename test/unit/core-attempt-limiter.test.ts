import { describe, expect, test } from 'vitest'
import { AttemptLimiter } from '../../gateway/core/attempt-limiter.ts'

const MINUTE_MS = 60_000

describe('an attempt limiter', () => {
  test('allows so many attempts a minute, then bans the key and no other', () => {
    const limiter = new AttemptLimiter(3, { banMs: 300_000 })
    expect([1, 2, 3].map(() => limiter.attempt('a', 0))).toEqual([0, 0, 0])
    expect(limiter.attempt('a', 10)).toBe(300_000)
    expect(limiter.attempt('b', 10)).toBe(0)
    expect(limiter.bannedForMs('b', 10)).toBe(0)
    expect(limiter.bannedForMs('never seen', 10)).toBe(0)
  })

  test('says how long a ban still lasts, and an attempt during it does not make it longer', () => {
    const limiter = new AttemptLimiter(1, { banMs: 300_000 })
    limiter.attempt('a', 0)
    limiter.attempt('a', 0)
    expect(limiter.attempt('a', 100_000)).toBe(200_000)
    expect(limiter.bannedForMs('a', 299_999)).toBe(1)
    expect(limiter.attempt('a', 300_000)).toBe(0)
  })

  test('counts anew in the next minute', () => {
    const limiter = new AttemptLimiter(2, { banMs: 300_000 })
    for (let minute = 0; minute < 5; minute++) {
      expect(limiter.attempt('a', minute * MINUTE_MS)).toBe(0)
      expect(limiter.attempt('a', minute * MINUTE_MS + 1)).toBe(0)
    }
  })

  test('counts anew after a ban, also after one that is shorter than the minute', () => {
    const limiter = new AttemptLimiter(2, { banMs: 1_000 })
    for (let i = 0; i < 3; i++) limiter.attempt('a', 0)
    expect([1_000, 1_001].map((atMs) => limiter.attempt('a', atMs))).toEqual([0, 0])
    expect(limiter.attempt('a', 1_002)).toBe(1_000)
  })

  test('without a length of its own a ban lasts until the minute is over', () => {
    const limiter = new AttemptLimiter(2, {})
    expect([0, 30_000].map((atMs) => limiter.attempt('a', atMs))).toEqual([0, 0])
    expect(limiter.attempt('a', 40_000)).toBe(20_000)
    expect(limiter.attempt('a', 59_999)).toBe(1)
    expect(limiter.attempt('a', MINUTE_MS)).toBe(0)
  })

  test('watches a bounded number of keys and forgets the one untouched for longest', () => {
    const limiter = new AttemptLimiter(1, { banMs: 300_000 })
    limiter.attempt('first', 0)
    limiter.attempt('first', 0)
    for (let i = 0; i < 100_000; i++) limiter.attempt(`key ${i}`, 1)
    expect(limiter.bannedForMs('first', 1)).toBe(0)
    expect(limiter.attempt('key 99999', 1)).toBe(300_000)
  })
})
