import { utf8Length } from './json.ts'

/** A file with devices, cut into parts that `POST /devices/import` takes in one request. */

/** As the gateway has it; a little less in bytes, for the heading. */
export const PART_MAX_DEVICES = 1_000
const PART_MAX_BYTES = 1_000_000

export type ImportFormat = 'csv' | 'ndjson'
/** By which the gateway knows how a part is to be read. */
export const IMPORT_TYPES: Readonly<Record<ImportFormat, string>> = { csv: 'text/csv', ndjson: 'application/x-ndjson' }

/** What the end of the file's name says; CSV when it says nothing. */
export function importFormatOf(fileName: string): ImportFormat {
  return /\.(ndjson|jsonl)$/i.test(fileName) ? 'ndjson' : 'csv'
}

export interface ImportPart {
  readonly text: string
  /** Where its first device stands in the file. */
  readonly firstLine: number
  /** The line of the file at which a line of the part stands. */
  readonly lineOf: (line: number) => number
}

interface LineRecord {
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** NDJSON: any line may begin a part. CSV: each part begins with the heading again. */
export function cutIntoParts(text: string, format: ImportFormat): ImportPart[] {
  const records = recordsOf(text.replace(/^\ufeff/, ''), format === 'csv')
  const heading = format === 'csv' ? records.shift() : undefined
  const parts: ImportPart[] = []
  for (let group = take(records); group.length > 0; group = take(records)) parts.push(partOf(heading, group))
  if (parts.length === 0 && heading !== undefined) parts.push(partOf(heading, []))
  return parts
}

/** The next records for one part, taken from the front. */
function take(records: LineRecord[]): LineRecord[] {
  let bytes = 0
  const end = records.findIndex(({ text }, index) => {
    bytes += utf8Length(text)
    return index === PART_MAX_DEVICES || (index > 0 && bytes > PART_MAX_BYTES)
  })
  return records.splice(0, end === -1 ? records.length : end)
}

function partOf(heading: LineRecord | undefined, group: readonly LineRecord[]): ImportPart {
  const lines = [...(heading === undefined ? [] : [heading]), ...group]
  const starts = new Map<number, number>()
  let at = 1
  for (const { text, line } of lines) {
    starts.set(at, line)
    at += text.split('\n').length - 1
  }
  const firstLine = group[0]?.line ?? 1
  return { text: lines.map(({ text }) => text).join(''), firstLine, lineOf: (line) => starts.get(line) ?? line }
}

/** Each with the line break that ends it; in CSV a quoted cell may hold more of them. */
function recordsOf(text: string, isCsv: boolean): LineRecord[] {
  const records: LineRecord[] = []
  let record = ''
  let line = 1
  let startedAt = 1
  for (const one of text.split(/(?<=\n)/)) {
    record += one
    line += 1
    if (isCsv && (record.match(/"/g)?.length ?? 0) % 2 === 1) continue
    if (record.trim() !== '') records.push({ text: record.endsWith('\n') ? record : `${record}\n`, line: startedAt })
    record = ''
    startedAt = line
  }
  if (record.trim() !== '') records.push({ text: `${record}\n`, line: startedAt })
  return records
}
