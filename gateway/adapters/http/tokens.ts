import { Type } from 'typebox'
import type { Operator } from '../../core/operator.ts'
import type { App } from './app.ts'
import { BEARER, bodyProblems, NoContent, problems, withHeaders } from './documented.ts'
import { OnceHeader, onceOf } from './once.ts'
import {
  DeviceParams,
  NoQuery,
  RotationInput,
  RotationStarted,
  TokenInput,
  TokenIssued,
  TokenList,
  TokenParams,
} from './schemas.ts'
import { issuedToWire, tokenToWire } from './wire.ts'

const TokensRevoked = Type.Object(
  { revoked: Type.Integer({ minimum: 0, description: 'Tokens that were not revoked before.' }) },
  { additionalProperties: false, title: 'TokensRevoked', description: 'The device has no live token any more.' },
)

const shared = { tags: ['tokens'], security: BEARER }

export function addTokenRoutes(app: App, operator: Operator): void {
  addList(app, operator)
  addIssue(app, operator)
  addRotate(app, operator)
  addRevoke(app, operator)
  addRevokeAll(app, operator)
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
        response: { 200: TokenList, ...problems('device_not_found') },
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
      config: { access: 'admin', adds: true, auditFields: ['expires_in_s'] },
      preValidation: takeNoBody,
      schema: {
        ...shared,
        operationId: 'issueToken',
        summary: 'Issue one more token; a device has at most two that live',
        params: DeviceParams,
        querystring: NoQuery,
        headers: OnceHeader,
        body: TokenInput,
        response: {
          201: withHeaders(TokenIssued, { Location: 'Path of the token.' }),
          ...bodyProblems('device_not_found', 'too_many_tokens', 'already_shown', 'idempotency_key_reused'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const issued = await operator.issueToken(id, { expiresInS: request.body.expires_in_s }, onceOf(request))
      const location = `/api/v1/devices/${id}/tokens/${issued.id}`
      return reply.code(201).header('Location', location).send(issuedToWire(issued))
    },
  )
}

function addRotate(app: App, operator: Operator): void {
  app.post(
    '/api/v1/devices/:id/tokens/rotate',
    {
      config: { access: 'admin', auditFields: ['overlap_s'] },
      preValidation: takeNoBody,
      schema: {
        ...shared,
        operationId: 'rotateToken',
        summary: 'Replace the token of a device over its open socket',
        description:
          'Answers when the new token is stored; nobody but the device sees its text. The old token ends `overlap_s` ' +
          'after the device has confirmed the new one, and not before.',
        params: DeviceParams,
        querystring: NoQuery,
        body: RotationInput,
        response: {
          202: RotationStarted,
          ...bodyProblems('device_not_found', 'no_live_token', 'too_many_tokens', 'rotation_in_progress'),
        },
      },
    },
    async (request, reply) => {
      const { overlap_s: overlapS } = request.body
      const { id, state } = await operator.rotateToken(request.params.id, { overlapS })
      return reply.code(202).send({ id, state })
    },
  )
}

/** Nothing needs to be said where the defaults will do, so a request without a body is one. */
async function takeNoBody(request: { body: unknown }): Promise<void> {
  if (request.body === undefined) request.body = {}
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
        response: { 204: NoContent, ...problems('device_not_found', 'token_not_found') },
      },
    },
    async (request, reply) => {
      await operator.revokeToken(request.params.id, request.params.tid)
      return reply.code(204).send(null)
    },
  )
}

function addRevokeAll(app: App, operator: Operator): void {
  app.delete(
    '/api/v1/devices/:id/tokens',
    {
      config: { access: 'admin' },
      schema: {
        ...shared,
        operationId: 'revokeAllTokens',
        summary: 'Revoke every token of a device, also one that is being rotated in, and close its socket',
        params: DeviceParams,
        querystring: NoQuery,
        response: { 200: TokensRevoked, ...problems('device_not_found') },
      },
    },
    async (request, reply) => reply.code(200).send({ revoked: await operator.revokeTokens(request.params.id) }),
  )
}
