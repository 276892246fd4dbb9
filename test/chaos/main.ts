import { runApart } from './apart.ts'
import { type ChaosArguments, readArguments, USAGE } from './arguments.ts'
import type { ChaosCase } from './case.ts'
import { CASES } from './cases.ts'
import { countFindings, type Finding, runCases } from './runner.ts'
import { drawSeed } from './seed.ts'
import { tableOf } from './table.ts'

/** Far above what a case takes on a slow machine: only a case that hangs meets it. */
const TIME_LIMIT_SHORT_MS = 8 * 60_000
const TIME_LIMIT_LONG_MS = 2 * 3_600_000

async function main(): Promise<number> {
  const names = CASES.map(({ name }) => name)
  const read = readArguments(process.argv.slice(2), names)
  switch (read.kind) {
    case 'help':
      print(USAGE)
      return 0
    case 'list':
      print(listOf(CASES))
      return 0
    case 'wrong':
      process.stderr.write(`test:chaos: ${read.problems.join('\ntest:chaos: ')}\nTry --help.\n`)
      return 2
    case 'run':
      return await run(read.arguments)
  }
}

async function run({ seed = drawSeed(), long, only, jobs }: ChaosArguments): Promise<number> {
  const startedMs = performance.now()
  const seconds = () => Math.round((performance.now() - startedMs) / 1000)
  print(`seed ${seed}${long ? ', long' : ''}\n`)
  const findings = await runCases(
    CASES.filter(({ name }) => only === undefined || only.includes(name)),
    {
      ...{ seed, long, jobs },
      run: runApart({
        cases: new URL('./cases.ts', import.meta.url).href,
        timeLimitMs: long ? TIME_LIMIT_LONG_MS : TIME_LIMIT_SHORT_MS,
      }),
      say: (line) => print(`[${String(seconds()).padStart(4)} s] ${line}\n`),
    },
  )
  const { passed, failed } = countFindings(findings)
  print(`\n${tableOf(findings)}\n\nseed ${seed}, ${seconds()} s\n`)
  if (failed > 0) print(`again: npm run test:chaos -- ${replayOf(findings, seed, long)}\n`)
  print(`${passed} passed, ${failed} failed\n`)
  return failed === 0 && passed > 0 ? 0 : 1
}

/** The options that draw the faults of the broken cases again. */
function replayOf(findings: readonly Finding[], seed: number, long: boolean): string {
  const broken = new Set(findings.filter(({ verdict }) => verdict === 'FAIL').map((finding) => finding.case))
  return `--seed ${seed} --only ${[...broken].join(',')}${long ? ' --long' : ''}`
}

function listOf(cases: readonly ChaosCase[]): string {
  const width = Math.max(0, ...cases.map(({ name }) => name.length))
  return cases.map(({ name, title }) => `${name.padEnd(width)}  ${title}\n`).join('')
}

function print(text: string): void {
  process.stdout.write(text)
}

process.on('SIGINT', () => process.exit(130)) // each case sees that its parent is gone
process.on('SIGTERM', () => process.exit(143))
process.exitCode = await main()
