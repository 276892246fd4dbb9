import type { Operator } from '../../core/operator.ts'
import type { App } from './app.ts'
import { BEARER, bodyProblems, NoContent, problems, withHeaders } from './documented.ts'
import { DeviceParams, NoQuery, TokenInput, TokenIssued, TokenList, TokenParams } from './schemas.ts'
import { issuedToWire, tokenToWire } from './wire.ts'

const shared = { tags: ['tokens'], security: BEARER }

export function addTokenRoutes(app: App, operator: Operator): void {
  addList(app, operator)
  addIssue(app, operator)
  addRevoke(app, operator)
}

function addList(app: App, operator: Operator): void {
  app.get(
    '/api/v1/devices/:id/tokens',
    {
      config: { access: 'admin' },
      schema: {
        ...shared,
        operationId: 'listTokens',
        summary: 'Tokens of a device, without their text',
        params: DeviceParams,
        querystring: NoQuery,
        response: { 200: TokenList, ...problems(404) },
      },
    },
    async (request, reply) => {
      const rows = await operator.listTokens(request.params.id)
      return reply.code(200).send({ items: rows.map(tokenToWire) })
    },
  )
}

function addIssue(app: App, operator: Operator): void {
  app.post(
    '/api/v1/devices/:id/tokens',
    {
      config: { access: 'admin' },
      // Nothing needs to be said about a token without an end, so a request without a body is one.
      preValidation: async (request) => {
        if (request.body === undefined) request.body = {}
      },
      schema: {
        ...shared,
        operationId: 'issueToken',
        summary: 'Issue one more token; a device has at most two that live',
        params: DeviceParams,
        querystring: NoQuery,
        body: TokenInput,
        response: { 201: withHeaders(TokenIssued, { Location: 'Path of the token.' }), ...bodyProblems(404, 409) },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const issued = await operator.issueToken(id, { expiresInS: request.body.expires_in_s })
      const location = `/api/v1/devices/${id}/tokens/${issued.id}`
      return reply.code(201).header('Location', location).send(issuedToWire(issued))
    },
  )
}

function addRevoke(app: App, operator: Operator): void {
  app.delete(
    '/api/v1/devices/:id/tokens/:tid',
    {
      config: { access: 'admin' },
      schema: {
        ...shared,
        operationId: 'revokeToken',
        summary: 'Revoke a token and close the socket that uses it',
        params: TokenParams,
        querystring: NoQuery,
        response: { 204: NoContent, ...problems(404) },
      },
    },
    async (request, reply) => {
      await operator.revokeToken(request.params.id, request.params.tid)
      return reply.code(204).send(null)
    },
  )
}
