import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import type { Report, Share, Tally } from '../schedules/worker.ts'

const SCHEDULES_SHORT = 10_000
const SCHEDULES_LONG = 50_000
/** The short form hands out no more work after this: a machine that is busy with other things tries fewer. */
const TIME_SHORT_MS = 90_000
/** Small enough that both cores have work to the end. */
const SHARE = 500
const WORKER = new URL('../schedules/worker.ts', import.meta.url)
const REPLAY = 'node test/chaos/schedules/replay.ts'

export const virtualClockSchedules: ChaosCase = {
  name: 'virtual-clock-schedules',
  title:
    'random faults on a virtual clock, true core and true simulator: what the bus is told becomes true within 30 s',
  run,
}

async function run({ random, long, say }: ChaosContext): Promise<readonly Invariant[]> {
  const firstSeed = Math.floor(random() * 2 ** 31)
  const shares = sharesOf(firstSeed, long ? SCHEDULES_LONG : SCHEDULES_SHORT)
  const reports: Report[] = []
  const untilMs = long ? Number.POSITIVE_INFINITY : performance.now() + TIME_SHORT_MS
  const works = async (): Promise<void> => {
    for (let share = shares.shift(); share !== undefined && performance.now() < untilMs; share = shares.shift()) {
      const report = await workOff(share)
      reports.push(report)
      for (const { seed, faults } of report.failures) say(`schedule ${seed}: ${faults.join('; ')} (${REPLAY} ${seed})`)
      const done = reports.reduce((sum, { tally }) => sum + tally.schedules, 0)
      if (done % 2_000 === 0) say(`${done} schedules`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), shares.length) }, works))
  return judge(reports)
}

function sharesOf(firstSeed: number, schedules: number): Share[] {
  return Array.from({ length: Math.ceil(schedules / SHARE) }, (_, n) => ({
    firstSeed: firstSeed + n * SHARE,
    count: Math.min(SHARE, schedules - n * SHARE),
  }))
}

/** A thread of its own for each share: what a schedule leaves behind goes with it. */
async function workOff(share: Share): Promise<Report> {
  const worker = new Worker(WORKER, { workerData: share })
  const [report] = (await once(worker, 'message')) as [Report]
  await worker.terminate()
  return report
}

function judge(reports: readonly Report[]): Invariant[] {
  const total = (kind: keyof Tally) => reports.reduce((sum, { tally }) => sum + tally[kind], 0)
  const failed = reports.flatMap(({ failures }) => failures.map(({ seed }) => seed))
  const detail = failed.length > 0 ? `${REPLAY} ${failed[0]}` : undefined
  const schedules = total('schedules')
  const one = (statement: string, checked: number, broken: number, more = detail): Invariant => ({
    ...{ statement, checked, broken },
    ...(more === undefined ? {} : { detail: more }),
  })
  const online = `${total('online')} devices online then`
  return [
    one('presence is true 30 s after the last fault, and stays so', schedules, total('presence'), detail ?? online),
    one('no device ever has two ready sessions', schedules, total('sessions')),
    one('no acknowledged message is missing on the bus or out of order', total('acked'), total('telemetry')),
    one(
      'every accepted command has one final state, told once, and ran once at most',
      total('accepted'),
      total('commands'),
    ),
    one('a device whose token nobody revoked is never locked out', schedules, total('tokens')),
    one('nothing throws', schedules, total('thrown')),
  ]
}
