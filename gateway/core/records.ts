/** What the registry keeps. Times are Unix time in ms. */

export interface NewDevice {
  readonly id: string
  readonly model?: string
  readonly tags: readonly string[]
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
  readonly enabled?: boolean
  readonly firmware?: string
  readonly capabilities?: readonly string[]
}

/** The text of a token is never stored: it can be signed again from its row. */
export interface NewToken {
  readonly id: string
  readonly device: string
  readonly createdAtMs: number
  readonly expiresAtMs?: number
}

export interface TokenRow extends NewToken {
  readonly revokedAtMs?: number
  readonly lastUsedAtMs?: number
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
  readonly createdAtMs: number
}
