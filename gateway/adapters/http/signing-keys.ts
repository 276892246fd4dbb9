import { type Static, Type } from 'typebox'
import type { SigningKeys, SigningKeyView } from '../../core/signing-keys.ts'
import type { App } from './app.ts'
import { BEARER, problems } from './documented.ts'

const closed = { additionalProperties: false } as const
const KeyId = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$', description: 'SHA-256 thumbprint of the key: the `kid`.' })
const KeyParams = Type.Object({ kid: KeyId }, closed)
const NoQuery = Type.Object({}, closed)
const RetireQuery = Type.Object(
  {
    force: Type.Optional(
      Type.Union([Type.Literal('true'), Type.Literal('false')], { description: 'Also while tokens of it live.' }),
    ),
  },
  closed,
)
const Count = (description: string) => Type.Integer({ minimum: 0, description })

const SigningKey = Type.Object(
  {
    id: KeyId,
    created_at: Type.Integer({ description: 'Unix time in ms.' }),
    signs: Type.Boolean({ description: 'New tokens are signed by this key.' }),
    live_tokens: Count('Tokens that were made while this key signed, and that still open a session.'),
  },
  { ...closed, title: 'SigningKey', description: 'A key that signs device tokens.' },
)
const SigningKeyList = Type.Object(
  { items: Type.Array(SigningKey) },
  { ...closed, title: 'SigningKeyList', description: 'All keys, newest first.' },
)
const Reissue = Type.Object(
  {
    started: Count('Rotations that this call began.'),
    busy: Count('Devices that have a rotation going on, or no room for another token.'),
    live_tokens: Count('Tokens of this key that still open a session, those on their way out included.'),
  },
  { ...closed, title: 'Reissue', description: 'How far it is. Ask again until `live_tokens` is 0.' },
)
const Retired = Type.Object(
  { revoked: Count('Tokens that were revoked with the key.') },
  { ...closed, title: 'Retired', description: 'The key is gone.' },
)

const shared = { tags: ['signing-keys'], security: BEARER }
const PATH = '/api/v1/signing-keys'

/** The keys that sign device tokens; their private parts never leave the data directory. */
export function addSigningKeyRoutes(app: App, keys: SigningKeys): void {
  addListAndAdd(app, keys)
  addReissue(app, keys)
  addRetire(app, keys)
}

function toWire({ id, createdAtMs, signs, liveTokens }: SigningKeyView): Static<typeof SigningKey> {
  return { id, created_at: createdAtMs, signs, live_tokens: liveTokens }
}

function addListAndAdd(app: App, keys: SigningKeys): void {
  const config = { access: 'admin' } as const
  const list = { operationId: 'listSigningKeys', summary: 'Keys that sign device tokens, with how many live by each' }
  app.get(
    PATH,
    { config, schema: { ...shared, ...list, querystring: NoQuery, response: { 200: SigningKeyList, ...problems() } } },
    async (_request, reply) => reply.code(200).send({ items: (await keys.list()).map(toWire) }),
  )
  const add = { operationId: 'addSigningKey', summary: 'Add a key, which signs new tokens from now on; old ones stay' }
  app.post(
    PATH,
    {
      config,
      schema: { ...shared, ...add, querystring: NoQuery, response: { 201: SigningKey, ...problems('too_many_keys') } },
    },
    async (_request, reply) => reply.code(201).send(toWire(await keys.add())),
  )
}

function addReissue(app: App, keys: SigningKeys): void {
  app.post(
    `${PATH}/:kid/reissue`,
    {
      config: { access: 'admin' },
      schema: {
        ...shared,
        operationId: 'reissueTokens',
        summary: 'Begin to replace the tokens of a key over the open sockets, some hundreds at a time',
        params: KeyParams,
        querystring: NoQuery,
        response: { 202: Reissue, ...problems('key_not_found', 'key_signs') },
      },
    },
    async (request, reply) => {
      const { started, busy, liveTokens } = await keys.reissue(request.params.kid)
      return reply.code(202).send({ started, busy, live_tokens: liveTokens })
    },
  )
}

function addRetire(app: App, keys: SigningKeys): void {
  app.delete(
    `${PATH}/:kid`,
    {
      config: { access: 'admin' },
      schema: {
        ...shared,
        operationId: 'retireSigningKey',
        summary: 'Remove a key for good; with force=true also while tokens of it live, which are revoked',
        params: KeyParams,
        querystring: RetireQuery,
        response: { 200: Retired, ...problems('key_not_found', 'key_signs', 'key_in_use') },
      },
    },
    async (request, reply) => {
      const revoked = await keys.retire(request.params.kid, { force: request.query.force === 'true' })
      return reply.code(200).send({ revoked })
    },
  )
}
