import { type TSchema, Type } from 'typebox'
import { ProblemSchema } from './schemas.ts'

/** What each status means in this API, as the OpenAPI document says it. */
const MEANING: Readonly<Record<number, string>> = {
  400: 'The request is not valid; `detail` names the field.',
  401: 'No API key or session, or one that is not valid.',
  403: 'The role or the scopes do not allow this, or another site asks.',
  404: 'There is no such thing.',
  409: 'It contradicts what is there; `code` says how.',
  412: 'It was changed since that ETag was read.',
  413: 'The body is too large, or asks for too much at once.',
  415: 'The body is of a kind that is not taken here.',
  422: 'The Idempotency-Key was used for another request.',
  429: 'Too many requests or too many waiting commands; see `Retry-After`.',
  500: 'A fault inside the gateway. It is in its log.',
  503: 'The registry or the bus is away, or the gateway is stopping; see `Retry-After`.',
}
const ALWAYS = [400, 401, 403, 429, 500, 503]
const WITH_BODY = [413, 415]

/**
 * The error answers of a route, to be spread into its `response`. Typed as nothing, so that the compiler checks
 * handlers against their successes only.
 */
export function problems(...statuses: readonly number[]): object {
  return responses([...ALWAYS, ...statuses])
}

/** The same for a route that reads a body. */
export function bodyProblems(...statuses: readonly number[]): object {
  return responses([...ALWAYS, ...WITH_BODY, ...statuses])
}

/** The same for a route that needs no key. */
export function publicProblems(): object {
  return responses([400, 500])
}

/** The same for a route that lets somebody in. */
export function loginProblems(...statuses: readonly number[]): object {
  return responses([400, 401, 403, 429, 500, 503, ...WITH_BODY, ...statuses])
}

function responses(statuses: readonly number[]): Record<number, object> {
  const content = { 'application/problem+json': { schema: ProblemSchema } }
  return Object.fromEntries(statuses.map((status) => [status, { description: MEANING[status], content }]))
}

/** A success that carries headers worth documenting. */
export function withHeaders<T extends TSchema>(schema: T, headers: Readonly<Record<string, string>>): T {
  const described = Object.entries(headers).map(([name, description]) => [name, { type: 'string', description }])
  return { ...schema, headers: Object.fromEntries(described) }
}

export const NoContent = Type.Null({ description: 'Done.' })

/** An API key, or the cookie of the dashboard. */
export const BEARER: readonly Readonly<Record<string, string[]>>[] = [{ bearer: [] }, { session: [] }]
