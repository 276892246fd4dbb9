/** Comma-separated values as RFC 4180 has them. Knows nothing of devices. */

export interface CsvRow {
  /** Where it begins, from 1; a cell may hold line breaks. */
  readonly line: number
  readonly cells: readonly string[]
}

/** Why a text is not CSV; the message names the line. */
export class CsvError extends Error {}

const CELL = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y

/** All rows but empty ones. Throws CsvError where a quote is opened and not closed, or closed within a cell. */
export function parseCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = []
  const cell = new RegExp(CELL)
  let cells: string[] = []
  let line = 1
  let startedAt = 1
  for (let isOver = text === ''; !isOver; ) {
    const found = cell.exec(text)
    if (found === null) throw new CsvError(`Line ${line}: the quotes are not as CSV wants them.`)
    const [, quoted, plain = '', end] = found
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    line += breaksIn(quoted ?? '')
    if (end === ',') continue
    if (cells.length > 1 || cells[0] !== '') rows.push({ line: startedAt, cells })
    cells = []
    line += 1
    startedAt = line
    isOver = end === '' || cell.lastIndex >= text.length
  }
  return rows
}

function breaksIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0
}

/** What a spreadsheet would take for a formula, and the mark itself, so that it can be told from one that was added. */
const DANGEROUS = /^[=+\-@\t\r']/

/** The cell, quoted where it must be. One that a spreadsheet would run gets an apostrophe before it. */
export function csvCell(text: string): string {
  const harmless = DANGEROUS.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** Takes the apostrophe away that `csvCell` put there. */
export function plainCell(cell: string): string {
  return cell.startsWith("'") && DANGEROUS.test(cell.slice(1)) ? cell.slice(1) : cell
}
