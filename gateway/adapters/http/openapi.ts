import swagger from '@fastify/swagger'
import { isJsonObject } from '../../../protocol/json.ts'
import type { App } from './app.ts'
import { SESSION_COOKIE } from './auth.ts'
import { ANSWERS } from './examples.ts'

const DESCRIPTION = `Devices, their tokens, settings and commands.

Times are Unix time in ms, under names that end in \`_at\`. Errors are \`application/problem+json\` with a stable \`code\`.
Unknown fields are refused. Roles: viewer reads, operator sends commands and changes settings, admin does everything else.
A key may be kept to scopes: the tags of this document, as \`commands\` (all of it), \`commands:read\` or \`commands:add\`.`

/** Collects the routes that are added from now on. */
export async function collectOpenapi(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Fairlead',
        version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This gateway' }],
      tags: [
        { name: 'devices', description: 'The registry, presence and last values' },
        { name: 'tokens', description: 'What devices connect with' },
        { name: 'signing-keys', description: 'What tokens are signed by' },
        { name: 'settings', description: 'What a device should run with, and what it does run with' },
        { name: 'commands', description: 'From the operator to the device and back' },
        { name: 'events', description: 'What devices said lately' },
        { name: 'bans', description: 'Addresses and devices that are kept out' },
        { name: 'audit', description: 'Who did what' },
        { name: 'access', description: 'Users and API keys' },
        {
          name: 'session',
          description: 'Logging in and out, and who one is: open to everybody, whatever their scopes',
        },
        { name: 'system', description: 'Health and figures, without a key' },
      ],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key: flk_…' },
          session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'A login at the dashboard' },
        },
      },
    },
    transformObject: (document) => nameParts('openapiObject' in document ? document.openapiObject : {}),
  })
}

/** Serves the document. It does not change after start, so it is written once. */
export function addOpenapiRoute(app: App): void {
  let text: string | undefined
  app.get('/api/v1/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(text)
  })
}

/**
 * Moves every schema with a title to `components.schemas`, so that generated clients get types with names, and every
 * example of an error to `components.examples`, since they are the same everywhere.
 */
function nameParts(document: object): object {
  const schemas: Record<string, unknown> = {}
  const examples: Record<string, unknown> = {}
  const hoist = ([code, example]: [string, unknown]) => {
    examples[code] = example
    return [code, { $ref: `#/components/examples/${code}` }]
  }
  const walk = (node: unknown, isInfo: boolean): unknown => {
    if (Array.isArray(node)) return node.map((item) => walk(item, false))
    if (typeof node !== 'object' || node === null) return node
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value, key === 'info')]))
    if (copy.schema !== undefined && isJsonObject(copy.examples))
      copy.examples = Object.fromEntries(Object.entries(copy.examples).map(hoist))
    if (isInfo || typeof copy.title !== 'string' || copy.type !== 'object') return copy
    const answer = ANSWERS[copy.title]
    const schema = answer === undefined ? copy : { ...copy, examples: [answer] }
    const known = schemas[copy.title]
    if (known !== undefined && !isSame(known, schema)) throw new Error(`two schemas are called ${copy.title}`)
    schemas[copy.title] = schema
    return { $ref: `#/components/schemas/${copy.title}` }
  }
  const { components, ...rest } = document as { components?: object }
  const walked = walk(rest, false) as object
  return { ...walked, components: { ...components, schemas, examples } }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
