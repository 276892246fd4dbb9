import { STATUS_CODES } from 'node:http'
import { NAME_PATTERN } from '../../../protocol/names.ts'
import { type ErrorCode, GatewayError, RateRefusal } from '../../core/errors.ts'

/** What only HTTP has to say; every other code is in the core's table. */
const HTTP_ONLY = {
  method_not_allowed: { status: 405, retry: false, text: 'This address does not take that method.' },
  upgrade_required: { status: 426, retry: false, text: 'This address speaks WebSocket, subprotocol fairlead.v1.' },
} as const

type HttpOnlyCode = keyof typeof HTTP_ONLY

/** A refusal for which the core has no word, with the headers that HTTP asks for. */
export class HttpRefusal extends Error {
  readonly code: HttpOnlyCode
  readonly headers: Readonly<Record<string, string>>

  constructor(code: HttpOnlyCode, headers: Readonly<Record<string, string>> = {}) {
    super(HTTP_ONLY[code].text)
    this.code = code
    this.headers = headers
  }
}

/** RFC 9457, with our stable `code` and whether the same request may succeed later. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode | HttpOnlyCode
  readonly retry: boolean
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

export interface ProblemAnswer {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
  /** True when it is our fault and belongs into the log. */
  readonly unexpected: boolean
}

/** A waiting queue moves as fast as its device; a store or bus that is away is asked again sooner. */
const RETRY_AFTER_S: Readonly<Record<number, number>> = { 429: 10, 503: 5 }

/** Any thrown value as an answer. What is not known to be the caller's fault says nothing about itself. */
export function toProblem(error: unknown): ProblemAnswer {
  if (error instanceof HttpRefusal) {
    const { status, retry } = HTTP_ONLY[error.code]
    return answer(error.code, status, error.message, retry, error.headers)
  }
  if (error instanceof GatewayError) return fromGatewayError(error)
  const clientError = fromFastify(error)
  if (clientError) return fromGatewayError(clientError)
  return { ...fromGatewayError(new GatewayError('internal')), unexpected: true }
}

function fromGatewayError(error: GatewayError): ProblemAnswer {
  const after = error instanceof RateRefusal ? error.retryAfterS : RETRY_AFTER_S[error.status]
  const headers: Record<string, string> = {}
  if (error.retry && after !== undefined) headers['Retry-After'] = String(Math.max(1, after))
  if (error.code === 'unauthorized') headers['WWW-Authenticate'] = 'Bearer realm="fairlead"'
  return answer(error.code, error.status, error.message, error.retry, headers)
}

function answer(
  code: Problem['code'],
  status: number,
  detail: string,
  retry: boolean,
  headers: Readonly<Record<string, string>>,
): ProblemAnswer {
  const title = STATUS_CODES[status] ?? 'Error'
  return { problem: { type: 'about:blank', title, status, detail, code, retry }, headers, unexpected: false }
}

/** What fastify and its parsers throw for a request that is wrong; undefined for everything else. */
function fromFastify(error: unknown): GatewayError | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, statusCode, validation, validationContext } = error as Error & {
    code?: unknown
    statusCode?: unknown
    validation?: unknown
    validationContext?: unknown
  }
  if (Array.isArray(validation))
    return new GatewayError('bad_request', describeValidation(validation[0], partOf(validationContext)))
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new GatewayError('too_large')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new GatewayError('unsupported_media_type')
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new GatewayError('bad_request', 'A part of the path is too long.')
  if (code === 'FST_ERR_BAD_URL') return new GatewayError('bad_request', 'The path is not a valid URL path.')
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return new GatewayError('bad_request', 'The body is empty.')
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return undefined
  // The parser's own message would quote the body, which may hold a secret.
  return new GatewayError('bad_request', 'The body is not valid JSON.')
}

interface ValidationError {
  readonly keyword: string
  readonly instancePath: string
  readonly message?: string
  readonly params?: object
}

/** [N-1] */
const NAME_IN_WORDS = '1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit'

/** A name that the caller chose is repeated only so far. */
const FIELD_SHOWN_MAX = 80

function partOf(context: unknown): string {
  return context === 'querystring' ? 'query' : String(context)
}

/** Names the field at fault: `body.ttl_s must be integer`. */
export function describeValidation(first: ValidationError | undefined, part: string): string {
  const where = `${part}${(first?.instancePath ?? '').replaceAll('/', '.')}`.slice(0, FIELD_SHOWN_MAX)
  if (first?.keyword === 'boolean') return `${where} is not a known field`
  const { requiredProperties, allowedValues, pattern } = { ...first?.params } as {
    requiredProperties?: readonly string[]
    allowedValues?: readonly unknown[]
    pattern?: string
  }
  if (pattern === NAME_PATTERN) return `${where} must be ${NAME_IN_WORDS}`
  if (allowedValues !== undefined) return `${where} is not one of ${allowedValues.join(', ')}`
  const missing = requiredProperties?.[0]
  if (missing !== undefined) return `${where}.${missing} is missing`
  return `${where} ${first?.message ?? 'is not valid'}`
}
