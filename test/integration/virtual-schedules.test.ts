import { expect, test } from 'vitest'
import { drawSchedule } from '../chaos/schedules/schedule.ts'
import { failuresOf } from '../chaos/schedules/shrink.ts'

/** The first few of those that `npm run test:chaos -- --only virtual-clock-schedules` tries by the thousand. */
const SCHEDULES = 60
const TIMEOUT_MS = 60_000

test('random faults on a virtual clock: presence, telemetry, commands and tokens are true after each schedule', {
  timeout: TIMEOUT_MS,
}, async () => {
  for (let seed = 1; seed <= SCHEDULES; seed++) expect(await failuresOf(drawSchedule(seed)), `seed ${seed}`).toEqual([])
})
