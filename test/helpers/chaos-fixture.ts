import { spawn } from 'node:child_process'
import type { ChaosCase } from '../chaos/case.ts'

/** Cases that behave badly, for the test of the chaos runner. */

const held = { statement: 'all is well', checked: 3, broken: 0 }
const never = new Promise<never>(() => {})

function caseOf(name: string, run: ChaosCase['run']): ChaosCase {
  return { name, title: name, run }
}

export const CASES: readonly ChaosCase[] = [
  caseOf('good', async ({ random, say }) => {
    say('halfway')
    return [{ ...held, detail: String(random()) }]
  }),
  caseOf('throws', async () => {
    throw new Error('on purpose')
  }),
  caseOf('leaves', async () => process.exit(3)),
  caseOf('rejects-unseen', async () => {
    setTimeout(() => Promise.reject(new Error('unseen')), 1)
    return never
  }),
  caseOf('hangs', async () => {
    setInterval(() => {}, 1_000)
    return never
  }),
  caseOf('leaves-a-process', async ({ say }) => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    say(`pid ${child.pid}`)
    return [held]
  }),
]
