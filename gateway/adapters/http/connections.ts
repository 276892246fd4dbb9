import type { Operator } from '../../core/operator.ts'
import type { App } from './app.ts'
import { ConnectionList, ConnectionQuery, connectionToWire } from './connection-schemas.ts'
import { BEARER, NoContent, problems } from './documented.ts'
import { addQuarantineRoutes } from './quarantines.ts'
import { DeviceParams, NoQuery, pageLimit } from './schemas.ts'

const shared = { tags: ['devices'], security: BEARER, params: DeviceParams }

/** How a device was connected, which ones are quarantined, and the end of that. */
export function addConnectionRoutes(app: App, operator: Operator): void {
  addQuarantineRoutes(app, operator)
  app.get(
    '/api/v1/devices/:id/connections',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        operationId: 'listConnections',
        summary: 'Connections of a device, newest first',
        description: 'The last 50. A connection shows here within a second or two.',
        querystring: ConnectionQuery,
        response: { 200: ConnectionList, ...problems('device_not_found') },
      },
    },
    async (request, reply) => {
      const { limit, before } = request.query
      const page = await operator.connections(request.params.id, { before, limit: pageLimit(limit) })
      return reply.code(200).send({ items: page.items.map(connectionToWire), next: page.next ?? null })
    },
  )
  app.delete(
    '/api/v1/devices/:id/quarantine',
    {
      config: { access: 'operator' },
      schema: {
        ...shared,
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
