import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runApart } from '../chaos/apart.ts'
import { readArguments } from '../chaos/arguments.ts'
import type { ChaosCase, Invariant } from '../chaos/case.ts'
import { type CaseOrder, countFindings, type Finding, type RunCase, runCases } from '../chaos/runner.ts'
import { streamOf } from '../chaos/seed.ts'
import { tableOf } from '../chaos/table.ts'

const FIXTURE = new URL('../helpers/chaos-fixture.ts', import.meta.url).href

function caseOf(name: string, found: readonly Invariant[] | Error, alone = false): ChaosCase {
  const run = async () => {
    if (found instanceof Error) throw found
    return found
  }
  return { name, title: `the case ${name}`, alone, run }
}
const held: Invariant = { statement: 'all is well', checked: 3, broken: 0 }

/** Runs cases in this process, with the streams of the real runner. */
async function runHere(cases: readonly ChaosCase[], options: { jobs?: number; seed?: number } = {}) {
  const lines: string[] = []
  const run: RunCase = async ({ name, seed, long }, say) => {
    const found = cases.find((one) => one.name === name)
    return (await found?.run({ random: streamOf(seed, name), long, say })) ?? []
  }
  const all = { seed: 1, jobs: 1, long: false, run, say: (line: string) => void lines.push(line), ...options }
  return { findings: await runCases(cases, all), lines }
}
const verdicts = (findings: readonly Finding[]) => findings.map(({ verdict, statement }) => [verdict, statement])

describe('a run', () => {
  test('passes when every statement was checked and nothing is broken', async () => {
    const { findings } = await runHere([caseOf('one', [held]), caseOf('two', [held])])
    expect(countFindings(findings)).toEqual({ passed: 2, failed: 0 })
  })

  test('fails by one broken statement, and says which', async () => {
    const broken = { statement: 'nothing is lost', checked: 9, broken: 2, detail: 'seq 4, seq 7' }
    const { findings, lines } = await runHere([caseOf('one', [held, broken])])
    expect(countFindings(findings)).toEqual({ passed: 1, failed: 1 })
    expect(lines.join('\n')).toContain('one: BROKEN 2 times: nothing is lost (seq 4, seq 7)')
  })

  test('fails by a statement that nothing was held against', async () => {
    const { findings } = await runHere([caseOf('one', [{ statement: 'never looked', checked: 0, broken: 0 }])])
    expect(verdicts(findings)).toEqual([['FAIL', 'never looked']])
  })

  test('fails by a case that states nothing', async () => {
    expect(verdicts((await runHere([caseOf('one', [])])).findings)).toEqual([['FAIL', 'the case states something']])
  })

  test('fails by a case that throws, and runs the others all the same', async () => {
    const { findings } = await runHere([caseOf('one', new Error('no broker')), caseOf('two', [held])])
    expect(verdicts(findings)).toEqual([
      ['FAIL', 'the case comes to its end'],
      ['ok', 'all is well'],
    ])
    expect(findings[0]?.detail).toBe('no broker')
  })

  test('prints what is informative and judges it never', async () => {
    const figure = { statement: 'what a limit loses', checked: 0, broken: 5, informative: true }
    const { findings } = await runHere([caseOf('one', [held, figure])])
    expect(countFindings(findings)).toEqual({ passed: 1, failed: 0 })
  })

  test('gives the findings in the order of the cases, though they end in another', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const slow = { ...caseOf('slow', []), run: () => promise.then(() => [held]) }
    const quick = {
      ...caseOf('quick', []),
      run: async () => {
        resolve()
        return [held]
      },
    }
    const { findings } = await runHere([slow, quick], { jobs: 2 })
    expect(findings.map((finding) => finding.case)).toEqual(['slow', 'quick'])
  })

  test('has nothing beside a case that wants to be alone', async () => {
    let running = 0
    const beside = new Map<string, number>()
    const watched = (name: string, alone: boolean): ChaosCase => ({
      ...caseOf(name, [], alone),
      run: async () => {
        running += 1
        for (let turn = 0; turn < 5; turn += 1) {
          beside.set(name, Math.max(beside.get(name) ?? 0, running))
          await new Promise((resolve) => setImmediate(resolve))
        }
        running -= 1
        return [held]
      },
    })
    await runHere([watched('a', false), watched('only', true), watched('b', false)], { jobs: 2 })
    expect([...beside].sort()).toEqual([
      ['a', 2],
      ['b', 2],
      ['only', 1],
    ])
  })
})

describe('a seed', () => {
  const drawing: ChaosCase = {
    ...caseOf('draws', []),
    run: async ({ random }) => [{ ...held, detail: String([random(), random(), random()]) }],
  }
  const drawn = async (seed: number, others: readonly ChaosCase[] = []) => {
    const { findings } = await runHere([...others, drawing], { seed })
    return findings.at(-1)?.detail
  }

  test('draws the same again, whatever other cases run', async () => {
    expect(await drawn(7)).toBe(await drawn(7, [{ ...drawing, name: 'other' }]))
  })

  test('differs from another seed, and from case to case', async () => {
    expect(await drawn(7)).not.toBe(await drawn(8))
    expect(streamOf(7, 'a')()).not.toBe(streamOf(7, 'b')())
  })
})

describe('a case in a process of its own', () => {
  const run = (name: string, timeLimitMs = 60_000) => {
    const order: CaseOrder = { name, seed: 5, long: false }
    const said: string[] = []
    const result = runApart({ cases: FIXTURE, timeLimitMs })(order, (line) => void said.push(line))
    return { said, result }
  }

  test('gives its invariants and its progress', async () => {
    const { said, result } = run('good')
    expect(await result).toEqual([{ ...held, detail: String(streamOf(5, 'good')()) }])
    expect(said).toContain('halfway')
  })

  test('fails when it throws or leaves without a word', async () => {
    await expect(run('throws').result).rejects.toThrow('on purpose')
    await expect(run('leaves').result).rejects.toThrow('exit code 3')
    await expect(run('rejects-unseen').result).rejects.toThrow('unseen')
  })

  test('is killed when it takes too long', async () => {
    await expect(run('hangs', 3_000).result).rejects.toThrow('killed after 3 s')
  })

  test('may not leave a process behind, and none survives it', async () => {
    const { said, result } = run('leaves-a-process')
    expect(await result).toContainEqual({
      statement: 'the case stops every process that it started',
      checked: 1,
      broken: 1,
    })
    const pid = Number(said.find((line) => line.startsWith('pid '))?.slice(4))
    expect(pid).toBeGreaterThan(0)
    const lives = () =>
      spawnSync('ps', ['-o', 'stat=', '-p', String(pid)])
        .stdout.toString()
        .trim()
    await expect.poll(lives, { timeout: 10_000 }).toMatch(/^(Z.*)?$/)
  }, 30_000)
})

describe('the command line', () => {
  const names = ['one', 'two']
  const wrong = (...argv: string[]) => {
    const read = readArguments(argv, names)
    return read.kind === 'wrong' ? read.problems : read
  }

  test('takes a seed, cases and the long form', () => {
    const read = readArguments(['--seed', '0', '--only=two,one', '--long', '--jobs', '3'], names)
    expect(read).toEqual({ kind: 'run', arguments: { seed: 0, only: ['two', 'one'], long: true, jobs: 3 } })
    expect(readArguments([], names)).toMatchObject({ kind: 'run', arguments: { only: undefined, long: false } })
    expect(readArguments(['--list'], names)).toEqual({ kind: 'list' })
  })

  test('names everything that is wrong', () => {
    expect(wrong('--sed', '1', 'x')).toEqual([
      'there is no option --sed',
      '"1" belongs to no option',
      '"x" belongs to no option',
    ])
    expect(wrong('--seed', '4294967296')).toEqual([
      '--seed must be a whole number from 0 to 4294967295, not "4294967296"',
    ])
    expect(wrong('--seed')).toEqual(['--seed needs a value'])
    expect(wrong('--only', 'one,three')).toEqual(['there is no case "three"; --list shows all'])
    expect(wrong('--long=yes')).toEqual(['--long takes no value'])
    expect(wrong('--jobs', '0')).toEqual(['--jobs must be a whole number from 1 to 8, not "0"'])
    expect(wrong('--seed', '1', '--seed', '2')).toEqual(['--seed stands twice'])
  })

  test('ends with 2 for wrong options, and with 0 when it only tells', () => {
    const main = fileURLToPath(new URL('../chaos/main.ts', import.meta.url))
    const started = (...argv: string[]) => spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8' })
    const refused = started('--foo')
    expect([refused.status, refused.stdout]).toEqual([2, ''])
    expect(refused.stderr).toContain('there is no option --foo')
    expect(started('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--seed') })
    expect(started('--list').status).toBe(0)
  }, 60_000)
})

test('the table has one line for each finding, and long details are cut', () => {
  const finding: Finding = { ...held, checked: 1234567, case: 'one', verdict: 'ok', detail: `a\nb ${'x'.repeat(500)}` }
  const lines = tableOf([finding, { ...finding, verdict: 'FAIL', broken: 2, detail: 'why' }]).split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[1]).toMatch(/^ok {4}one {3}all is well {2}1,234,567 {7}0 {2}a b x{100,} …$/)
  expect(lines[2]).toMatch(/^FAIL {2}one {3}all is well {2}1,234,567 {7}2 {2}why$/)
})
