import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Bulk, ImportOutcome } from '../../core/bulk.ts'
import { GatewayError } from '../../core/errors.ts'
import type { App } from './app.ts'
import { ImportResult, readCsv, readNdjson, toCsv, toNdjson } from './device-lines.ts'
import { deviceFilters, filterOf } from './device-schemas.ts'
import { BEARER, bodyProblems, problems } from './documented.ts'
import { OnceHeader, onceOf } from './once.ts'
import { closed } from './schemas.ts'
import { deviceToWire } from './wire.ts'

/** The 1,000 devices that one import may have, at a kilobyte each. */
const IMPORT_MAX_BYTES = 1024 * 1024
const NDJSON = 'application/x-ndjson'
const CSV = 'text/csv'
const shared = { tags: ['devices'], security: BEARER }
const Text = (description: string, example: string) => Type.String({ description, examples: [example] })

const IMPORT = {
  ...shared,
  operationId: 'importDevices',
  summary: 'Add up to 1,000 devices from NDJSON or CSV',
  description:
    'What is valid is created, in one transaction; every other line is left out and says why. ' +
    'The tokens are in the answer, this once: a repeat with the same `Idempotency-Key` is 409 `already_shown`. With ' +
    '`dry_run=true` nothing is created, and no key is looked at.',
  querystring: Type.Object(
    {
      dry_run: Type.Optional(Type.Enum(['true', 'false'], { description: 'Only say what would be created.' })),
    },
    closed,
  ),
  headers: OnceHeader,
  body: {
    content: {
      [NDJSON]: { schema: Text('A `DeviceInput` on each line.', '{"id":"greenhouse-1","tags":["north"]}\n') },
      [CSV]: {
        schema: Text(
          'A heading of `id`, `model`, `tags` (separated by `;`) and `notes`, then a device on each line.',
          'id,model,tags,notes\ngreenhouse-1,esp32-s3,north;roof,\n',
        ),
      },
    },
  },
  response: { 200: ImportResult, ...bodyProblems('already_shown', 'idempotency_key_reused') },
}

const EXPORT = {
  ...shared,
  operationId: 'exportDevices',
  summary: 'All devices, or those that match, as CSV or NDJSON',
  description:
    'Streamed by id. A connection that breaks before the end of the body left some out. In CSV a cell that a ' +
    'spreadsheet would take for a formula has an apostrophe before it; an import takes it away again.',
  querystring: Type.Object(
    {
      format: Type.Optional(Type.Enum(['csv', 'ndjson'], { default: 'csv', description: 'How it is written.' })),
      ...deviceFilters,
    },
    closed,
  ),
  response: {
    200: {
      description: 'The devices.',
      content: {
        [CSV]: { schema: Text('With a heading.', 'id,model,tags\r\ngreenhouse-1,esp32-s3,north;roof\r\n') },
        [NDJSON]: { schema: Text('A `Device` on each line.', '{"id":"greenhouse-1","tags":[]}\n') },
      },
    },
    ...problems(),
  },
}

/** Resolves when the routes are there. */
export async function addBulkRoutes(app: App, bulk: Bulk): Promise<void> {
  // A scope of its own: what is read here is no body anywhere else.
  await app.register((scope: App, _options, done) => {
    scope.removeAllContentTypeParsers()
    const options = { parseAs: 'buffer', bodyLimit: IMPORT_MAX_BYTES } as const
    scope.addContentTypeParser([NDJSON, CSV], options, async (_request: unknown, body: Buffer) => decoded(body))
    addImport(scope, bulk)
    done()
  })
  addExport(app, bulk)
}

/** A byte order mark, which spreadsheets write, is skipped. */
function decoded(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new GatewayError('bad_request', 'The body is not UTF-8.')
  }
}

function addImport(app: App, bulk: Bulk): void {
  app.post(
    '/api/v1/devices/import',
    {
      config: { access: 'admin', adds: true },
      schema: IMPORT,
    },
    async (request, reply) => {
      const { body } = request
      if (typeof body !== 'string') throw new GatewayError('unsupported_media_type')
      const dryRun = request.query.dry_run === 'true'
      const isCsv = request.headers['content-type']?.toLowerCase().startsWith(CSV)
      const lines = isCsv ? readCsv(body) : readNdjson(body)
      const items = await bulk.import(lines, { dryRun, once: dryRun ? undefined : onceOf(request) })
      const refused = items.filter(({ outcome }) => outcome === 'refused').length
      const counts = { dry_run: dryRun, accepted: items.length - refused, refused }
      request.auditDetail = counts
      return reply.code(200).send({ ...counts, items: items.map(outcomeToWire) })
    },
  )
}

function outcomeToWire({ line, id, outcome, token, error }: ImportOutcome) {
  return { line, id, outcome, token: token?.text, token_id: token?.id, error }
}

function addExport(app: App, bulk: Bulk): void {
  app.get(
    '/api/v1/devices/export',
    {
      config: { access: 'viewer' },
      schema: EXPORT,
    },
    async (request, reply) => {
      const { format = 'csv', ...filters } = request.query
      const devices = toWire(bulk, filterOf(filters))
      const lines = format === 'csv' ? toCsv(devices) : toNdjson(devices)
      return reply
        .code(200)
        .type(format === 'csv' ? `${CSV}; charset=utf-8` : NDJSON)
        .header('Content-Disposition', `attachment; filename="devices.${format}"`)
        .send(Readable.from(lines) as never) // fastify knows streams, the type of the answer only texts
    },
  )
}

async function* toWire(bulk: Bulk, filter: Parameters<Bulk['export']>[0]) {
  for await (const device of bulk.export(filter)) yield deviceToWire(device)
}
