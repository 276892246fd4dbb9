import { describe, expect, test } from 'vitest'
import { TokenBucket } from '../../gateway/core/token-bucket.ts'

describe('a token bucket', () => {
  test('gives its burst at once and then says how long the taker must wait', () => {
    const bucket = new TokenBucket(10, 3, 0)
    expect([1, 2, 3].map(() => bucket.take(1, 0))).toEqual([0, 0, 0])
    expect(bucket.take(1, 0)).toBe(100)
    expect(bucket.take(1, 0)).toBe(200)
  })

  test('earns with time, but never more than its burst', () => {
    const bucket = new TokenBucket(10, 3, 0)
    bucket.take(3, 0)
    expect(bucket.take(1, 100)).toBe(0)
    expect(bucket.take(3, 60_000)).toBe(0)
    expect(bucket.take(1, 60_000)).toBe(100)
  })

  test('lets one taker be larger than the burst, and makes it pay', () => {
    const bucket = new TokenBucket(1000, 1000, 0)
    expect(bucket.take(3000, 0)).toBe(2000)
    expect(bucket.take(1, 2000)).toBe(1)
  })

  test('does not earn while time stands still or goes back', () => {
    const bucket = new TokenBucket(10, 1, 1000)
    bucket.take(1, 1000)
    expect(bucket.take(1, 500)).toBe(100)
  })

  test('refuses without a debt when it is only tried', () => {
    const bucket = new TokenBucket(10, 2, 0)
    expect([1, 2, 3, 4, 5].map(() => bucket.tryTake(1, 0))).toEqual([true, true, false, false, false])
    expect(bucket.tryTake(1, 99)).toBe(false)
    expect(bucket.tryTake(1, 100)).toBe(true)
  })
})
