import type { NodeReport } from '../../core/node/report.ts'
import type { App } from './app.ts'
import { BEARER, problems } from './documented.ts'
import { Node } from './node-schemas.ts'
import { NoQuery } from './schemas.ts'

export function addNodeRoute(app: App, node: () => NodeReport): void {
  app.get(
    '/api/v1/node',
    {
      config: { access: 'viewer' },
      schema: {
        tags: ['system'],
        security: BEARER,
        operationId: 'getNode',
        summary: 'How this gateway, its bus and its registry are',
        querystring: NoQuery,
        response: { 200: Node, ...problems() },
      },
    },
    async (_request, reply) => reply.code(200).send(node()),
  )
}
