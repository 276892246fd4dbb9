import type { TokenRow } from './records.ts'

/** What the core needs from outside, in the core's words. Adapters implement these; nothing here knows a package. */

export interface Clock {
  /** Unix time in ms. May step. Only for what people and other machines read. */
  wallMs(): number
  /** Never steps back. For every interval. */
  monotonicMs(): number
  /** Runs once after the delay unless the returned function is called before. Never keeps the process alive. */
  after(delayMs: number, run: () => void): () => void
}

/** One device's socket. */
export interface DeviceLink {
  /** Queues the frame and returns at once; false when the device is too slow to take it. Nothing happens after the end. */
  send(frame: string): boolean
  /** Closes after what was queued; the socket is destroyed when the peer does not answer. Calling it twice is harmless. */
  close(code: number, reason: string): void
  /** Sends a WebSocket ping. */
  ping(): void
}

export interface PublishOptions {
  readonly retain?: boolean
  /** For what only an integration needs: when the broker refuses it, it is dropped and holds up nothing behind it. */
  readonly expendable?: boolean
}

/** What arrived on a command request topic. */
export interface BusRequest {
  readonly topic: string
  readonly payload: Uint8Array
  readonly retained: boolean
}

/** One more topic that a bus listens to, of another program. A message may come twice, or be lost. */
export interface BusNews {
  readonly topic: string
  heard(payload: Uint8Array): void
}

export interface Bus {
  /**
   * Resolves when the bus has confirmed the message (QoS 1). At least once: it may arrive twice. Messages of one
   * topic keep their order. Waits without limit while the bus is away. Rejects with GatewayError `bus_full` when
   * the outbox has no room (the newest loses), `bus_refused` when this message can never be sent, and `stopping`
   * once stop() has given up on it.
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void>
  /** True while the bus takes and returns messages on every topic family. Otherwise why not. */
  health(): { readonly ready: boolean; readonly reason?: string }
  /** Messages and bytes not yet confirmed. */
  backlog(): { readonly messages: number; readonly bytes: number }
  /** Resolves once the bus is being used; with an external broker it need not be connected yet. */
  start(): Promise<void>
  /** Publishes `lastWords`, waits up to `graceMs` for what is not confirmed, then leaves the bus. */
  stop(graceMs: number): Promise<void>
}

/** The verified content of a device token. */
export interface DeviceClaims {
  readonly device: string
  readonly tokenId: string
  readonly expiresAtMs?: number
  /** Signed by another issuer: no row of the registry stands behind it, only the device must be there. */
  readonly isExternal?: boolean
}

export interface DeviceTokens {
  /** The signed text for a row. The same row can be signed again. */
  sign(token: { id: string; device: string; createdAtMs: number; expiresAtMs?: number }): Promise<string>
  /**
   * The claims of a token that this gateway signed and whose end is not over for ROTATE_ONLY_MS, or why not (for logs
   * only, never for the device). Rejects only when the keys cannot be read: that is 503, never 401.
   */
  verify(token: string): Promise<{ claims: DeviceClaims } | { refused: string; keyId?: string }>
  /** [N-3] The SHA-256 of a token's text. */
  digest(token: string): string
}

/** What a handshake needs to know, in one read. */
export interface Credential {
  readonly enabled: boolean
  /** Undefined when the device has no such token. */
  readonly token: TokenRow | undefined
}

/** Counts for operators. Names and labels are bounded: a device id is never a label. */
export interface Metrics {
  count(name: CounterName, reason?: string, by?: number): void
  /** Observes a duration in ms. */
  observe(name: TimerName, ms: number): void
}
export type CounterName =
  | 'handshakes_refused'
  | 'sessions_opened'
  | 'sessions_closed'
  | 'messages_received'
  | 'messages_published'
  | 'messages_refused'
  | 'messages_repeated'
  | 'messages_dropped'
  | 'commands_changed'
  | 'shadow_changes'
  | 'token_rotations'
  | 'bus_requests_refused'
  | 'log_lines'
  | 'audit_dropped'
  | 'dead_letters'
  | 'quarantines'
  | 'messages_missing'
export type TimerName = 'publish_ms' | 'handshake_ms'

/** Facts as fields; never a token, never a payload. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Log
}
