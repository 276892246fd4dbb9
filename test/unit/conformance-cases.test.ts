import { expect, test } from 'vitest'
import { codes, order, payload } from '../e2e/conformance/closing.ts'
import * as framing from '../e2e/conformance/framing.ts'
import * as limits from '../e2e/conformance/limits.ts'
import * as utf8 from '../e2e/conformance/utf8.ts'

test('the conformance suite has a case for each number of the Autobahn list, and each number once', () => {
  const cases = [
    ...[framing, utf8, limits].flatMap((group) => Object.values(group).flat()),
    ...order,
    ...payload,
    ...codes,
  ]
  const ids = cases.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.filter((id) => /^(1|2|3|4|5|6|7|10)\./.test(id)).length).toBeGreaterThanOrEqual(247)
  expect(ids.filter((id) => id.startsWith('9.')).length).toBeGreaterThanOrEqual(54)
})
