import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CLOSE, type CloseCode, comeBackAfter } from '../../protocol/close-codes.ts'
import { describeProblem } from '../../protocol/problem.ts'

const codes: readonly CloseCode[] = Object.values(CLOSE)

describe('close codes', () => {
  test('and their reasons are each given once', () => {
    expect(new Set(codes.map(({ code }) => code)).size).toBe(codes.length)
    expect(new Set(codes.map(({ reason }) => reason)).size).toBe(codes.length)
  })

  test.each(codes)('$code has a reason of one short word that fits a close frame [X-1]', ({ reason }) => {
    expect(reason).toMatch(/^[a-z_]{3,40}$/)
  })

  test.each(codes)('$code gives the same advice with and without its bye [X-3]', ({ code, comeBack }) => {
    expect(comeBackAfter(code)).toBe(comeBack)
  })

  test.each(codes)('$code never asks a device to come back at once', ({ retryAfterMs }) => {
    expect(retryAfterMs).toBeGreaterThanOrEqual(1_000)
  })

  test('split at 4500 into those that pass and those that need a person [X-2]', () => {
    for (let code = 4000; code <= 4999; code++) expect(comeBackAfter(code)).toBe(code < 4500 ? 'hint' : 'person')
  })

  test('of anybody else mean back-off, but for 1009, 1012 and 1013 [X-3]', () => {
    for (let code = 0; code < 4000; code++) {
      expect(comeBackAfter(code)).toBe([1009, 1012, 1013].includes(code) ? 'hint' : 'backoff')
    }
    expect([5000, -1, Number.NaN].map(comeBackAfter)).toEqual(['backoff', 'backoff', 'backoff'])
  })

  test('stand in the table of the README as they are sent [X-1]', () => {
    const readme = readFileSync(new URL('../../protocol/README.md', import.meta.url), 'utf8')
    const rows = readme.split('\n').filter((line) => /^\| [14]\d{3} \|/.test(line))
    const shown = rows.map((row) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    expect(shown.map(([, code, reason, comeBack, hint]) => [code, reason, comeBack, hint])).toEqual(
      codes.map(({ code, reason, comeBack, retryAfterMs }) => [
        String(code),
        reason,
        comeBack === 'backoff' ? 'back-off' : comeBack,
        `${retryAfterMs.toLocaleString('en-US')} ms`,
      ]),
    )
  })
})

test.each([
  [{ code: 'not_json' }, 'not_json'],
  [{ code: 'missing', field: 'seq' }, 'missing: seq'],
] as const)('the problem %j is told as %s', (problem, told) => {
  expect(describeProblem(problem)).toBe(told)
})
