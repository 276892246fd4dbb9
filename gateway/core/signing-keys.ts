import { CLOSE } from '../../protocol/close-codes.ts'
import { GatewayError } from './errors.ts'
import type { Clock, Log } from './ports.ts'
import type { MadeBetween } from './records.ts'
import type { Registry } from './registry.ts'
import type { Rotation } from './rotation.ts'
import type { Sessions } from './sessions.ts'

/** All are read at every start; a rotation needs two or three at a time. */
export const SIGNING_KEYS_MAX = 64
/** Rotations begun by one call; the answer says how many are left for the next. */
const REISSUED_PER_CALL = 500

/** The keys that sign device tokens, as the store of the keys holds them. */
export interface TokenKeys {
  /** Newest first; the first signs, all verify. */
  keys(): readonly TokenKey[]
  /** A new key signs from the moment this resolves. */
  addKey(): Promise<void>
  /** Its tokens verify no more from the moment this resolves. */
  removeKey(id: string): Promise<void>
}

export interface TokenKey {
  readonly id: string
  readonly createdAtMs: number
}

export interface SigningKeyView extends TokenKey {
  readonly signs: boolean
  /** Tokens that still open sessions and were made while this key signed. */
  readonly liveTokens: number
}

export interface SigningKeysNeeds {
  readonly keys: TokenKeys
  readonly registry: Pick<Registry, 'countLiveTokens' | 'unreplacedTokens' | 'revokeTokensMade'>
  readonly rotation: Pick<Rotation, 'renew'>
  readonly sessions: Sessions
  readonly clock: Clock
  readonly log: Log
}

/**
 * Keys come and go while devices stay: a new key signs from now on, the tokens of an old one are replaced one by one over
 * open sockets, and when none is left the old key can go. A token belongs to the key that signed when it was made.
 */
export class SigningKeys {
  readonly #needs: SigningKeysNeeds
  /** One is added after the other, so that their number is known. */
  #lastAdded: Promise<unknown> = Promise.resolve()

  constructor(needs: SigningKeysNeeds) {
    this.#needs = needs
  }

  /** Newest first. */
  list(): Promise<SigningKeyView[]> {
    return Promise.all(this.#needs.keys.keys().map(({ id }) => this.#view(id)))
  }

  /** Adds a key, which signs from now on. Rejects with too_many_keys. */
  add(): Promise<SigningKeyView> {
    const added = this.#lastAdded.then(() => this.#add())
    this.#lastAdded = added.catch(() => {}) // its caller is told
    return added
  }

  async #add(): Promise<SigningKeyView> {
    const { keys, log } = this.#needs
    if (keys.keys().length >= SIGNING_KEYS_MAX) throw new GatewayError('too_many_keys')
    await keys.addKey()
    const [newest] = keys.keys()
    log.info({ key: newest?.id }, 'signing key added')
    return this.#view(newest?.id ?? '')
  }

  /**
   * Begins a rotation for tokens of this key, REISSUED_PER_CALL at most: each device gets its new token over its socket,
   * now or when it connects. `busy` devices have another rotation going on or no room. Rejects with key_not_found,
   * key_signs, registry_unavailable.
   */
  async reissue(id: string): Promise<{ started: number; busy: number; liveTokens: number }> {
    const { registry, rotation, clock } = this.#needs
    const made = this.#retiring(id)
    let [started, busy] = [0, 0]
    for (const token of await registry.unreplacedTokens(made, clock.wallMs(), REISSUED_PER_CALL)) {
      try {
        await rotation.renew(token)
        started += 1
      } catch (error) {
        if (!(error instanceof GatewayError) || error.status >= 500) throw error
        busy += 1
      }
    }
    return { started, busy, liveTokens: await registry.countLiveTokens(made, clock.wallMs()) }
  }

  /**
   * Removes a key for good. With live tokens of it only when `force` says so: those are revoked, and sessions that use
   * them get 4500. Returns how many. Rejects with key_not_found, key_signs, key_in_use, registry_unavailable.
   */
  async retire(id: string, options: { force: boolean }): Promise<number> {
    const { keys, registry, sessions, clock, log } = this.#needs
    const made = this.#retiring(id)
    const live = await registry.countLiveTokens(made, clock.wallMs())
    if (live > 0 && !options.force) {
      throw new GatewayError('key_in_use', `${live} live tokens were signed by this key; reissue them first.`)
    }
    await keys.removeKey(id) // first: from here on nobody new gets in, whatever happens to the rows
    const revoked = await registry.revokeTokensMade(made, clock.wallMs())
    for (const { device, id: token } of revoked) sessions.endAll(device, CLOSE.tokenRevoked, token)
    log.warn({ key: id, revoked: revoked.length }, 'signing key retired')
    return revoked.length
  }

  async #view(id: string): Promise<SigningKeyView> {
    const { registry, clock } = this.#needs
    const { key, made, signs } = this.#find(id)
    if (key === undefined) throw new GatewayError('key_not_found') // retired meanwhile
    return { ...key, signs, liveTokens: await registry.countLiveTokens(made, clock.wallMs()) }
  }

  /** When this key was the one that signed, for a key that signs no more. */
  #retiring(id: string): MadeBetween {
    const { key, signs, made } = this.#find(id)
    if (key === undefined) throw new GatewayError('key_not_found')
    if (signs) throw new GatewayError('key_signs')
    return made
  }

  #find(id: string): { key: TokenKey | undefined; signs: boolean; made: MadeBetween } {
    const keys = this.#needs.keys.keys()
    const at = keys.findIndex((one) => one.id === id)
    const isOldest = at === keys.length - 1
    const fromMs = isOldest ? 0 : (keys[at]?.createdAtMs ?? 0)
    return { key: keys[at], signs: at === 0, made: { fromMs, beforeMs: keys[at - 1]?.createdAtMs } }
  }
}
