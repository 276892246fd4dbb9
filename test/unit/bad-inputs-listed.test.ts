import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { credentials } from '../e2e/bad-inputs/credentials.ts'
import { ELSEWHERE, NOT_APPLICABLE } from '../e2e/bad-inputs/elsewhere.ts'
import { frames } from '../e2e/bad-inputs/frames.ts'
import { fromTheBus } from '../e2e/bad-inputs/from-the-bus.ts'
import { handshakes } from '../e2e/bad-inputs/handshakes.ts'
import { messages } from '../e2e/bad-inputs/messages.ts'
import { slowClients } from '../e2e/bad-inputs/slow-clients.ts'

const slow = slowClients(() => {
  throw new Error('only their names are asked for')
})
const BAD_INPUTS = 38
const named = (n: number) => `B${String(n + 1).padStart(2, '0')}`

test('each of the 38 bad inputs is tried in the table, shown by another test, or has a reason why not', () => {
  const tried = [...handshakes, ...credentials, ...frames, ...messages, ...fromTheBus, ...slow].map(({ id }) => id)
  const listed = new Set([...tried, ...ELSEWHERE.map(({ id }) => id), ...Object.keys(NOT_APPLICABLE)])
  expect(Array.from({ length: BAD_INPUTS }, (_, n) => named(n)).filter((id) => !listed.has(id))).toEqual([])
  expect(Object.keys(NOT_APPLICABLE).filter((id) => tried.includes(id))).toEqual([])
})

test.each(ELSEWHERE)('$id $sends: $file has "$title"', ({ file, title }) => {
  const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  const quoted = ["'", '"', '`'].map((quote) => `${quote}${title}`)
  expect(quoted.some((begin) => source.includes(begin))).toBe(true)
})
