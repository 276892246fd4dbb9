/** What the HTTP side of a handshake must look like. Pure: no token is checked here. */

export interface UpgradeRequest {
  readonly method: string
  /** Path and query, as the client sent it. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The peer's address. */
  readonly address: string
}

/** [H-3] An answer instead of the 101. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 426 | 429 | 503
  /** Stable, for problem+json, logs and metrics. */
  readonly code: string
  readonly detail: string
  readonly retryAfterS?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** [H-1] */
export const DEVICE_PATH = '/device/v1'
export const SUBPROTOCOL = 'fairlead.v1'
const WEBSOCKET_HEADERS = { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }
/** A query that names one of these carries a secret into logs and histories [H-5]. */
const SECRET_PARAMETERS = ['token', 'access_token', 'authorization', 'auth', 'key', 'api_key', 'apikey', 'jwt']
const BEARER = /^Bearer ([A-Za-z0-9._~+/-]{1,4096}=*)$/i
const WEBSOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/

/** The bearer token of a well-formed handshake, or the refusal. The order of the checks is that of [H-4]. */
export function readUpgrade(request: UpgradeRequest): { token: string } | Refusal {
  return pathRefusal(request) ?? versionRefusal(request) ?? formRefusal(request) ?? readBearer(request)
}

/** A header that must occur once; a list or a repeated header gives undefined. */
function single(request: UpgradeRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

export function pathRefusal(request: UpgradeRequest): Refusal | undefined {
  const path = request.target.split('?', 1)[0]
  if (path !== DEVICE_PATH) {
    return { status: 404, code: 'route_not_found', detail: `Devices connect to ${DEVICE_PATH}.` }
  }
  if (request.method === 'GET') return undefined
  return { status: 405, code: 'method_not_allowed', detail: 'A handshake is a GET.', headers: { Allow: 'GET' } }
}

/** [H-6] */
function versionRefusal(request: UpgradeRequest): Refusal | undefined {
  const refuse = (detail: string): Refusal => ({
    status: 426,
    code: 'upgrade_required',
    detail,
    headers: WEBSOCKET_HEADERS,
  })
  if (single(request, 'upgrade')?.toLowerCase() !== 'websocket') return refuse('This address speaks WebSocket only.')
  if (single(request, 'sec-websocket-version') !== '13') return refuse('WebSocket version 13 is needed.')
  const offered = (single(request, 'sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
  return offered.includes(SUBPROTOCOL) ? undefined : refuse(`Subprotocol ${SUBPROTOCOL} is needed.`)
}

/** [H-5] [H-7] */
function formRefusal(request: UpgradeRequest): Refusal | undefined {
  const query = request.target.split('?').slice(1).join('?')
  for (const [name, value] of new URLSearchParams(query)) {
    if (SECRET_PARAMETERS.includes(name.toLowerCase()) || value.startsWith('eyJ')) {
      return { status: 400, code: 'token_in_url', detail: 'A token must travel in the Authorization header only.' }
    }
  }
  if (!WEBSOCKET_KEY.test(single(request, 'sec-websocket-key') ?? '')) {
    return { status: 400, code: 'bad_request', detail: 'Sec-WebSocket-Key is not 16 bytes in base64.' }
  }
  const origin = request.headers.origin
  if (origin === undefined || origin === 'file://') return undefined // what the Arduino client sends
  return { status: 403, code: 'foreign_origin', detail: 'Browsers do not connect here.' }
}

/** [H-8] One answer, whatever is wrong with the token. */
export const UNAUTHORIZED: Refusal = {
  status: 401,
  code: 'invalid_token',
  detail: 'The device token is missing or not valid.',
  headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
}

function readBearer(request: UpgradeRequest): { token: string } | Refusal {
  const token = BEARER.exec(single(request, 'authorization') ?? '')?.[1]
  return token === undefined ? UNAUTHORIZED : { token }
}
