import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freeFormProblem, isJsonObject, utf8Length } from '../../protocol/json.ts'
import { JSON_DEPTH_MAX } from '../../protocol/limits.ts'

describe('the byte length of a text', () => {
  test('is that of its UTF-8, also with halves of surrogate pairs', () => {
    const units = fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 0xffff }),
        fc.constantFrom(0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff),
      ),
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      units.map((codes) => String.fromCharCode(...codes)),
    )
    fc.assert(
      fc.property(texts, (text) => {
        expect(utf8Length(text)).toBe(Buffer.byteLength(text, 'utf8'))
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['', 0],
    ['a', 1],
    ['é', 2],
    ['€', 3],
    ['😀', 4],
    ['a😀b', 6],
  ])('of %j is %i', (text, bytes) => {
    expect(utf8Length(text)).toBe(bytes)
  })
})

describe('free-form JSON', () => {
  test('as a parser gives it is accepted unless it is too deep, not finite or half a pair [L-17]', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: JSON_DEPTH_MAX - 1 }), (value) => {
        const text = JSON.stringify(value)
        const wellFormed = !/\\ud[89a-f]/.test(text) // JSON.stringify escapes halves only
        expect(freeFormProblem(JSON.parse(text))).toBe(wellFormed ? undefined : 'bad_text')
      }),
    )
  })

  test.each([
    [JSON_DEPTH_MAX, undefined],
    [JSON_DEPTH_MAX + 1, 'too_deep'],
    [5_000, 'too_deep'],
  ] as const)('nested %i deep has the problem %s', (depth, problem) => {
    expect(freeFormProblem(JSON.parse('['.repeat(depth) + ']'.repeat(depth)))).toBe(problem)
    expect(freeFormProblem(JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`))).toBe(problem)
  })

  test('objects are told from lists and null', () => {
    expect([{}, Object.create(null), [], null, 1, 'a', undefined].map(isJsonObject)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ])
  })
})
