import { Fields } from './fields.ts'
import { messageType, parseObject } from './frame.ts'
import { LOG_TEXT_MAX_BYTES, SEQ_MAX } from './limits.ts'
import { type GatewayMessage, NACK_CODES, type SessionLimits, type Welcome } from './messages.ts'
import type { Parsed } from './problem.ts'

/** [K-3] */
const TOKEN_MAX_BYTES = 2048
const MS_MAX = Number.MAX_SAFE_INTEGER

/** A text frame from the gateway as a typed copy, or the reason. Unknown fields are passed over. Never throws. */
export function parseGatewayMessage(text: string): Parsed<GatewayMessage> {
  const parsed = parseObject(text)
  if (!parsed.ok) return parsed
  const type = messageType(parsed.message)
  if (type === undefined) return { ok: false, problem: { code: 'no_type' } }
  const fields = new Fields(parsed.message)
  const message = read(type, fields)
  if (message === undefined) return { ok: false, problem: { code: 'unknown_type' } }
  return fields.problem ? { ok: false, problem: fields.problem } : { ok: true, message }
}

function read(type: string, f: Fields): GatewayMessage | undefined {
  switch (type) {
    case 'welcome':
      return readWelcome(f)
    case 'ack':
      return { type, seq: f.seq(), boot: f.optionalBoot() }
    case 'nack':
      return {
        type,
        seq: f.seq(),
        boot: f.optionalBoot(),
        code: f.oneOf('code', NACK_CODES),
        reason: f.text('reason', LOG_TEXT_MAX_BYTES),
      }
    case 'command':
      return {
        type,
        id: f.name('id'),
        name: f.name('name'),
        params: f.object('params'),
        expiresInMs: f.integer('expires_in_ms', 0, MS_MAX),
      }
    case 'cancel':
      return { type, id: f.name('id') }
    case 'desired':
      return { type, version: f.integer('version', 0, MS_MAX), state: f.object('state') }
    case 'token':
      return { type, tokenId: f.name('token_id'), token: f.text('token', TOKEN_MAX_BYTES) }
    case 'bye':
      return {
        type,
        code: f.integer('code', 1000, 4999),
        reason: f.text('reason', LOG_TEXT_MAX_BYTES),
        reconnect: f.boolean('reconnect'),
        retryAfterMs: f.integer('retry_after_ms', 0, MS_MAX),
      }
    default:
      return undefined
  }
}

function readWelcome(f: Fields): Welcome {
  return {
    type: 'welcome',
    session: f.integer('session', 1, MS_MAX),
    now: f.integer('now', 0, MS_MAX),
    limits: readLimits(f),
    acked: f.optionalInteger('acked', 0, SEQ_MAX),
  }
}

function readLimits(f: Fields): SessionLimits {
  const l = new Fields(f.object('limits'))
  const count = (field: string) => l.integer(field, 1, MS_MAX)
  const limits = {
    frameBytes: count('frame_bytes'),
    payloadBytes: count('payload_bytes'),
    points: count('points'),
    windowMessages: count('window_messages'),
    windowBytes: count('window_bytes'),
    messagesPerS: count('messages_per_s'),
    burst: count('burst'),
    pingIntervalMs: count('ping_interval_ms'),
    pongTimeoutMs: count('pong_timeout_ms'),
  }
  if (l.problem) f.refuse(l.problem.code, l.problem.field)
  return limits
}
