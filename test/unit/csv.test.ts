import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CsvError, csvCell, parseCsv, plainCell } from '../../protocol/csv.ts'

const cells = (text: string) => parseCsv(text).map((row) => row.cells)

describe('CSV as RFC 4180 has it', () => {
  test.each([
    ['', []],
    ['a', [['a']]],
    [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a\rb', [['a'], ['b']]],
    [
      'a,\n,b,',
      [
        ['a', ''],
        ['', 'b', ''],
      ],
    ],
    ['"a,b","c\r\nd","e""f",""', [['a,b', 'c\r\nd', 'e"f', '']]],
    ['a\n\n\r\nb', [['a'], ['b']]],
    [' a , b ', [[' a ', ' b ']]],
  ])('%j', (text, rows) => {
    expect(cells(text)).toEqual(rows)
  })

  test('each row knows the line that it begins on', () => {
    expect(parseCsv('a\n"b\nc",d\n\ne').map(({ line }) => line)).toEqual([1, 2, 5])
  })

  test.each(['"a', 'a"b', '"a"b', 'x,y\n"', '"a""'])('%j is none, and the message names the line', (text) => {
    expect(() => parseCsv(text)).toThrow(CsvError)
    expect(() => parseCsv(text)).toThrow(/^Line \d+: /)
  })

  test('a megabyte within one quote, closed or not, is read or refused', () => {
    const long = 'x""\n'.repeat(250_000)
    expect(cells(`"${long}"`)[0]?.[0]).toHaveLength(750_000)
    expect(() => parseCsv(`"${long}`)).toThrow(CsvError)
  })

  test('what is written is read again as it was, whatever it is', () => {
    const row = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
        const text = rows.map((one) => `${one.map(csvCell).join(',')}\r\n`).join('')
        const kept = rows.filter((one) => one.length > 1 || one[0] !== '')
        expect(cells(text).map((one) => one.map(plainCell))).toEqual(kept)
      }),
    )
  })
})

describe('a cell that a spreadsheet would run', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', "'=1", '=cmd|" /C calc"!A0'])(
    '%j begins with an apostrophe',
    (text) => {
      expect(csvCell(text).replace(/^"/, '')).toMatch(/^'/)
      expect(plainCell(cells(csvCell(text))[0]?.[0] ?? '')).toBe(text)
    },
  )

  test('others are left alone', () => {
    for (const text of ['a=1', '1-2', '5', "it's"]) expect(csvCell(text)).toBe(text)
    expect(plainCell("'tis")).toBe("'tis")
  })
})
