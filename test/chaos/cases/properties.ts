import { CHEAP, COSTLY } from '../../properties/all.ts'
import type { Property } from '../../properties/property.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'

/** Of each property. In the short form so many of each that every part is tried 100,000 times. */
const RUNS_LONG = 100_000
const CHEAP_RUNS_SHORT = 25_000
/** Messages take longer to draw than to judge. */
const COSTLY_RUNS_SHORT = 10_000

export const properties: ChaosCase = {
  name: 'properties',
  title: 'command machine, session numbers, topics and messages: whatever is drawn',
  run: async ({ random, long, say }) => {
    const [cheap, costly] = long ? [RUNS_LONG, RUNS_LONG] : [CHEAP_RUNS_SHORT, COSTLY_RUNS_SHORT]
    return [
      ...Object.entries(CHEAP).map(([part, all]) => tryAll(part, all, cheap, { random, say })),
      ...Object.entries(COSTLY).map(([part, all]) => tryAll(part, all, costly, { random, say })),
    ]
  },
}

/** One line of the table for each part; what is broken is said with the seed that draws it again. */
function tryAll(
  part: string,
  all: readonly Property[],
  runs: number,
  { random, say }: Pick<ChaosContext, 'random' | 'say'>,
): Invariant {
  const failures: string[] = []
  for (const one of all) {
    const seed = Math.floor(random() * 2 ** 31)
    try {
      one.try(runs, seed)
    } catch (error) {
      failures.push(`${one.says}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  say(`${part}: ${all.length} properties, ${runs} times each`)
  const statement = `${part}: ${all.length} properties hold, tried ${runs} times each`
  return { statement, checked: all.length * runs, broken: failures.length, detail: failures.join('\n') || undefined }
}
