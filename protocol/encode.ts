import type { DeviceMessage, GatewayMessage, SessionLimits } from './messages.ts'

/** [M-3] On the wire the field names are full words in snake_case; in memory they are camelCase. Top-level only. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  nextWakeS: 'next_wake_s',
  ageMs: 'age_ms',
  tokenId: 'token_id',
  sleepS: 'sleep_s',
  expiresInMs: 'expires_in_ms',
  retryAfterMs: 'retry_after_ms',
}

/** The text frame of a message. */
export function encodeMessage(message: DeviceMessage | GatewayMessage): string {
  if (message.type === 'telemetry') return JSON.stringify({ ...message, points: message.points.map(toWire) })
  if (message.type === 'welcome') return JSON.stringify({ ...message, limits: encodeLimits(message.limits) })
  return JSON.stringify(toWire(message))
}

function toWire(source: object): object {
  const wire: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(source)) wire[WIRE_NAMES[key] ?? key] = value
  return wire
}

function encodeLimits(limits: SessionLimits): object {
  return {
    frame_bytes: limits.frameBytes,
    payload_bytes: limits.payloadBytes,
    points: limits.points,
    window_messages: limits.windowMessages,
    window_bytes: limits.windowBytes,
    messages_per_s: limits.messagesPerS,
    burst: limits.burst,
    ping_interval_ms: limits.pingIntervalMs,
    pong_timeout_ms: limits.pongTimeoutMs,
  }
}
