/**
 * Why a session ended and who may come back when.
 * `backoff`: by the client's own full-jitter back-off. `hint`: after `retry_after_ms` of the `bye`, 60 s where none
 * came. `person`: somebody must act; the device tries again every 5 to 15 minutes, never gives up and never erases
 * its credentials.
 */
export type ComeBack = 'backoff' | 'hint' | 'person'

export interface CloseCode {
  readonly code: number
  /** Short, without user text; goes into `bye`, the close frame, presence, logs and metrics. */
  readonly reason: string
  readonly comeBack: ComeBack
  /** The hint that `bye` carries by default. */
  readonly retryAfterMs: number
}

const own = (code: number, reason: string, retryAfterMs: number): CloseCode => ({
  code,
  reason,
  comeBack: code >= 4500 ? 'person' : 'hint',
  retryAfterMs,
})

export const CLOSE = {
  goingAway: { code: 1001, reason: 'going_away', comeBack: 'backoff', retryAfterMs: 1_000 },
  tooBig: { code: 1009, reason: 'too_big', comeBack: 'hint', retryAfterMs: 60_000 },
  internal: { code: 1011, reason: 'internal_error', comeBack: 'backoff', retryAfterMs: 5_000 },
  restart: { code: 1012, reason: 'restart', comeBack: 'hint', retryAfterMs: 1_000 },
  overload: { code: 1013, reason: 'overload', comeBack: 'hint', retryAfterMs: 10_000 },
  tokenExpired: own(4001, 'token_expired', 5_000),
  forbidden: own(4003, 'forbidden_message', 60_000),
  slowConsumer: own(4008, 'slow_consumer', 5_000),
  replaced: own(4009, 'replaced', 60_000),
  noHeartbeat: own(4012, 'heartbeat_timeout', 1_000),
  tooMany: own(4013, 'window_overstepped', 10_000),
  malformed: own(4014, 'malformed_messages', 60_000),
  noHello: own(4015, 'no_hello', 60_000),
  connectionLimit: own(4016, 'connection_limit', 300_000),
  busUnavailable: own(4021, 'bus_unavailable', 15_000),
  tokenRevoked: own(4500, 'token_revoked', 300_000),
  deviceDisabled: own(4503, 'device_disabled', 300_000),
  unsupportedVersion: own(4506, 'unsupported_version', 300_000),
  deviceDeleted: own(4521, 'device_deleted', 300_000),
} as const satisfies Record<string, CloseCode>

/** The advice for a code seen in a close frame, also for codes that only ws or a proxy sends. */
export function comeBackAfter(code: number): ComeBack {
  if (code >= 4500 && code <= 4999) return 'person'
  if (code >= 4000 && code <= 4499) return 'hint'
  return code === 1009 || code === 1012 || code === 1013 ? 'hint' : 'backoff'
}
