import type { Finding } from './runner.ts'

const DETAIL_MAX_CHARS = 200
const HEAD = ['', 'case', 'statement', 'checked', 'broken', 'detail']
const RIGHT = new Set([3, 4])

/** One line for each finding, in columns. */
export function tableOf(findings: readonly Finding[]): string {
  const rows = [HEAD, ...findings.map(rowOf)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const cell = (text: string, column: number) => {
    const width = widths[column] ?? 0
    return RIGHT.has(column) ? text.padStart(width) : text.padEnd(width)
  }
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}

function rowOf({ verdict, case: name, statement, checked, broken, detail = '' }: Finding): string[] {
  const line = detail.replace(/\s+/g, ' ')
  const short = line.length > DETAIL_MAX_CHARS ? `${line.slice(0, DETAIL_MAX_CHARS)} …` : line
  return [verdict, name, statement, grouped(checked), grouped(broken), short]
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
