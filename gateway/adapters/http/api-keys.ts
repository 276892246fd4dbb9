import type { Access } from '../../core/access/access.ts'
import { ApiKeyCreated, ApiKeyInput, ApiKeyList, keyToWire, NameParams } from './access-schemas.ts'
import type { App } from './app.ts'
import { BEARER, bodyProblems, NoContent, problems, withHeaders } from './documented.ts'
import { NoQuery } from './schemas.ts'

const shared = { tags: ['access'], security: BEARER, querystring: NoQuery }
const config = { access: 'admin', auditFields: ['name', 'role', 'scopes', 'expires_in_s'] } as const

/** What programs call the API with. */
export function addApiKeyRoutes(app: App, access: Access): void {
  addList(app, access)
  addCreate(app, access)
  addRevoke(app, access)
}

function addList(app: App, access: Access): void {
  app.get(
    '/api/v1/api-keys',
    {
      config,
      schema: {
        ...shared,
        operationId: 'listApiKeys',
        summary: 'API keys, without their text',
        response: { 200: ApiKeyList, ...problems() },
      },
    },
    async (_request, reply) => reply.code(200).send({ items: (await access.listApiKeys()).map(keyToWire) }),
  )
}

function addCreate(app: App, access: Access): void {
  app.post(
    '/api/v1/api-keys',
    {
      config,
      schema: {
        ...shared,
        operationId: 'createApiKey',
        summary: 'Make an API key',
        description:
          'Without `scopes` it reaches everything that its role allows. A key that has scopes itself makes only keys that ' +
          'reach no further.',
        body: ApiKeyInput,
        response: {
          201: withHeaders(ApiKeyCreated, { Location: 'Path of the key.' }),
          ...bodyProblems('api_key_exists', 'too_many_api_keys'),
        },
      },
    },
    async (request, reply) => {
      const { expires_in_s: expiresInS, ...input } = request.body
      const { key, text } = await access.createApiKey({ ...input, expiresInS }, request.caller)
      return reply
        .code(201)
        .header('Location', `/api/v1/api-keys/${key.name}`)
        .send({ ...keyToWire(key), key: text })
    },
  )
}

function addRevoke(app: App, access: Access): void {
  app.delete(
    '/api/v1/api-keys/:name',
    {
      config,
      schema: {
        ...shared,
        operationId: 'revokeApiKey',
        summary: 'Revoke an API key; its next request is refused',
        params: NameParams,
        response: { 204: NoContent, ...problems('api_key_not_found') },
      },
    },
    async (request, reply) => {
      await access.revokeApiKey(request.params.name)
      return reply.code(204).send(null)
    },
  )
}
