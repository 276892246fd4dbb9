import { describe, expect, test } from 'vitest'
import { cutIntoParts } from '../../protocol/import-parts.ts'

const texts = (text: string, format: 'csv' | 'ndjson') => cutIntoParts(text, format).map((part) => part.text)

describe('a file of devices cut into parts', () => {
  test('a small one is one part, without its byte order mark and its empty lines', () => {
    expect(texts('\ufeffid,model\na,b\n\nc,d', 'csv')).toEqual(['id,model\na,b\nc,d\n'])
    expect(texts('{"id":"a"}\n\n{"id":"b"}\n', 'ndjson')).toEqual(['{"id":"a"}\n{"id":"b"}\n'])
    expect(texts('', 'csv')).toEqual([])
  })

  test('each part begins with the heading and has at most 1,000 devices; lines are those of the file', () => {
    const rows = Array.from({ length: 2_500 }, (_, i) => `d${i},"two\nlines"`)
    const parts = cutIntoParts(`id,notes\n${rows.join('\n')}\n`, 'csv')
    expect(parts.map(({ text }) => text.match(/^d\d+/gm)?.length)).toEqual([1_000, 1_000, 500])
    expect(parts.every(({ text }) => text.startsWith('id,notes\n'))).toBe(true)
    expect(parts[0]?.lineOf(2)).toBe(2)
    expect(parts[1]?.lineOf(2)).toBe(2_002)
    expect(parts[1]?.lineOf(4)).toBe(2_004)
  })

  test('a part stays under a megabyte', () => {
    const line = `{"id":"a","notes":"${'x'.repeat(1_900)}"}\n`
    const parts = texts(line.repeat(990), 'ndjson')
    expect(parts).toHaveLength(2)
    expect(parts.every((text) => Buffer.byteLength(text) <= 1_000_000)).toBe(true)
    expect(parts.join('')).toBe(line.repeat(990))
  })
})
