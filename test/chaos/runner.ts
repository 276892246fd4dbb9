import type { ChaosCase, Invariant } from './case.ts'

export interface CaseOrder {
  readonly name: string
  readonly seed: number
  readonly long: boolean
}

/** Runs one case; rejects when it did not come to its end. */
export type RunCase = (order: CaseOrder, say: (line: string) => void) => Promise<readonly Invariant[]>

export interface RunOptions {
  readonly seed: number
  readonly long: boolean
  /** Cases side by side. */
  readonly jobs: number
  readonly run: RunCase
  /** One line of progress. */
  readonly say: (line: string) => void
}

export type Verdict = 'ok' | 'FAIL' | 'info'

export interface Finding extends Invariant {
  readonly case: string
  readonly verdict: Verdict
}

/** Everything the cases found, in the order of `cases`. Never rejects: a case that fails is a finding. */
export async function runCases(cases: readonly ChaosCase[], options: RunOptions): Promise<Finding[]> {
  const found = new Map<string, Finding[]>()
  const work = async (queue: ChaosCase[]): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      found.set(next.name, await runOne(next, options))
    }
  }
  const together = cases.filter(({ alone }) => alone !== true)
  await Promise.all(Array.from({ length: options.jobs }, () => work(together)))
  await work(cases.filter(({ alone }) => alone === true))
  return cases.flatMap(({ name }) => found.get(name) ?? [])
}

async function runOne({ name, title }: ChaosCase, { seed, long, run, say }: RunOptions): Promise<Finding[]> {
  const startedMs = performance.now()
  const tell = (line: string) => say(`${name}: ${line}`)
  tell(title)
  const invariants = await run({ name, seed, long }, tell).catch((error: unknown) => [unfinished(error)])
  const findings = (invariants.length > 0 ? invariants : [NOTHING]).map((one) => judge(name, one))
  const failed = findings.filter(({ verdict }) => verdict === 'FAIL')
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  tell(`${failed.length === 0 ? 'held' : `${failed.length} BROKEN`} after ${seconds} s`)
  for (const { statement, broken, detail } of failed) tell(`BROKEN ${broken} times: ${statement} (${detail ?? ''})`)
  return findings
}

const NOTHING: Invariant = { statement: 'the case states something', checked: 1, broken: 1 }

function unfinished(error: unknown): Invariant {
  const detail = error instanceof Error ? error.message : String(error)
  return { statement: 'the case comes to its end', checked: 1, broken: 1, detail }
}

/** A statement that nothing was held against is no proof: it fails. */
function judge(name: string, invariant: Invariant): Finding {
  const { checked, broken, informative } = invariant
  const held = checked > 0 && broken === 0
  return { ...invariant, case: name, verdict: informative === true ? 'info' : held ? 'ok' : 'FAIL' }
}

/** What is informative counts neither way. */
export function countFindings(findings: readonly Finding[]): { passed: number; failed: number } {
  const count = (wanted: Verdict) => findings.filter(({ verdict }) => verdict === wanted).length
  return { passed: count('ok'), failed: count('FAIL') }
}
