import { describe, expect, test } from 'vitest'
import { drawFaults } from '../chaos/cases/mixed.ts'
import { drawRounds } from '../chaos/cases/network-faults.ts'
import { streamOf } from '../chaos/seed.ts'
import { drawKills } from '../chaos/support/kill-loops.ts'

const HOUR_MS = 3_600_000

describe.each([
  ['kills of the gateway', (random: () => number) => drawKills(20, random)],
  ['faults of cables', (random: () => number) => drawRounds(5, random)],
  ['all faults', (random: () => number) => drawFaults(HOUR_MS, random)],
])('%s', (name, draw) => {
  test('are the same for the same seed, and others for another', () => {
    expect(draw(streamOf(1, name))).toEqual(draw(streamOf(1, name)))
    expect(draw(streamOf(1, name))).not.toEqual(draw(streamOf(2, name)))
  })
})

test('each round has every fault of a cable once', () => {
  for (const round of drawRounds(20, streamOf(1, 'rounds'))) expect(new Set(round).size).toBe(round.length)
})

test('every part of the gateway is hit, and the faults of one part do not overlap', () => {
  const faults = drawFaults(HOUR_MS, streamOf(1, 'mixed'))
  const parts = [...new Set(faults.map(({ part }) => part))]
  expect(parts.sort()).toEqual(['broker', 'bus cable', 'cable 1', 'cable 2', 'cable 3', 'cable 4', 'gateway'])
  for (const part of parts) {
    const lane = faults.filter((fault) => fault.part === part)
    const overlaps = lane.filter(({ atMs }, at) => {
      const before = lane[at - 1]
      return before !== undefined && before.atMs + before.durationMs > atMs
    })
    expect(overlaps).toEqual([])
  }
  expect(new Set(faults.map(({ kind }) => kind)).size).toBe(8)
})
