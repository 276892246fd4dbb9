import { Type } from 'typebox'
import { LOG_LEVELS } from '../../../protocol/messages.ts'
import { allows, type Role } from '../../core/access/ports.ts'
import { GatewayError } from '../../core/errors.ts'
import type { RecentEvent, RecentEvents } from '../../core/recent-events.ts'
import type { App } from './app.ts'
import { BEARER, problems } from './documented.ts'
import { closed, Limit, Name, pageLimit, TimeMs } from './schemas.ts'

/** As on the live socket. */
const LOGS_NEED: Role = 'operator'

const EventsQuery = Type.Object(
  {
    limit: Type.Optional(Limit),
    before: Type.Optional(Type.Integer({ minimum: 1, description: '`next` of the page before.' })),
    device: Type.Optional(Name('Only of this device.')),
    kind: Type.Optional(Type.Enum(['event', 'log'], { description: 'Only events, or only log lines.' })),
    name: Type.Optional(Name('Only events of this name.')),
    level: Type.Optional(Type.Enum([...LOG_LEVELS], { description: 'Only log lines of this level or a worse one.' })),
  },
  closed,
)

const Entry = Type.Object(
  {
    id: Type.Integer({ description: 'Rises, also over a restart of the gateway.' }),
    at: TimeMs('When the gateway heard it.'),
    device: Name('Id of the device.'),
    kind: Type.Enum(['event', 'log']),
    name: Type.Optional(Name('Of an event.')),
    data: Type.Optional(Type.Unknown({ description: 'Of an event.' })),
    level: Type.Optional(Type.String({ description: 'Of a log line.' })),
    text: Type.Optional(Type.String({ description: 'Of a log line.' })),
  },
  {
    ...closed,
    title: 'DeviceEvent',
    examples: [
      { id: 1, at: 1_767_225_600_000, device: 'greenhouse-1', kind: 'event', name: 'door', data: { open: true } },
    ],
  },
)
const EventList = Type.Object(
  { items: Type.Array(Entry), next: Type.Union([Type.Integer(), Type.Null()]) },
  { ...closed, title: 'EventList', description: 'One page, newest first; `next` is null on the last.' },
)

export function addEventRoutes(app: App, recent: RecentEvents): void {
  app.get(
    '/api/v1/events',
    {
      config: { access: 'viewer' },
      schema: {
        tags: ['events'],
        security: BEARER,
        operationId: 'listEvents',
        summary: 'The latest events and log lines of devices, newest first',
        description:
          'At most 5,000 and 4 MiB, in memory, since the gateway started: for a look. All of them are on the bus, ' +
          'for whoever keeps a history. Log lines need the role operator: to a viewer events alone are shown.',
        querystring: EventsQuery,
        response: { 200: EventList, ...problems() },
      },
    },
    async (request, reply) => {
      const { limit, ...filters } = request.query
      const kind = kindFor(request.caller?.role, filters)
      const { items, next } = recent.list({ ...filters, kind, limit: pageLimit(limit) })
      return reply.code(200).send({ items: items.map(eventToWire), next: next ?? null })
    },
  )
}

/** Firmware writes what it likes into its log, so that is not for everybody. */
function kindFor(
  role: Role = 'viewer',
  asked: { kind?: RecentEvent['kind']; level?: string },
): RecentEvent['kind'] | undefined {
  if (allows(role, LOGS_NEED)) return asked.kind
  if (asked.kind === 'log' || asked.level !== undefined) {
    throw new GatewayError('forbidden', `Log lines need the role ${LOGS_NEED}.`)
  }
  return 'event'
}

function eventToWire({ id, atMs, device, kind, name, data, level, text }: RecentEvent) {
  return { id, at: atMs, device, kind, name, data, level, text }
}
