import { isName } from '../../../protocol/names.ts'
import { GatewayError } from '../errors.ts'
import type { Clock, Log } from '../ports.ts'
import type { ApiKey } from '../records.ts'
import type { Registry } from '../registry.ts'
import type { AccessStore, Caller, Role, Secrets, User, UserPatch } from './ports.ts'
import {
  API_KEYS_MAX,
  checkPassword,
  KEY_TOUCH_EVERY_MS,
  LOGIN_LINK_LIFE_MS,
  SESSION_IDLE_MS,
  SESSION_MAX_MS,
  SESSION_TOUCH_EVERY_MS,
  SESSIONS_PER_USER_MAX,
  USERS_MAX,
} from './rules.ts'
import { contains, type Scope } from './scopes.ts'

export interface AccessNeeds {
  readonly store: AccessStore
  readonly registry: Pick<Registry, 'apiKeyByHash'>
  readonly secrets: Secrets
  readonly clock: Clock
  readonly log: Log
}

/** A login that succeeded. `token` is the secret of the cookie. */
export interface Login {
  readonly token: string
  readonly user: User
  readonly caller: Caller
}

export interface ApiKeyInput {
  readonly name: string
  readonly role: Role
  /** Not empty; absent: everything that the role allows. */
  readonly scopes?: readonly Scope[]
  readonly expiresInS?: number
}

export interface IssuedLink {
  /** Shown this once. */
  readonly token: string
  readonly user?: string
  readonly expiresAtMs: number
}

/** Who may operate the gateway: users with passwords and browser sessions, programs with keys. */
export class Access {
  readonly #needs: AccessNeeds
  readonly #listeners = new Set<() => void>()

  constructor(needs: AccessNeeds) {
    this.#needs = needs
  }

  /** Calls back whenever somebody may do less or more than before; open sockets check themselves again then. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Who holds this API key; undefined for a key that is unknown, revoked or has expired. */
  async byKey(text: string): Promise<Caller | undefined> {
    const { registry, secrets, clock } = this.#needs
    const key = await registry.apiKeyByHash(secrets.sha256Hex(text))
    const nowMs = clock.wallMs()
    if (key === undefined || (key.expiresAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) return undefined
    if (nowMs - (key.lastUsedAtMs ?? 0) >= KEY_TOUCH_EVERY_MS) {
      this.#note(this.#needs.store.markApiKeyUsed(key.name, nowMs))
    }
    const { name, role, scopes, expiresAtMs } = key
    return { kind: 'key', name, role, scopes, expiresAtMs }
  }

  /** Who is logged in with this cookie. With `isUse` the session lives on: a person did something. */
  async bySession(token: string, isUse: boolean): Promise<Caller | undefined> {
    const { store, secrets, clock } = this.#needs
    const sha256 = secrets.sha256Hex(token)
    const found = await store.session(sha256)
    if (found === undefined || !found.user.enabled) return undefined
    const nowMs = clock.wallMs()
    const { createdAtMs } = found.session
    const endMs = (seenAtMs: number) => Math.min(createdAtMs + SESSION_MAX_MS, seenAtMs + SESSION_IDLE_MS)
    let { seenAtMs } = found.session
    if (endMs(seenAtMs) <= nowMs) return undefined
    if (isUse && nowMs - seenAtMs >= SESSION_TOUCH_EVERY_MS) {
      seenAtMs = nowMs
      this.#note(store.touchSession(sha256, nowMs))
    }
    return { kind: 'user', name: found.user.name, role: found.user.role, expiresAtMs: endMs(seenAtMs) }
  }

  /** Throws login_failed for every reason alike, after the same time. */
  async login(name: string, password: string): Promise<Login> {
    const { store, secrets, log } = this.#needs
    const user = await store.user(name)
    const isRight = await secrets.verifyPassword(password, user?.passwordHash)
    const login = user && isRight && user.enabled ? await this.#open(user) : undefined
    if (login === undefined) {
      log.warn({ known: user !== undefined }, 'login refused')
      throw new GatewayError('login_failed')
    }
    return login
  }

  /** Ends the session, if it is one. */
  async logout(token: string): Promise<void> {
    await this.#needs.store.deleteSession(this.#needs.secrets.sha256Hex(token))
    this.#changed()
  }

  /** A link that lets this user set a password, or without a name a new admin. An earlier one of the same ends. */
  async issueLink(user?: string): Promise<IssuedLink> {
    const { store, secrets, clock } = this.#needs
    if (user !== undefined && (await store.user(user)) === undefined) throw new GatewayError('user_not_found')
    const token = secrets.random()
    const expiresAtMs = clock.wallMs() + LOGIN_LINK_LIFE_MS
    await store.putLoginLink({ sha256: secrets.sha256Hex(token), user, expiresAtMs })
    return { token, user, expiresAtMs }
  }

  /** Whose password the link sets; undefined for the next admin's. Throws login_link_invalid. */
  async linkFor(token: string): Promise<string | undefined> {
    const { store, secrets, clock } = this.#needs
    const link = await store.loginLink(secrets.sha256Hex(token), clock.wallMs())
    if (link === undefined) throw new GatewayError('login_link_invalid')
    return link.user
  }

  /** Sets the password, uses the link up and logs in. Throws login_link_invalid, user_exists, bad_request. */
  async redeemLink(token: string, name: string, password: string): Promise<Login> {
    const { store, secrets, clock } = this.#needs
    await this.linkFor(token) // before the slow hash, which strangers must not be able to ask for
    if (!isName(name)) throw new GatewayError('bad_request', 'name: letters, digits, ".", "_" and "-", at most 64.')
    checkPassword(password, name)
    const passwordHash = await secrets.hashPassword(password)
    const atMs = clock.wallMs()
    const user = await store.redeemLoginLink(secrets.sha256Hex(token), { name, passwordHash, atMs })
    if (user === 'invalid') throw new GatewayError('login_link_invalid')
    if (user === 'exists') throw new GatewayError('user_exists')
    this.#changed()
    const login = await this.#open(user)
    if (login === undefined) throw new GatewayError('login_link_invalid')
    return login
  }

  /** Whether somebody can log in who may let others in. */
  async hasAdmin(): Promise<boolean> {
    const users = await this.#needs.store.listUsers()
    return users.some((user) => user.enabled && user.role === 'admin' && user.passwordHash !== undefined)
  }

  listUsers(): Promise<User[]> {
    return this.#needs.store.listUsers()
  }

  async createUser(name: string, role: Role): Promise<{ user: User; link: IssuedLink }> {
    const user = { name, role, enabled: true, createdAtMs: this.#needs.clock.wallMs() }
    const outcome = await this.#needs.store.createUser(user, USERS_MAX)
    if (outcome === 'exists') throw new GatewayError('user_exists')
    if (outcome === 'full') throw new GatewayError('too_many_users')
    return { user, link: await this.issueLink(name) }
  }

  /** Rejects with last_admin when nobody could log in as an admin any more. */
  async updateUser(name: string, patch: UserPatch): Promise<User> {
    const user = await this.#needs.store.updateUser(name, patch)
    if (user === undefined) throw new GatewayError('user_not_found')
    if (user === 'last_admin') throw new GatewayError('last_admin')
    this.#changed()
    return user
  }

  /** Ends the user's logins too. Rejects as updateUser. */
  async deleteUser(name: string): Promise<void> {
    const outcome = await this.#needs.store.deleteUser(name)
    if (outcome === undefined) throw new GatewayError('user_not_found')
    if (outcome === 'last_admin') throw new GatewayError('last_admin')
    this.#changed()
  }

  /**
   * Sets the user's own password: every login of the user ends, and there is a new one. Rejects with password_wrong,
   * bad_request, rate_limited.
   */
  async changePassword(name: string, current: string, password: string): Promise<Login> {
    const { store, secrets } = this.#needs
    const user = await store.user(name)
    if (!(await secrets.verifyPassword(current, user?.passwordHash))) throw new GatewayError('password_wrong')
    checkPassword(password, name)
    const passwordHash = await secrets.hashPassword(password)
    const isChanged = await store.changePassword(name, user?.passwordHash ?? '', passwordHash)
    if (user === undefined || !isChanged) throw new GatewayError('password_wrong') // somebody was faster
    this.#changed()
    const login = await this.#open({ ...user, passwordHash })
    if (login === undefined) throw new GatewayError('password_wrong')
    return login
  }

  /** Ends every login of the user but that of this cookie; how many. */
  async logoutOthers(name: string, token: string): Promise<number> {
    const ended = await this.#needs.store.deleteOtherSessions(name, this.#needs.secrets.sha256Hex(token))
    this.#changed()
    return ended
  }

  listApiKeys(): Promise<ApiKey[]> {
    return this.#needs.store.listApiKeys()
  }

  /**
   * The text of the key is shown this once. `by` is who asks: a key that is kept to scopes makes only keys that reach no
   * further. Rejects with forbidden, api_key_exists, too_many_api_keys.
   */
  async createApiKey(input: ApiKeyInput, by?: Caller): Promise<{ key: ApiKey; text: string }> {
    const { store, secrets, clock } = this.#needs
    const { name, role, scopes, expiresInS } = input
    if (!contains(by?.scopes, scopes)) {
      throw new GatewayError('forbidden', 'A key makes only keys whose scopes are among its own.')
    }
    const text = `flk_${secrets.random()}`
    const createdAtMs = clock.wallMs()
    const expiresAtMs = expiresInS === undefined ? undefined : createdAtMs + expiresInS * 1000
    const key = { name, sha256: secrets.sha256Hex(text), role, scopes, createdAtMs, expiresAtMs }
    const outcome = await store.createApiKey(key, API_KEYS_MAX)
    if (outcome === 'exists') throw new GatewayError('api_key_exists')
    if (outcome === 'full') throw new GatewayError('too_many_api_keys')
    return { key, text }
  }

  async revokeApiKey(name: string): Promise<void> {
    if (!(await this.#needs.store.deleteApiKey(name))) throw new GatewayError('api_key_not_found')
    this.#changed()
  }

  /** Call it now and then: forgets sessions that have ended. */
  async sweep(): Promise<void> {
    const nowMs = this.#needs.clock.wallMs()
    await this.#needs.store.deleteEndedSessions(nowMs - SESSION_IDLE_MS, nowMs - SESSION_MAX_MS)
  }

  /**
   * Always under a new secret: one that was planted in the browser before the login is worth nothing. Undefined when the
   * user was disabled or removed, or has another password, since `user` was read: a password takes long to compare.
   */
  async #open(user: User): Promise<Login | undefined> {
    const { store, secrets, clock } = this.#needs
    const token = secrets.random()
    const nowMs = clock.wallMs()
    const session = { sha256: secrets.sha256Hex(token), user: user.name, createdAtMs: nowMs, seenAtMs: nowMs }
    if (!(await store.addSession(session, user.passwordHash ?? '', SESSIONS_PER_USER_MAX))) return undefined
    const expiresAtMs = nowMs + SESSION_IDLE_MS
    return { token, user, caller: { kind: 'user', name: user.name, role: user.role, expiresAtMs } }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }

  /** When something was last used is worth no refusal. */
  #note(written: Promise<void>): void {
    written.catch((error: unknown) => this.#needs.log.debug({ error }, 'last use not stored'))
  }
}
