import type { JsonObject } from '../../protocol/json.ts'
import type { Scope } from './access/scopes.ts'

/** What the registry keeps. Times are Unix time in ms. */

export interface NewDevice {
  readonly id: string
  readonly model?: string
  readonly tags: readonly string[]
  /** What an operator wrote down about it. */
  readonly notes?: string
  readonly createdAtMs: number
}

export interface DeviceRow extends NewDevice {
  readonly enabled: boolean
  /** As the device said in its last `hello`. */
  readonly firmware?: string
  readonly capabilities: readonly string[]
}

export interface DevicePatch {
  readonly model?: string
  readonly tags?: readonly string[]
  /** An empty text removes them. */
  readonly notes?: string
  readonly enabled?: boolean
  readonly firmware?: string
  readonly capabilities?: readonly string[]
}

/** The text of a token is never stored: it can be signed again from its row. */
/** Tokens by when they were made: Unix ms, from `fromMs` on and before `beforeMs`. */
export interface MadeBetween {
  readonly fromMs: number
  readonly beforeMs: number | undefined
}

export interface NewToken {
  readonly id: string
  readonly device: string
  readonly createdAtMs: number
  readonly expiresAtMs?: number
  /** The token that this one was made to replace, over the open socket [K-7]. */
  readonly replaces?: string
  /** How long the replaced token lives on after the device has confirmed this one [K-9]. */
  readonly overlapS?: number
}

/** A token made by a rotation. */
export type Replacement = NewToken & { readonly replaces: string; readonly overlapS: number }

export interface TokenRow extends NewToken {
  readonly revokedAtMs?: number
  readonly lastUsedAtMs?: number
  /** Of a replacement: when the device had it in its flash, or first used it [K-8]. */
  readonly confirmedAtMs?: number
  /** Of a replaced token: from then on it is as good as revoked [K-9]. */
  readonly endsAtMs?: number
}

/** [M-12] What the operator wants of a device and what it runs with. Version 0: never set, never reported. */
export interface Shadow {
  readonly desired: JsonObject
  readonly desiredVersion: number
  readonly desiredAtMs?: number
  readonly reported: JsonObject
  readonly reportedVersion: number
  readonly reportedAtMs?: number
  /** The session that it was reported in. */
  readonly reportedSession: number
}

/** One `reported` message with where and when it came. */
export interface Report {
  readonly version: number
  readonly state: JsonObject
  readonly session: number
  readonly atMs: number
}

export type PresenceState = 'online' | 'offline' | 'sleeping'

export interface Presence {
  readonly device: string
  readonly state: PresenceState
  /** Rises with each session of the device; 0 before the first. */
  readonly session: number
  readonly sinceMs: number
  readonly reason: string
  readonly node: string
  /** When a sleeping device promised to be back. */
  readonly wakeAtMs?: number
}

export interface ApiKey {
  readonly name: string
  /** Of the whole key text. 256 random bits need no slow hash. */
  readonly sha256: string
  readonly role: 'viewer' | 'operator' | 'admin'
  /** Never empty; absent: everything that the role allows. */
  readonly scopes?: readonly Scope[]
  readonly createdAtMs: number
  /** From then on it is refused. */
  readonly expiresAtMs?: number
  readonly lastUsedAtMs?: number
}

/** One thing that somebody did, or that the gateway did for its safety. Never holds a secret or a payload. */
export interface AuditEntry {
  readonly atMs: number
  /** `key:<name>`, `user:<name>`, `gateway`, or `unknown`: a refused key or login. */
  readonly actor: string
  /** The operation id of the REST API, or the name of a security event such as `device_quarantined`. */
  readonly action: string
  /** Path below `/api/v1/` of what it was done to, or tried on. */
  readonly target?: string
  /** The device that it concerns. */
  readonly device?: string
  /** `ok`, or the stable code of the error. */
  readonly outcome: string
  /** Where the request came from. */
  readonly address?: string
  /** A few facts, such as the name of a command. */
  readonly detail?: JsonObject
}

export interface AuditRow extends AuditEntry {
  /** Rises; never used twice. */
  readonly id: number
}

/** Filters that are not given let everything pass. */
export interface AuditQuery {
  /** Only entries with a lower id. */
  readonly before?: number
  readonly limit: number
  readonly device?: string
  readonly actor?: string
  readonly action?: string
  /** As in the entry, or `refused`: everything but `ok`. */
  readonly outcome?: string
  readonly sinceMs?: number
  readonly untilMs?: number
}

/** A request that its sender may repeat: SHA-256 of who asked with which key, and of what was asked. */
export interface Once {
  readonly key: string
  readonly request: string
}

/** Something from the bus that could not be taken, or a command that was given up. */
export interface DeadLetter {
  readonly atMs: number
  /** Where it came in. */
  readonly topic: string
  readonly device?: string
  readonly command?: string
  /** The code of the error. */
  readonly reason: string
  /** For people. */
  readonly detail: string
  /** Of the whole payload, of which `payload` is the beginning. */
  readonly bytes: number
  readonly payload: string
}

export interface DeadLetterRow extends DeadLetter {
  /** Rises; never used twice. */
  readonly id: number
}

/** One connection of a device. `session` is 0 when it ended before its `welcome`. */
export interface ConnectionRow {
  readonly device: string
  readonly session: number
  readonly connectedAtMs: number
  /** Undefined while it is open. */
  readonly endedAtMs?: number
  /** One of the words of [P-2]. */
  readonly reason?: string
  readonly address?: string
  readonly firmware?: string
  readonly boot?: string
  /** Frames from the device. */
  readonly messages: number
}

export interface StoredConnection extends ConnectionRow {
  /** Rises; never used twice. */
  readonly id: number
}
