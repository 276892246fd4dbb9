import { Type } from 'typebox'
import type { Operator } from '../../core/operator.ts'
import type { App } from './app.ts'
import { BEARER, NoContent, problems } from './documented.ts'
import { closed, DeviceParams, Limit, Name, NoQuery, pageLimit, TimeMs } from './schemas.ts'

const QuarantinesQuery = Type.Object(
  { limit: Type.Optional(Limit), after: Type.Optional(Name('`next` of the page before.')) },
  closed,
)
const Quarantined = Type.Object(
  {
    device: Name('Id of the device.'),
    since: TimeMs('When it began.'),
    until: TimeMs('When it ends by itself.'),
    addresses: Type.Array(Type.String(), { description: 'Where the holders of its token came from.' }),
  },
  {
    ...closed,
    title: 'QuarantinedDevice',
    examples: [
      {
        device: 'greenhouse-1',
        since: 1_767_225_600_000,
        until: 1_767_225_900_000,
        addresses: ['192.0.2.7', '198.51.100.3'],
      },
    ],
  },
)
const QuarantineList = Type.Object(
  { items: Type.Array(Quarantined), next: Type.Union([Type.String(), Type.Null()]) },
  { ...closed, title: 'QuarantineList', description: 'One page by device; `next` is null on the last.' },
)

const shared = { tags: ['devices'], security: BEARER }

/** Which devices are quarantined, and the end of that. */
export function addQuarantineRoutes(app: App, operator: Pick<Operator, 'quarantines' | 'releaseDevice'>): void {
  addList(app, operator)
  addRelease(app, operator)
}

function addList(app: App, operator: Pick<Operator, 'quarantines'>): void {
  app.get(
    '/api/v1/quarantines',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'listQuarantines',
        summary: 'Devices that are quarantined, since two use one token',
        description: '`DELETE /devices/{id}/quarantine` lets one connect again before its time.',
        querystring: QuarantinesQuery,
        response: { 200: QuarantineList, ...problems() },
      },
    },
    async (request, reply) => {
      const { after, limit } = request.query
      const { items, next } = operator.quarantines({ after, limit: pageLimit(limit) })
      const shown = items.map(({ device, sinceMs: since, untilMs: until, addresses }) => ({
        ...{ device, since, until },
        addresses: [...addresses],
      }))
      return reply.code(200).send({ items: shown, next: next ?? null })
    },
  )
}

function addRelease(app: App, operator: Pick<Operator, 'releaseDevice'>): void {
  app.delete(
    '/api/v1/devices/:id/quarantine',
    {
      config: { access: 'operator' },
      schema: {
        ...shared,
        params: DeviceParams,
        operationId: 'releaseDevice',
        summary: 'Let a quarantined device connect again',
        description: 'Give one of the two devices a token of its own first, or it begins anew.',
        querystring: NoQuery,
        response: { 204: NoContent, ...problems('device_not_found') },
      },
    },
    async (request, reply) => {
      await operator.releaseDevice(request.params.id)
      return reply.code(204).send(null)
    },
  )
}
