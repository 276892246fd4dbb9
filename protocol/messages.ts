import type { JsonObject } from './json.ts'

/** Everything that crosses the socket as a text frame. The clauses are in README.md. */

export type TelemetryValue = number | boolean | string

/** [T-2] `ts` is Unix time in ms, `ageMs` the age when the frame was sent; neither means the time is unknown. */
export interface Timed {
  readonly ts?: number
  readonly ageMs?: number
}

export interface TelemetryPoint extends Timed {
  /** Without a prototype: keys come from the device. */
  readonly values: Readonly<Record<string, TelemetryValue>>
}

/** [S-13] */
export interface Hello {
  readonly type: 'hello'
  readonly boot: string
  readonly firmware: string
  readonly model: string
  readonly capabilities: readonly string[]
  readonly nextWakeS?: number
}
export interface Telemetry {
  readonly type: 'telemetry'
  readonly seq: number
  readonly boot?: string
  readonly points: readonly TelemetryPoint[]
}
/** [T-6] */
export interface DeviceEvent extends Timed {
  readonly type: 'event'
  readonly seq: number
  readonly boot?: string
  readonly name: string
  readonly data: unknown
}
export interface Accepted {
  readonly type: 'accepted'
  readonly id: string
}
export interface Progress {
  readonly type: 'progress'
  readonly id: string
  readonly percent?: number
  readonly text?: string
}
export interface CommandError {
  readonly code: string
  readonly message: string
}
export interface CommandResult {
  readonly type: 'result'
  readonly id: string
  readonly ok: boolean
  readonly data?: unknown
  readonly error?: CommandError
}
export interface Reported {
  readonly type: 'reported'
  readonly version: number
  readonly state: JsonObject
}
export interface TokenStored {
  readonly type: 'token_stored'
  readonly tokenId: string
  readonly sha256: string
}
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
/** [M-11] */
export interface DeviceLog {
  readonly type: 'log'
  readonly level: (typeof LOG_LEVELS)[number]
  readonly text: string
}
export interface DeviceBye {
  readonly type: 'bye'
  readonly sleepS?: number
}

/** [M-9] */
export type DeviceMessage =
  | Hello
  | Telemetry
  | DeviceEvent
  | Accepted
  | Progress
  | CommandResult
  | Reported
  | TokenStored
  | DeviceLog
  | DeviceBye

/** [L-1] What the device may do in this session. */
export interface SessionLimits {
  readonly frameBytes: number
  readonly payloadBytes: number
  readonly points: number
  readonly windowMessages: number
  readonly windowBytes: number
  readonly messagesPerS: number
  readonly burst: number
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
}
/** [S-14] */
export interface Welcome {
  readonly type: 'welcome'
  readonly session: number
  readonly now: number
  readonly limits: SessionLimits
  readonly acked?: number
}
export interface Ack {
  readonly type: 'ack'
  readonly seq: number
  readonly boot?: string
}
export const NACK_CODES = ['malformed', 'too_large', 'forbidden'] as const
export type NackCode = (typeof NACK_CODES)[number]
export interface Nack {
  readonly type: 'nack'
  readonly seq: number
  readonly boot?: string
  readonly code: NackCode
  readonly reason: string
}
export interface Command {
  readonly type: 'command'
  readonly id: string
  readonly name: string
  readonly params: JsonObject
  readonly expiresInMs: number
}
export interface Cancel {
  readonly type: 'cancel'
  readonly id: string
}
export interface Desired {
  readonly type: 'desired'
  readonly version: number
  readonly state: JsonObject
}
export interface NewToken {
  readonly type: 'token'
  readonly tokenId: string
  readonly token: string
}
export interface GatewayBye {
  readonly type: 'bye'
  readonly code: number
  readonly reason: string
  readonly reconnect: boolean
  readonly retryAfterMs: number
}

/** [M-10] */
export type GatewayMessage = Welcome | Ack | Nack | Command | Cancel | Desired | NewToken | GatewayBye
