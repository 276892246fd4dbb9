import type { Operator } from '../../core/operator.ts'
import type { App } from './app.ts'
import { ConnectionList, ConnectionQuery, connectionToWire } from './connection-schemas.ts'
import { BEARER, problems } from './documented.ts'
import { DeviceParams, pageLimit } from './schemas.ts'

/** How a device was connected. */
export function addConnectionRoute(app: App, operator: Pick<Operator, 'connections'>): void {
  app.get(
    '/api/v1/devices/:id/connections',
    {
      config: { access: 'viewer' },
      schema: {
        tags: ['devices'],
        security: BEARER,
        params: DeviceParams,
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
}
