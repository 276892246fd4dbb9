import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyReport, changeDesired, mergePatch, NO_SHADOW } from '../../gateway/core/shadow-rules.ts'
import { isJsonObject, type JsonObject } from '../../protocol/json.ts'
import { PARAMS_MAX_BYTES } from '../../protocol/limits.ts'

const json = (text: string) => JSON.parse(text) as JsonObject
const report = { state: { a: 1 }, session: 5, atMs: 20 }

describe('a merge patch (RFC 7396)', () => {
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ['{"a":1}', '{"a":{"b":null,"c":2}}', '{"a":{"c":2}}'],
    [
      '{"a":{}}',
      '{"__proto__":{"polluted":true},"constructor":1}',
      '{"a":{},"__proto__":{"polluted":true},"constructor":1}',
    ],
  ])('%s with %s is %s', (target, patch, merged) => {
    expect(JSON.stringify(mergePatch(json(target), json(patch)))).toBe(merged)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('changes neither of its arguments, leaves no null of its own, and does nothing the second time', () => {
    const object = fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 2 }))
    fc.assert(
      fc.property(object, object, (target, patch) => {
        const before = JSON.stringify([target, patch])
        const merged = mergePatch(target as JsonObject, patch as JsonObject)
        expect(JSON.stringify([target, patch])).toBe(before)
        for (const [key, value] of Object.entries(patch)) {
          if (value === null) expect(Object.hasOwn(merged, key)).toBe(false)
          else if (!isJsonObject(value)) expect(Object.getOwnPropertyDescriptor(merged, key)?.value).toBe(value)
        }
        expect(mergePatch(merged, patch as JsonObject)).toEqual(merged)
      }),
    )
  })
})

describe('what is desired', () => {
  test('gets a version with each change, and keeps it when nothing changes', () => {
    const first = changeDesired(NO_SHADOW, { a: 1, b: 2 }, { atMs: 10 })
    if (first.kind !== 'stored') throw new Error(first.kind)
    expect(first).toMatchObject({
      changed: true,
      shadow: { desired: { a: 1, b: 2 }, desiredVersion: 1, desiredAtMs: 10 },
    })
    const same = changeDesired(first.shadow, { a: 1, c: null }, { atMs: 11 })
    expect(same).toEqual({ kind: 'stored', shadow: first.shadow, changed: false })
    const second = changeDesired(first.shadow, { a: null }, { atMs: 12 })
    expect(second).toMatchObject({ changed: true, shadow: { desired: { b: 2 }, desiredVersion: 2, desiredAtMs: 12 } })
  })

  test('is changed only under a version that was asked for', () => {
    const shadow = { ...NO_SHADOW, desiredVersion: 7 }
    expect(changeDesired(shadow, { a: 1 }, { ifVersions: [6, 8], atMs: 1 })).toEqual({ kind: 'conflict' })
    expect(changeDesired(shadow, { a: 1 }, { ifVersions: [], atMs: 1 })).toEqual({ kind: 'conflict' })
    expect(changeDesired(shadow, { a: 1 }, { ifVersions: [6, 7], atMs: 1 })).toMatchObject({ kind: 'stored' })
  })

  test('is at most 3 KiB as a whole, counted in UTF-8, and may always become smaller [L-6]', () => {
    const around = '{"text":""}'.length
    const full = { text: 'x'.repeat(PARAMS_MAX_BYTES - around) }
    const stored = changeDesired(NO_SHADOW, full, { atMs: 1 })
    if (stored.kind !== 'stored') throw new Error(stored.kind)
    expect(changeDesired(stored.shadow, { a: 1 }, { atMs: 2 })).toEqual({ kind: 'too_large' })
    expect(changeDesired(NO_SHADOW, { text: `${full.text.slice(1)}ä` }, { atMs: 2 })).toEqual({ kind: 'too_large' })
    expect(changeDesired(stored.shadow, { text: null }, { atMs: 2 })).toMatchObject({ kind: 'stored', changed: true })
  })
})

describe('a report', () => {
  test('replaces the one before, also with a lower version: the device may have been reset', () => {
    const seventh = applyReport({ ...NO_SHADOW, desiredVersion: 7 }, { ...report, version: 7 })
    expect(seventh).toMatchObject({ reported: { a: 1 }, reportedVersion: 7, reportedAtMs: 20, reportedSession: 5 })
    const reset = applyReport(seventh ?? NO_SHADOW, { ...report, state: {}, version: 0 })
    expect(reset).toMatchObject({ reported: {}, reportedVersion: 0, desiredVersion: 7 })
  })

  test('of an older session is too late', () => {
    const shadow = { ...NO_SHADOW, reportedSession: 6 }
    expect(applyReport(shadow, { ...report, version: 1 })).toBeUndefined()
  })

  test('of a version that was never given lifts what is desired above it, or the device would pass over it [M-12]', () => {
    expect(applyReport({ ...NO_SHADOW, desiredVersion: 3 }, { ...report, version: 9 })).toMatchObject({
      desiredVersion: 10,
      reportedVersion: 9,
    })
  })

  test('lifts nothing where nothing is desired; the first change is then above it', () => {
    const shadow = applyReport(NO_SHADOW, { ...report, version: 9 }) ?? NO_SHADOW
    expect(shadow.desiredVersion).toBe(0)
    expect(changeDesired(shadow, { a: 1 }, { atMs: 1 })).toMatchObject({ shadow: { desiredVersion: 10 } })
  })
})
