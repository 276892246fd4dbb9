import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../gateway/adapters/system-clock.ts'

const DAY_MS = 24 * 3600 * 1000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('runs once after the delay, also after 30 days, which is more than a timer can', () => {
  const run = vi.fn()
  systemClock.after(30 * DAY_MS, run)
  vi.advanceTimersByTime(30 * DAY_MS - 2)
  expect(run).not.toHaveBeenCalled()
  vi.advanceTimersByTime(4)
  expect(run).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(60 * DAY_MS)
  expect(run).toHaveBeenCalledTimes(1)
})

test('does not run when it was cancelled, also in its second half', () => {
  const run = vi.fn()
  const cancel = systemClock.after(30 * DAY_MS, run)
  vi.advanceTimersByTime(29 * DAY_MS)
  cancel()
  vi.advanceTimersByTime(30 * DAY_MS)
  expect(run).not.toHaveBeenCalled()
})
