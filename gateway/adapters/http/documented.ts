import { type TSchema, Type } from 'typebox'
import { type ErrorCode, GatewayError } from '../../core/errors.ts'
import { type Problem, toProblem } from './problems.ts'
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
const ALWAYS: readonly ErrorCode[] = [
  'bad_request',
  'unauthorized',
  'forbidden',
  'foreign_origin',
  'rate_limited',
  'internal',
  'registry_unavailable',
  'stopping',
]
const WITH_BODY: readonly ErrorCode[] = ['too_large', 'unsupported_media_type']

/**
 * The error answers of a route, to be spread into its `response`: those that every route has, and these. Typed as
 * nothing, so that the compiler checks handlers against their successes only.
 */
export function problems(...codes: readonly ErrorCode[]): object {
  return responses([...ALWAYS, ...codes])
}

/** The same for a route that reads a body. */
export function bodyProblems(...codes: readonly ErrorCode[]): object {
  return responses([...ALWAYS, ...WITH_BODY, ...codes])
}

/** The same for a route that needs no key. */
export function publicProblems(): object {
  return responses(['bad_request', 'internal', 'stopping'])
}

/** The same for a route that lets somebody in. */
export function loginProblems(...codes: readonly ErrorCode[]): object {
  return responses([...ALWAYS.filter((code) => code !== 'forbidden'), ...WITH_BODY, ...codes])
}

/** For a route of which a status may be its own answer or a problem: the content type tells them apart. */
export function withProblems<T extends Readonly<Record<number, TSchema>>>(own: T, problems: object): T {
  const both: Record<string, object> = { ...own }
  for (const [status, problem] of Object.entries(problems)) {
    const schema = own[Number(status)]
    const json = schema === undefined ? {} : { 'application/json': { schema } }
    both[status] = { ...problem, content: { ...json, ...problem.content } }
  }
  return both as T
}

/** By status, each with its codes as examples: in the document they are told apart by name. */
function responses(codes: readonly ErrorCode[]): Record<number, object> {
  const found: Record<number, { description: string | undefined; content: Record<string, ProblemMedia> }> = {}
  for (const code of codes) {
    const { problem } = toProblem(new GatewayError(code))
    const { status } = problem
    const content = { 'application/problem+json': { schema: ProblemSchema, examples: {} as ProblemMedia['examples'] } }
    found[status] ??= { description: MEANING[status], content }
    const media = found[status].content['application/problem+json']
    if (media !== undefined) media.examples[code] = { value: problem }
  }
  return found
}

interface ProblemMedia {
  readonly schema: TSchema
  readonly examples: Record<string, { readonly value: Problem }>
}

/** A success that carries headers worth documenting. */
export function withHeaders<T extends TSchema>(schema: T, headers: Readonly<Record<string, string>>): T {
  const described = Object.entries(headers).map(([name, description]) => [name, { type: 'string', description }])
  return { ...schema, headers: Object.fromEntries(described) }
}

export const NoContent = Type.Null({ description: 'Done.' })

/** An API key, or the cookie of the dashboard. */
export const BEARER: readonly Readonly<Record<string, string[]>>[] = [{ bearer: [] }, { session: [] }]
