import { readFile } from 'node:fs/promises'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../protocol/json.ts'
import { ask, type RunningApi, runApi } from '../helpers/rest.ts'

interface Response {
  readonly description: string
  readonly headers?: object
  readonly content?: Readonly<Record<string, Media>>
}
interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly security?: readonly object[]
  readonly requestBody?: Pick<Response, 'content'>
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly description?: string }[]
  readonly responses: Readonly<Record<string, Response>>
}
interface Document {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly servers: readonly object[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonObject>>
    readonly examples: Readonly<Record<string, { readonly value: { readonly status: number; readonly code: string } }>>
    readonly securitySchemes: object
  }
}

let api: RunningApi
let document: Document
let operations: { path: string; method: string; operation: Operation }[]
beforeAll(async () => {
  api = await runApi()
  document = (await ask(api, 'GET', '/api/v1/openapi.json', { headers: { authorization: '' } })).body as Document
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
})
afterAll(() => api.close())

interface Media {
  readonly schema: JsonObject
  readonly example?: unknown
  readonly examples?: object
}

/** At the media type, at its schema, or, of a page of things, at the things. */
function hasExample({ schema, example, examples }: Media): boolean {
  if (example !== undefined || examples !== undefined) return true
  const { $ref } = schema
  const named = typeof $ref === 'string' ? (document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {}) : schema
  if (named.examples !== undefined) return true
  const { items } = Object(named.properties)
  return items?.items !== undefined && hasExample({ schema: items.items })
}

describe('the OpenAPI document', () => {
  test('needs no key and says what it describes', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Fairlead', version: '9.9.9-test' },
      servers: [{ url: '/' }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    })
  })

  test('holds the routes that clients are built on, and no others', () => {
    expect(operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort()).toEqual([
      'DELETE /api/v1/api-keys/{name}',
      'DELETE /api/v1/bans/{ban}',
      'DELETE /api/v1/devices/{id}',
      'DELETE /api/v1/devices/{id}/quarantine',
      'DELETE /api/v1/devices/{id}/tokens',
      'DELETE /api/v1/devices/{id}/tokens/{tid}',
      'DELETE /api/v1/session',
      'DELETE /api/v1/session/others',
      'DELETE /api/v1/signing-keys/{kid}',
      'DELETE /api/v1/users/{name}',
      'GET /api/v1/alarms',
      'GET /api/v1/api-keys',
      'GET /api/v1/audit',
      'GET /api/v1/bans',
      'GET /api/v1/command-batches',
      'GET /api/v1/command-batches/{bid}',
      'GET /api/v1/command-batches/{bid}/targets',
      'GET /api/v1/commands',
      'GET /api/v1/commands/{cid}',
      'GET /api/v1/dead-letters',
      'GET /api/v1/devices',
      'GET /api/v1/devices/export',
      'GET /api/v1/devices/{id}',
      'GET /api/v1/devices/{id}/commands',
      'GET /api/v1/devices/{id}/connections',
      'GET /api/v1/devices/{id}/shadow',
      'GET /api/v1/devices/{id}/state',
      'GET /api/v1/devices/{id}/tokens',
      'GET /api/v1/events',
      'GET /api/v1/node',
      'GET /api/v1/quarantines',
      'GET /api/v1/session',
      'GET /api/v1/signing-keys',
      'GET /api/v1/users',
      'GET /healthz',
      'GET /metrics',
      'GET /readyz',
      'PATCH /api/v1/devices/{id}',
      'PATCH /api/v1/devices/{id}/shadow',
      'PATCH /api/v1/users/{name}',
      'POST /api/v1/api-keys',
      'POST /api/v1/bans',
      'POST /api/v1/command-batches/{bid}/cancel',
      'POST /api/v1/commands',
      'POST /api/v1/commands/{cid}/cancel',
      'POST /api/v1/devices',
      'POST /api/v1/devices/import',
      'POST /api/v1/devices/{id}/commands',
      'POST /api/v1/devices/{id}/tokens',
      'POST /api/v1/devices/{id}/tokens/rotate',
      'POST /api/v1/login-link',
      'POST /api/v1/session',
      'POST /api/v1/session/link',
      'POST /api/v1/session/link/check',
      'POST /api/v1/signing-keys',
      'POST /api/v1/signing-keys/{kid}/reissue',
      'POST /api/v1/users',
      'POST /api/v1/users/{name}/login-link',
      'PUT /api/v1/session/password',
    ])
  })

  test('every operation has its own id, a summary and described parameters', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(ids.every((id) => typeof id === 'string')).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, operation } of operations) {
      expect(operation.summary, path).toBeTruthy()
      for (const parameter of operation.parameters ?? [])
        expect(parameter.description, `${path} ${parameter.name}`).toBeTruthy()
    }
  })

  test('every operation documents its errors as problems', () => {
    for (const { path, method, operation } of operations) {
      const isPublic = operation.security?.length === 0
      const expected = isPublic ? ['400', '500'] : ['400', '401', '403', '429', '500', '503']
      if (path.includes('{')) expected.push('404')
      if (operation.requestBody) expected.push('413', '415')
      expect(Object.keys(operation.responses), `${method} ${path}`).toEqual(expect.arrayContaining(expected))
      for (const status of expected) {
        expect(operation.responses[status]?.content, `${method} ${path} ${status}`).toMatchObject({
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        })
      }
    }
  })

  test('every error is told by the codes that it may have, with an example of each', () => {
    for (const { path, method, operation } of operations) {
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const problem = content?.['application/problem+json']
        if (problem === undefined) continue
        const codes = Object.keys(problem.examples ?? {})
        expect(codes.length, `${method} ${path} ${status}`).toBeGreaterThan(0)
        for (const code of codes) {
          expect(document.components.examples[code]?.value).toMatchObject({ status: Number(status), code })
        }
      }
    }
  })

  test('docs/rest.md names every code in the row of its status', async () => {
    const page = await readFile(new URL('../../docs/rest.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| (\d{3}(?:, \d{3})*) \| (.*) \|$/gm)]
    const isNamed = ({ status, code }: { status: number; code: string }) =>
      rows.some(([, statuses, codes]) => statuses?.includes(String(status)) && codes?.includes(`\`${code}\``))
    const problems = Object.values(document.components.examples).filter(({ value }) => value.code !== undefined)
    expect(problems.length).toBeGreaterThan(30)
    expect(problems.filter(({ value }) => !isNamed(value)).map(({ value }) => value.code)).toEqual([])
  })

  test('every body and every answer that is JSON has an example', () => {
    const without = operations.flatMap(({ path, method, operation: { requestBody, responses } }) =>
      Object.entries({ body: requestBody, ...responses })
        .filter(([, part]) => Object.values(part?.content ?? {}).some((media) => !hasExample(media)))
        .map(([part]) => `${method} ${path} ${part}`),
    )
    expect(without).toEqual([])
  })

  test('is valid by the schema of OpenAPI 3.1', async () => {
    const validator = new Validator()
    expect(await validator.validate({ ...document })).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  test('every operation that needs a key says so, and only the probes need none', () => {
    const open = operations.filter(({ operation }) => operation.security?.length === 0).map(({ path }) => path)
    const logins = ['/api/v1/session', '/api/v1/session/link', '/api/v1/session/link/check']
    expect(open.sort()).toEqual([...logins, '/healthz', '/metrics', '/readyz'])
    for (const { operation } of operations) {
      if (operation.security?.length !== 0) expect(operation.security).toEqual([{ bearer: [] }, { session: [] }])
    }
  })

  test('every answer says what it is', () => {
    for (const { path, operation } of operations) {
      for (const [status, { description }] of Object.entries(operation.responses)) {
        expect(description, `${path} ${status}`).not.toBe('Default Response')
      }
    }
  })

  test('every reference leads somewhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)]
    expect(references.length).toBeGreaterThan(50)
    for (const [, name] of references) expect(document.components.schemas).toHaveProperty(name ?? '')
  })
})
