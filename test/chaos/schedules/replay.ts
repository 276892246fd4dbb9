import { drawSchedule, type Schedule } from './schedule.ts'
import { failuresOf, shrink } from './shrink.ts'

/** One schedule again: `node test/chaos/schedules/replay.ts <seed>` lists its faults, and those that are needed to fail. */

function print(schedule: Schedule): void {
  for (const { atMs, kind, ...more } of schedule.faults) {
    process.stdout.write(`  ${(atMs / 1000).toFixed(1).padStart(6)} s  ${kind} ${JSON.stringify(more)}\n`)
  }
}

const seed = Number(process.argv[2])
if (!Number.isSafeInteger(seed)) {
  process.stderr.write('give the seed of a schedule, as test:chaos has printed it\n')
  process.exit(2)
}
const schedule = drawSchedule(seed)
print(schedule)
const failures = await failuresOf(schedule)
process.stdout.write(failures.length === 0 ? 'holds\n' : `FAILS\n${failures.join('\n')}\nneeded for that:\n`)
if (failures.length > 0) print(await shrink(schedule))
process.exit(failures.length === 0 ? 0 : 1)
