import { Type } from 'typebox'
import type { Ban as BanRow } from '../../core/ban-store.ts'
import type { Bans } from '../../core/bans.ts'
import type { App } from './app.ts'
import { BEARER, bodyProblems, NoContent, problems, withHeaders } from './documented.ts'
import { closed, Limit, Name, NoQuery, pageLimit, TimeMs } from './schemas.ts'

/** Longer is for ever: leave the end out. */
const BAN_MAX_S = 10 * 365 * 24 * 3600
const REASON_MAX = 200
/** An IPv6 network in full. */
const ADDRESS_MAX = 64
const PATH = '/api/v1/bans'
const shared = { tags: ['bans'], security: BEARER }

const BanInput = Type.Object(
  {
    address: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: ADDRESS_MAX,
        description: 'Either an IP address, or a network in CIDR notation …',
        examples: ['203.0.113.7', '2001:db8::/32'],
      }),
    ),
    device: Type.Optional(Name('… or a device.')),
    ttl_s: Type.Optional(
      Type.Integer({ minimum: 1, maximum: BAN_MAX_S, description: 'How long; absent: until it is lifted.' }),
    ),
    reason: Type.Optional(Type.String({ maxLength: REASON_MAX, description: 'For people.' })),
  },
  { ...closed, title: 'BanInput', examples: [{ address: '203.0.113.0/24', ttl_s: 3600, reason: 'guesses tokens' }] },
)

const Ban = Type.Object(
  {
    id: Name('Id of the ban.'),
    address: Type.Optional(Type.String({ description: 'The address or network that is kept out.' })),
    device: Type.Optional(Name('The device that is kept out.')),
    reason: Type.Optional(Type.String()),
    created_at: TimeMs('When it began.'),
    ends_at: Type.Union([TimeMs('When it ends.'), Type.Null()], { description: 'Null: when it is lifted.' }),
  },
  { ...closed, title: 'Ban', description: 'Who is kept out.' },
)
const BanList = Type.Object(
  { items: Type.Array(Ban), next: Type.Union([Type.String(), Type.Null()]) },
  { ...closed, title: 'BanList', description: 'One page by id; `next` is null on the last.' },
)
const BansQuery = Type.Object(
  { limit: Type.Optional(Limit), after: Type.Optional(Name('`next` of the page before.')) },
  closed,
)
const BanParams = Type.Object({ ban: Name('Id of the ban.') }, closed)

export function addBanRoutes(app: App, bans: Bans): void {
  addCreate(app, bans)
  addList(app, bans)
  addRemove(app, bans)
}

function addCreate(app: App, bans: Bans): void {
  app.post(
    PATH,
    {
      config: { access: 'admin', auditFields: ['address', 'device', 'ttl_s'] },
      schema: {
        ...shared,
        operationId: 'addBan',
        summary: 'Keep an address or a device out',
        description:
          'Ends its device sessions with 4503 and takes no more: sockets of an address are closed before TLS, a device ' +
          'is answered 403. A ban of the same address or device is replaced. The address that asks, and the one of ' +
          'the gateway, cannot be banned.',
        querystring: NoQuery,
        body: BanInput,
        response: { 201: withHeaders(Ban, { Location: 'Path of the ban.' }), ...bodyProblems('too_many_bans') },
      },
    },
    async (request, reply) => {
      const { ttl_s: ttlS, ...input } = request.body
      const ban = await bans.add({ ...input, ttlS }, request.address)
      request.auditDevice = ban.device
      return reply.code(201).header('Location', `${PATH}/${ban.id}`).send(banToWire(ban))
    },
  )
}

function addList(app: App, bans: Bans): void {
  app.get(
    PATH,
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'listBans',
        summary: 'Who is kept out',
        querystring: BansQuery,
        response: { 200: BanList, ...problems() },
      },
    },
    async (request, reply) => {
      const { after, limit } = request.query
      const { items, next } = bans.list({ after, limit: pageLimit(limit) })
      return reply.code(200).send({ items: items.map(banToWire), next: next ?? null })
    },
  )
}

function addRemove(app: App, bans: Bans): void {
  app.delete(
    `${PATH}/:ban`,
    {
      config: { access: 'admin' },
      schema: {
        ...shared,
        operationId: 'liftBan',
        summary: 'Lift a ban',
        params: BanParams,
        querystring: NoQuery,
        response: { 204: NoContent, ...problems('ban_not_found') },
      },
    },
    async (request, reply) => {
      await bans.remove(request.params.ban)
      return reply.code(204).send(null)
    },
  )
}

function banToWire({ id, address, device, reason, createdAtMs, endsAtMs }: BanRow) {
  return { id, address, device, reason, created_at: createdAtMs, ends_at: endsAtMs ?? null }
}
