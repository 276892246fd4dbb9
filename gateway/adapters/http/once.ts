import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Once } from '../../core/records.ts'

/** For routes that make something: a caller that saw no answer may ask again. */
export const OnceHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,255}$',
      description:
        'Chosen by the caller, who may repeat the request with it for 24 hours: it is carried out once. The same key ' +
        'with another request is 422 `idempotency_key_reused`.',
      examples: ['8e03978e-40d5-43e8-bc93-6894a57f9324'],
    }),
  ),
})

/** Who asks with which key, and for what. The query is left out: how long to wait is no part of what is asked. */
export function onceOf(request: FastifyRequest): Once | undefined {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string') return undefined
  const path = request.url.split('?', 1)[0]
  return {
    key: sha256(JSON.stringify([request.caller?.kind, request.caller?.name, key])),
    request: sha256(JSON.stringify([request.method, path, request.body])),
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
