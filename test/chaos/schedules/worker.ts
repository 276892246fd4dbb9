import { parentPort, workerData } from 'node:worker_threads'
import { drawSchedule } from './schedule.ts'
import { faultsOf } from './shrink.ts'
import { tryOut, type Verdict } from './trial.ts'

/** What a worker is told, and what it says of each schedule. */
export interface Share {
  readonly firstSeed: number
  readonly count: number
}
export type Tally = { -readonly [Kind in keyof Verdict]: number } & { schedules: number; thrown: number }
export interface Report {
  readonly tally: Tally
  /** The first few that failed: seed and what was wrong. */
  readonly failures: readonly { readonly seed: number; readonly faults: readonly string[] }[]
}

const FAILURES_KEPT = 5

async function work({ firstSeed, count }: Share): Promise<Report> {
  const counts = { presence: 0, sessions: 0, telemetry: 0, commands: 0, tokens: 0, online: 0, acked: 0, accepted: 0 }
  const tally: Tally = { ...counts, schedules: count, thrown: 0 }
  const failures: { seed: number; faults: string[] }[] = []
  const failed = (seed: number, faults: string[]): void => {
    if (faults.length > 0 && failures.length < FAILURES_KEPT) failures.push({ seed, faults: faults.slice(0, 3) })
  }
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    try {
      const verdict = await tryOut(drawSchedule(seed))
      for (const kind of ['presence', 'sessions', 'telemetry', 'commands', 'tokens'] as const) {
        tally[kind] += verdict[kind].length
      }
      for (const kind of ['online', 'acked', 'accepted'] as const) tally[kind] += verdict[kind]
      failed(seed, faultsOf(verdict))
    } catch (error) {
      tally.thrown += 1
      failed(seed, [error instanceof Error ? (error.stack ?? error.message) : String(error)])
    }
  }
  return { tally, failures }
}

if (!parentPort) throw new Error('this file runs in a worker thread only')
parentPort.postMessage(await work(workerData as Share))
