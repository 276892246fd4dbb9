import type { ApiKey } from '../records.ts'
import type { Scope } from './scopes.ts'

/** Who may operate the gateway: people with a password and a browser, programs with a key. Times are Unix time in ms. */

export type Role = ApiKey['role']
export const ROLES = ['viewer', 'operator', 'admin'] as const satisfies readonly Role[]

/** Whether the role may do what needs `needed`. */
export function allows(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed)
}

export interface User {
  readonly name: string
  readonly role: Role
  readonly enabled: boolean
  readonly createdAtMs: number
  readonly lastLoginAtMs?: number
  /** As the password adapter wrote it; undefined until the user's login link was used. Never leaves the gateway. */
  readonly passwordHash?: string
}

export interface UserPatch {
  readonly role?: Role
  readonly enabled?: boolean
}

/** A browser that is logged in. Its cookie holds the text of which only the hash is known here. */
export interface WebSession {
  readonly sha256: string
  readonly user: string
  readonly createdAtMs: number
  /** The last request of its user. */
  readonly seenAtMs: number
}

/** Lets its holder set a password, once. Without a user: makes a new admin. */
export interface LoginLink {
  readonly sha256: string
  readonly user?: string
  readonly expiresAtMs: number
}

/** Whoever asks for something, checked. */
export interface Caller {
  readonly kind: 'key' | 'user'
  readonly name: string
  readonly role: Role
  /** Of a key that is kept to parts of what its role allows; absent: all of it. */
  readonly scopes?: readonly Scope[]
  /** When it must be checked again at the latest. */
  readonly expiresAtMs?: number
}

/** The durable memory of access. Rejects with `registry_unavailable` when the store cannot be used. */
export interface AccessStore {
  listApiKeys(): Promise<ApiKey[]>
  /** `full` when there are `max` keys. */
  createApiKey(key: ApiKey, max: number): Promise<'created' | 'exists' | 'full'>
  deleteApiKey(name: string): Promise<boolean>
  markApiKeyUsed(name: string, atMs: number): Promise<void>

  listUsers(): Promise<User[]>
  /** `full` when there are `max` users. */
  createUser(user: User, max: number): Promise<'created' | 'exists' | 'full'>
  user(name: string): Promise<User | undefined>
  /** Disabling ends the sessions of the user. `last_admin`: nobody could log in as an admin any more. */
  updateUser(name: string, patch: UserPatch): Promise<User | 'last_admin' | undefined>
  /** With its sessions and its login link. `last_admin` as for a change. */
  deleteUser(name: string): Promise<'deleted' | 'last_admin' | undefined>
  /** Ends every session and the login link of the user. False when the password is no more `was`, or who is disabled. */
  changePassword(name: string, was: string, passwordHash: string): Promise<boolean>

  /** Replaces the link of the same user. */
  putLoginLink(link: LoginLink): Promise<void>
  /** Undefined when there is none or it has ended at `atMs`. */
  loginLink(sha256: string, atMs: number): Promise<LoginLink | undefined>
  /**
   * Takes the link away and gives its user this password; earlier sessions of the user end. A link without a user makes
   * an enabled admin of this name. `invalid`: no such link, or its user is disabled; `exists`: the name is taken, and
   * the link stays.
   */
  redeemLoginLink(
    sha256: string,
    user: { readonly name: string; readonly passwordHash: string; readonly atMs: number },
  ): Promise<User | 'invalid' | 'exists'>

  /**
   * Adds it and notes the login; of more than `max` of one user those unused for longest end. False, and nothing is
   * added, when the password of the user is no more `was`, or who is disabled.
   */
  addSession(session: WebSession, was: string, max: number): Promise<boolean>
  session(sha256: string): Promise<{ readonly session: WebSession; readonly user: User } | undefined>
  touchSession(sha256: string, atMs: number): Promise<void>
  deleteSession(sha256: string): Promise<boolean>
  /** All of the user but this one; how many there were. */
  deleteOtherSessions(user: string, sha256: string): Promise<number>
  /** Those not seen since `seenBeforeMs`, or made before `madeBeforeMs`. */
  deleteEndedSessions(seenBeforeMs: number, madeBeforeMs: number): Promise<number>
}

export interface Secrets {
  /** 256 random bits as 43 base64url characters. */
  random(): string
  sha256Hex(text: string): string
  /** Slow on purpose. Rejects with `rate_limited` when too many wait for it. */
  hashPassword(password: string): Promise<string>
  /** As slow for an undefined hash, which nothing matches: nobody learns by the clock which names exist. */
  verifyPassword(password: string, hash: string | undefined): Promise<boolean>
}
