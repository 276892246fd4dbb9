import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { CsvError, csvCell, parseCsv, plainCell } from '../../../protocol/csv.ts'
import { isJsonObject, type JsonObject } from '../../../protocol/json.ts'
import type { ImportLine } from '../../core/bulk.ts'
import { GatewayError } from '../../core/errors.ts'
import { Device, DeviceInput, type DeviceWire } from './device-schemas.ts'
import { describeValidation } from './problems.ts'

/** Devices as lines of text: NDJSON, or CSV with a heading. What an export writes an import reads. */

const COLUMNS = ['id', 'model', 'tags', 'notes'] as const
/** What an export says besides, and an import leaves aside: it belongs to the gateway that wrote it. */
const ONLY_EXPORTED = ['firmware', 'enabled', 'state', 'reason', 'since', 'created_at'] as const
const HEADING = [...COLUMNS, ...ONLY_EXPORTED].join(',')

/** What NDJSON says besides, as it has the whole device. */
const NOT_TAKEN = Object.keys(Device.properties).filter((name) => !(name in DeviceInput.properties))

const input = Compile(DeviceInput)

/** Throws bad_request when the text as a whole is no CSV, or its heading names what is not known. */
export function readCsv(text: string): ImportLine[] {
  const [heading, ...rows] = csvRows(text)
  if (heading === undefined) throw new GatewayError('bad_request', 'The body is empty: a heading is needed.')
  const names = heading.cells.map((name) => name.trim().toLowerCase())
  const known: readonly string[] = [...COLUMNS, ...ONLY_EXPORTED]
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new GatewayError('bad_request', `The heading names "${unknown.slice(0, 80)}"; known are ${known.join(', ')}.`)
  }
  return rows.map(({ line, cells }) => {
    if (cells.length > names.length) return { line, problem: `has ${cells.length} cells, the heading ${names.length}` }
    return checked(line, fieldsOf(names, cells))
  })
}

function csvRows(text: string) {
  try {
    return parseCsv(text)
  } catch (error) {
    if (error instanceof CsvError) throw new GatewayError('bad_request', error.message)
    throw error
  }
}

/** An empty cell says nothing. */
function fieldsOf(names: readonly string[], cells: readonly string[]): JsonObject {
  const fields: Record<string, string | string[]> = {}
  for (const [index, cell] of cells.entries()) {
    const name = names[index] ?? ''
    const text = plainCell(cell)
    if (text !== '') fields[name] = name === 'tags' ? splitTags(text) : text
  }
  return fields
}

/** One JSON object on each line; empty lines are skipped. */
export function readNdjson(text: string): ImportLine[] {
  return text.split('\n').flatMap((one, index): ImportLine[] => {
    const line = index + 1
    if (one.trim() === '') return []
    try {
      const value: unknown = JSON.parse(one)
      return [isJsonObject(value) ? checked(line, value) : { line, problem: 'is not a JSON object' }]
    } catch {
      return [{ line, problem: 'is not JSON' }]
    }
  })
}

function checked(line: number, fields: JsonObject): ImportLine {
  const aside: readonly string[] = [...ONLY_EXPORTED, ...NOT_TAKEN]
  const mine: unknown = Object.fromEntries(Object.entries(fields).filter(([name]) => !aside.includes(name)))
  if (input.Check(mine)) return { line, input: mine satisfies Static<typeof DeviceInput> }
  const [first] = input.Errors(mine)
  return { line, problem: describeValidation(first, 'device') }
}

/** The whole device on a line. */
export async function* toNdjson(devices: AsyncIterable<DeviceWire>): AsyncGenerator<string> {
  for await (const device of devices) yield `${JSON.stringify(device)}\n`
}

/** Lines end in CR LF, as RFC 4180 says. */
export async function* toCsv(devices: AsyncIterable<DeviceWire>): AsyncGenerator<string> {
  yield `${HEADING}\r\n`
  for await (const { id, model, tags, notes, firmware, enabled, presence, created_at } of devices) {
    const words = [id, model, joinTags(tags), notes, firmware, String(enabled), presence.state, presence.reason]
    const times = [presence.since, created_at].map((atMs) => (atMs === 0 ? '' : new Date(atMs).toISOString()))
    yield `${[...words, ...times].map((cell) => csvCell(cell ?? '')).join(',')}\r\n`
  }
}

/** `north;roof`. A semicolon or backslash in a tag has a backslash before it. */
function joinTags(tags: readonly string[]): string {
  return tags.map((tag) => tag.replace(/[\\;]/g, '\\$&')).join(';')
}

function splitTags(text: string): string[] {
  const tags = text.match(/(?:\\.|[^\\;]|\\$)+/gs) ?? []
  return tags.map((tag) => tag.replace(/\\(.)/gs, '$1'))
}

export const ImportResult = Type.Object(
  {
    dry_run: Type.Boolean(),
    accepted: Type.Integer({ description: 'Devices that were created, or in a dry run would be.' }),
    refused: Type.Integer({ description: 'Lines that were not taken; each says why.' }),
    items: Type.Array(
      Type.Object(
        {
          line: Type.Integer({ description: 'Where it stands in the body, from 1.' }),
          id: Type.Optional(Type.String({ description: 'Id of the device.' })),
          outcome: Type.Enum(['created', 'valid', 'refused'], { description: '`valid`: in a dry run.' }),
          token: Type.Optional(Type.String({ description: 'Its first token. Shown this once and never again.' })),
          token_id: Type.Optional(Type.String({ description: 'Id of the token.' })),
          error: Type.Optional(
            Type.Object({ code: Type.String(), message: Type.String() }, { additionalProperties: false }),
          ),
        },
        { additionalProperties: false, title: 'ImportLine' },
      ),
    ),
  },
  {
    additionalProperties: false,
    title: 'ImportResult',
    description: 'What became of each line, in their order.',
    examples: [
      {
        dry_run: true,
        accepted: 1,
        refused: 1,
        items: [
          { line: 2, id: 'greenhouse-1', outcome: 'valid' },
          { line: 3, outcome: 'refused', error: { code: 'bad_request', message: 'device.id is not valid' } },
        ],
      },
    ],
  },
)
