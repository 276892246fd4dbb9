import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import {
  cutIntoParts,
  IMPORT_TYPES,
  type ImportFormat,
  type ImportPart,
  importFormatOf,
} from '../protocol/import-parts.ts'
import type { Given } from './arguments.ts'
import { askOnce } from './ask-once.ts'
import type { Command } from './command.ts'
import { DEVICE_FILTERS, deviceFilterQuery } from './device-filters.ts'
import { EXIT, RefusedError, UsageError } from './failures.ts'
import { jsonText, printLine, printTable } from './print.ts'
import { copyFromGateway } from './request.ts'
import { type Connection, findConnection } from './settings.ts'

interface Outcome {
  readonly line: number
  readonly id?: string
  readonly outcome: 'created' | 'valid' | 'refused'
  readonly token?: string
  readonly error?: { readonly code: string; readonly message: string }
}

const FORMAT = { type: 'string', value: 'format', about: 'csv or ndjson' } as const
/** A thousand tokens are signed and stored before the answer. */
const IMPORT_PATIENCE_MS = 45_000

export const bulkCommands: readonly Command[] = [
  {
    words: 'device import',
    operands: ['<file>'],
    flags: {
      'dry-run': { type: 'boolean', about: 'only say what would be created' },
      format: { ...FORMAT, about: 'csv or ndjson; else as the name of the file ends' },
      tokens: {
        type: 'string',
        value: 'file',
        about: 'write ids and tokens there, for you alone, instead of showing them',
      },
    },
    about: 'add the devices of a CSV or NDJSON file ("-" is stdin), with their tokens; exit 1 if one was refused',
    run: importDevices,
  },
  {
    words: 'device export',
    operands: ['[part-of-id]'],
    flags: { format: { ...FORMAT, about: 'csv (without --json) or ndjson' }, ...DEVICE_FILTERS },
    about: 'every device, or those that match, as CSV or NDJSON',
    run: exportDevices,
  },
]

async function exportDevices(given: Given): Promise<number> {
  const format = formatOf(given.text('format') ?? (given.isSet('json') ? 'ndjson' : 'csv'))
  const path = `/api/v1/devices/export?format=${format}${deviceFilterQuery(given)}`
  await copyFromGateway(findConnection(given), { method: 'GET', path }, process.stdout)
  return EXIT.ok
}

function formatOf(text: string): ImportFormat {
  if (text === 'csv' || text === 'ndjson') return text
  throw new UsageError(`--format is csv or ndjson, not "${text}"`)
}

async function importDevices(given: Given): Promise<number> {
  const file = given.operand(0)
  const format = formatOf(given.text('format') ?? importFormatOf(file))
  const dryRun = given.isSet('dry-run')
  const parts = cutIntoParts(read(file), format)
  if (parts.length === 0) throw new UsageError(`there is no device in ${file}`)
  const connection = findConnection(given)
  using tokens = dryRun ? undefined : openTokens(given.text('tokens'))
  let [accepted, refused] = [0, 0]
  for (const part of parts) {
    const outcomes = await importPart(connection, part, { format, dryRun })
    // At once: should a later part fail, the tokens of this one are not lost.
    show(given, outcomes, tokens)
    refused += outcomes.filter(({ outcome }) => outcome === 'refused').length
    accepted += outcomes.filter(({ outcome }) => outcome !== 'refused').length
  }
  const done = dryRun ? 'would be added' : 'added'
  process.stderr.write(`fairlead: ${accepted} ${done}, ${refused} refused\n`)
  return refused === 0 ? EXIT.ok : EXIT.refused
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error })
  }
}

async function importPart(
  connection: Connection,
  part: ImportPart,
  { format, dryRun }: { format: ImportFormat; dryRun: boolean },
): Promise<Outcome[]> {
  const answer = askOnce(connection, {
    method: 'POST',
    path: `/api/v1/devices/import?dry_run=${dryRun}`,
    text: { type: IMPORT_TYPES[format], content: part.text },
    extraWaitMs: IMPORT_PATIENCE_MS,
  })
  const { body } = await answer.catch((error: unknown) => {
    throw isAlreadyShown(error) ? answerLost(part, error) : error
  })
  return (body as { items: Outcome[] }).items.map((one) => ({ ...one, line: part.lineOf(one.line) }))
}

function isAlreadyShown(error: unknown): error is RefusedError {
  return error instanceof RefusedError && (error.problem as { code?: unknown }).code === 'already_shown'
}

function answerLost(part: ImportPart, { problem }: RefusedError): RefusedError {
  const message =
    `the devices from line ${part.firstLine} on were added, but the answer with their tokens was lost; give each a new ` +
    'one with "fairlead token add <id>", and import what comes after them (already_shown)'
  return new RefusedError(message, problem)
}

interface TokenFile extends Disposable {
  write(id: string, token: string): void
}

/** A file that nobody else can read, made before anything is asked for: tokens cannot be had twice. */
function openTokens(path: string | undefined): TokenFile | undefined {
  if (path === undefined) return undefined
  try {
    const file = openSync(path, 'wx', 0o600)
    writeSync(file, 'id,token\n')
    return {
      write: (id, token) => void writeSync(file, `${id},${token}\n`),
      [Symbol.dispose]: () => closeSync(file),
    }
  } catch (error) {
    throw new UsageError(`--tokens: ${path} cannot be made (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    })
  }
}

function show(given: Given, outcomes: readonly Outcome[], tokens: TokenFile | undefined): void {
  for (const { id, token } of outcomes) if (id !== undefined && token !== undefined) tokens?.write(id, token)
  const shown = tokens === undefined ? outcomes : outcomes.map(({ token: _kept, ...rest }) => rest)
  if (given.isSet('json')) for (const one of shown) printLine(jsonText(one))
  else printTable(['LINE', 'ID', 'OUTCOME', 'TOKEN OR REASON'], shown.map(toRow))
}

function toRow({ line, id, outcome, token, error }: Outcome): string[] {
  return [String(line), id ?? '-', outcome, token ?? (error && `${error.message} (${error.code})`) ?? '']
}
