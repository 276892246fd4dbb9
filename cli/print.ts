/** Everything that goes to stdout. Text from devices is never trusted to be harmless to a terminal. */

import { hanging, terminalWidth } from './wrap.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** The text with everything that could steer a terminal made visible. */
export function printable(text: string): string {
  return text.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  printLine(jsonText(value, 2))
}

/** JSON in which nothing steers a terminal either: JSON itself escapes only the lowest control characters. */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).split('\n').map(printable).join('\n')
}

/** Aligned with a heading on a terminal, the last column going on below itself where it is too long; elsewhere one row per line, cells separated by tabs, no heading. */
export function printTable(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  const clean = rows.map((row) => row.map(printable))
  if (!process.stdout.isTTY) {
    for (const row of clean) printLine(row.join('\t'))
    return
  }
  const widths = heading.map((title, column) => Math.max(title.length, ...clean.map((row) => row[column]?.length ?? 0)))
  for (const row of [heading, ...clean]) {
    const left = row.slice(0, -1).map((cell, column) => `${cell.padEnd(widths[column] ?? 0)}  `)
    printLine(hanging(left.join(''), row.at(-1) ?? '', terminalWidth()).trimEnd())
  }
}

/** `name  value` lines, for one thing. Fields without a value are left out. */
export function printFields(fields: Readonly<Record<string, string | undefined>>): void {
  const shown = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  for (const [name, value] of shown) printLine(hanging(`${name.padEnd(width)}  `, printable(value), terminalWidth()))
}

/** A moment in the reader's own time zone on a terminal, in UTC elsewhere. */
export function timeText(unixMs: number | null | undefined): string | undefined {
  if (typeof unixMs !== 'number') return undefined
  const date = new Date(unixMs)
  return process.stdout.isTTY ? date.toLocaleString('sv-SE') : date.toISOString()
}
