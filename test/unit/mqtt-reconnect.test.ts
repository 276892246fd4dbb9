import { describe, expect, test } from 'vitest'
import { reconnectDelayMs } from '../../gateway/adapters/mqtt/reconnect.ts'

const ALMOST_ONE = 1 - 1e-9

describe('a gateway without its broker', () => {
  test('looks for it again within 5 s, however long the broker was away', () => {
    for (const attempt of [5, 8, 20, 1_000]) expect(reconnectDelayMs(attempt, ALMOST_ONE)).toBe(5_000)
  })

  test('waits a random part of a bound that doubles, and never nothing', () => {
    expect([0, 1, 2, 3].map((attempt) => reconnectDelayMs(attempt, ALMOST_ONE))).toEqual([500, 1_000, 2_000, 4_000])
    expect(reconnectDelayMs(3, 0.5)).toBe(2_000)
    expect(reconnectDelayMs(9, 0)).toBe(50)
  })
})
