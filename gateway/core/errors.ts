/** Every answer that is not a success, once. REST shows them as problem+json; the bus and logs use the same codes. */
const ERRORS = {
  bad_request: { status: 400, retry: false, text: 'The request is not valid.' },
  unauthorized: { status: 401, retry: false, text: 'Log in, or send a valid API key.' },
  login_failed: { status: 401, retry: false, text: 'The name or the password is wrong.' },
  login_link_invalid: {
    status: 401,
    retry: false,
    text: 'This login link was used or has ended. Ask for a new one: npm run fairlead -- login-link',
  },
  forbidden: { status: 403, retry: false, text: 'This key may not do that.' },
  foreign_origin: { status: 403, retry: false, text: 'Another site may not act in the name of who is logged in here.' },
  password_wrong: { status: 403, retry: false, text: 'The present password is wrong.' },
  device_not_found: { status: 404, retry: false, text: 'There is no such device.' },
  token_not_found: { status: 404, retry: false, text: 'The device has no such token.' },
  key_not_found: { status: 404, retry: false, text: 'There is no such signing key.' },
  command_not_found: { status: 404, retry: false, text: 'There is no such command.' },
  batch_not_found: { status: 404, retry: false, text: 'There is no such batch of commands, or not any more.' },
  ban_not_found: { status: 404, retry: false, text: 'There is no such ban, or not any more.' },
  user_not_found: { status: 404, retry: false, text: 'There is no such user.' },
  api_key_not_found: { status: 404, retry: false, text: 'There is no such API key.' },
  route_not_found: { status: 404, retry: false, text: 'There is nothing at this address.' },
  device_exists: { status: 409, retry: false, text: 'A device with this id exists already.' },
  last_admin: {
    status: 409,
    retry: false,
    text: 'Nobody else could log in as an admin then; let another admin set a password first.',
  },
  user_exists: { status: 409, retry: false, text: 'A user with this name exists already.' },
  api_key_exists: { status: 409, retry: false, text: 'An API key with this name exists already.' },
  too_many_users: { status: 409, retry: false, text: 'There are as many users as there may be.' },
  too_many_api_keys: {
    status: 409,
    retry: false,
    text: 'There are as many API keys as there may be; revoke one first.',
  },
  command_exists: { status: 409, retry: false, text: 'A command with this id exists already.' },
  too_many_tokens: { status: 409, retry: false, text: 'The device has two live tokens; revoke one first.' },
  too_many_bans: { status: 409, retry: false, text: 'There are as many bans as there may be.' },
  no_live_token: { status: 409, retry: false, text: 'The device has no token that could be replaced; issue one.' },
  too_many_keys: {
    status: 409,
    retry: false,
    text: 'There are as many signing keys as there may be; retire one first.',
  },
  key_signs: { status: 409, retry: false, text: 'This key signs new tokens; add another one first.' },
  key_in_use: { status: 409, retry: false, text: 'Live tokens were signed by this key.' },
  rotation_in_progress: {
    status: 409,
    retry: false,
    text: 'A rotation has not ended: the device has not confirmed the new token, or the old one lives on beside it.',
  },
  command_in_flight: { status: 409, retry: false, text: 'The command was sent already; the device was asked to stop.' },
  command_final: { status: 409, retry: false, text: 'The command has ended.' },
  already_shown: {
    status: 409,
    retry: false,
    text: 'This request was carried out before; its token was shown then and is not shown again.',
  },
  precondition_failed: { status: 412, retry: false, text: 'It was changed since that ETag was read.' },
  too_large: { status: 413, retry: false, text: 'The body is too large.' },
  unsupported_media_type: { status: 415, retry: false, text: 'A body with this Content-Type is not taken here.' },
  idempotency_key_reused: {
    status: 422,
    retry: false,
    text: 'This Idempotency-Key was used for another request within the last 24 hours.',
  },
  queue_full: { status: 429, retry: true, text: 'The device has as many waiting commands as it may have.' },
  rate_limited: { status: 429, retry: true, text: 'Too many requests.' },
  internal: { status: 500, retry: false, text: 'Something went wrong inside the gateway.' },
  registry_unavailable: { status: 503, retry: true, text: 'The registry cannot be used at the moment.' },
  bus_full: { status: 503, retry: true, text: 'Too much is waiting for the bus.' },
  bus_refused: { status: 503, retry: false, text: 'The bus does not take this message.' },
  stopping: { status: 503, retry: true, text: 'The gateway is stopping.' },
} as const

export type ErrorCode = keyof typeof ERRORS

/** The error class of the core. `detail` is for the person who reads it and never holds a secret or a payload. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly retry: boolean

  constructor(code: ErrorCode, detail?: string, cause?: unknown) {
    super(detail ?? ERRORS[code].text, { cause })
    this.name = 'GatewayError'
    this.code = code
    this.status = ERRORS[code].status
    this.retry = ERRORS[code].retry
  }
}

/** Refused for its rate; `retryAfterS` is when the window ends. */
export class RateRefusal extends GatewayError {
  readonly retryAfterS: number

  constructor(retryAfterS: number) {
    super('rate_limited')
    this.retryAfterS = retryAfterS
  }
}
