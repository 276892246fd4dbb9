import type { Schedule } from './schedule.ts'
import { tryOut, type Verdict } from './trial.ts'

/** Every sentence that a verdict holds against the gateway or the simulator. */
export function faultsOf(verdict: Verdict): string[] {
  return [...verdict.presence, ...verdict.sessions, ...verdict.telemetry, ...verdict.commands, ...verdict.tokens]
}

/** What went wrong, also when it was thrown. */
export async function failuresOf(schedule: Schedule): Promise<string[]> {
  try {
    return faultsOf(await tryOut(schedule))
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}

/** Leaves out one fault after the other as long as it still fails: what is left is all that is needed. */
export async function shrink(schedule: Schedule): Promise<Schedule> {
  let smallest = schedule
  for (let at = 0; at < smallest.faults.length; ) {
    const smaller = { ...smallest, faults: smallest.faults.filter((_, index) => index !== at) }
    if ((await failuresOf(smaller)).length > 0) smallest = smaller
    else at += 1
  }
  return smallest
}
