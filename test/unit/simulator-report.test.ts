import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Fleet, FleetCounts } from '../../simulator/fleet.ts'
import { Histogram } from '../../simulator/histogram.ts'
import { describeReport, makeReport } from '../../simulator/report.ts'
import { seededRandom } from '../../simulator/seeded-random.ts'

describe('the histogram', () => {
  test('is at most 5 % above the true percentile, and exact for the largest', () => {
    const durations = fc.array(fc.double({ min: 0.2, max: 500_000, noNaN: true }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
        const histogram = new Histogram()
        for (const ms of all) histogram.record(ms)
        const sorted = all.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(0, Math.ceil(share * all.length) - 1)] ?? 0
        const found = histogram.percentile(share)
        expect(found).toBeGreaterThanOrEqual(exact * 0.9999)
        expect(found).toBeLessThanOrEqual(exact * 1.0501)
        expect(histogram.maxMs).toBe(sorted.at(-1))
      }),
    )
  })

  test('takes anything, and is 0 when it is empty', () => {
    const histogram = new Histogram()
    expect(histogram.percentile(0.5)).toBe(0)
    for (const ms of [0, 1e9]) histogram.record(ms)
    expect([histogram.count, histogram.maxMs]).toEqual([2, 1e9])
  })
})

describe('the report', () => {
  const good: FleetCounts = {
    ...{ devices: 3, ready: 3, everReady: 3, reconnects: 1, failedConnects: 2, unacked: 0, late: 0 },
    ...{ sent: 10, resent: 1, acked: 10, nacked: 0, dropped: 0, commands: 1, repeatedCommands: 0, strangeFrames: 0 },
  }
  const report = (more: Partial<FleetCounts>) => {
    const fleet = { connectMs: new Histogram(), ackMs: new Histogram() } as Fleet
    fleet.ackMs.record(4)
    return makeReport(fleet, { ...good, ...more }, 10_000)
  }

  test('says OK when every message was acknowledged and every device was ready', () => {
    const text = describeReport(report({}))
    expect(text).toContain('OK')
    expect(text).toContain('p50 4 ms')
    expect(text).not.toContain('never made')
  })

  test.each([
    [{ unacked: 2 }, '2 messages were not acknowledged'],
    [{ everReady: 1 }, '2 of 3 devices never became ready'],
    [{ nacked: 1 }, '1 messages were refused by the gateway'],
    [{ dropped: 1 }, '1 messages were given up by full outboxes'],
  ])('with %o fails', (more, failure) => {
    expect(report(more).failures).toEqual([failure])
    expect(describeReport(report(more))).toContain(`FAILED: ${failure}`)
  })
})

test('a seed repeats its numbers, another seed has others, all are in [0, 1)', () => {
  const numbers = (seed: number): number[] => Array.from({ length: 1_000 }, seededRandom(seed))
  expect(numbers(7)).toEqual(numbers(7))
  expect(numbers(7)).not.toEqual(numbers(8))
  expect(numbers(7).every((value) => value >= 0 && value < 1)).toBe(true)
  const mean = numbers(7).reduce((sum, value) => sum + value, 0) / 1_000
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05)
})
