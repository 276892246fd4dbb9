import { CLOSE } from '../../protocol/close-codes.ts'
import type { TokenStored } from '../../protocol/messages.ts'
import type { DeviceCounters } from './device-counters.ts'
import { GatewayError } from './errors.ts'
import type { GatewayLimits } from './limits.ts'
import { Passes } from './passes.ts'
import type { Clock, DeviceTokens, Log, Metrics } from './ports.ts'
import type { Replacement, TokenRow } from './records.ts'
import type { Registry } from './registry.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { expiryLike, isLive, isUnconfirmed, rotateAtMs, tokenInUse } from './token-life.ts'

/**
 * [K-9] What the old token lives on for by default: a device that wakes once a day and whose flash went back to an
 * older state after all (a restored partition, a swapped board) still gets in once more, and is offered the new one.
 */
const OVERLAP_DEFAULT_S = 24 * 3600
/** A rotation that is due and has no room, or no store, is tried again after this; the log says so each time. */
const DUE_RETRY_MS = 600_000
/** Tokens ended in one sweep; the rest waits for the next. */
const ENDED_PER_SWEEP = 200

export interface RotationNeeds {
  readonly registry: Registry
  readonly tokens: DeviceTokens
  readonly sessions: Sessions
  readonly counters: DeviceCounters
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly limits: GatewayLimits
  readonly newId: () => string
  /** A session that could only rotate is now like every other: it gets what waits for its device. */
  readonly opened: (device: string) => void
}

/** A token sent in a session, and the hash of its text: the text itself is signed anew for each session [K-1]. */
interface Offer {
  readonly tokenId: string
  /** Undefined while it is being signed, and once it was answered. */
  sha256?: string
}

/**
 * [K-7] … [K-10] New tokens over the open socket. The row of a new token is stored before its text leaves; whoever
 * connects with the old one is offered the new one, whoever connects with the new one has confirmed it. So a crash, a
 * cut or a restart between any two steps leaves the device with a token that works.
 */
export class Rotation {
  readonly #needs: RotationNeeds
  readonly #passes: Passes
  readonly #offers = new WeakMap<Session, Offer>()
  /** Sessions whose token has an end, with the time (Unix ms) to rotate it. */
  readonly #due = new Map<Session, number>()

  constructor(needs: RotationNeeds) {
    this.#needs = needs
    this.#passes = new Passes({ ...needs, failure: 'token not rotated', pass: (device) => this.#pass(device) })
  }

  /**
   * Asked for by an operator: resolves when the new token is stored, and says whether it is on its way to the device.
   * Rejects with device_not_found, no_live_token, rotation_in_progress, too_many_tokens, registry_unavailable.
   */
  async start(device: string, options: { overlapS?: number }): Promise<{ id: string; state: 'offered' | 'pending' }> {
    const { registry, clock, sessions } = this.#needs
    const old = tokenInUse(await registry.listTokens(device), clock.wallMs())
    if (old === undefined) {
      throw new GatewayError((await registry.device(device)) === undefined ? 'device_not_found' : 'no_live_token')
    }
    const token = await this.#replace(old, options.overlapS ?? OVERLAP_DEFAULT_S)
    const session = sessions.serving(device)
    const uses = session?.claims.tokenId === old.id ? session : undefined
    const offered = uses !== undefined && (await this.#offer(uses, token).catch(() => this.#offerLater(device)))
    return { id: token.id, state: offered ? 'offered' : 'pending' }
  }

  /** Replaces this very token. Rejects as `start` does; who could be told is told now, or after the next `welcome`. */
  async renew(old: TokenRow): Promise<void> {
    await this.#replace(old, OVERLAP_DEFAULT_S)
    this.#passes.start(old.device)
  }

  /** After each `welcome`: confirms a new token by its first use, or offers the one that waits. Nothing waits for it. */
  welcomed(session: Session): void {
    this.#passes.start(session.device)
  }

  /**
   * [K-10] For a session that only rotates: makes ready what it is to be offered, so that nothing comes between its
   * `welcome` and the returned function. Undefined when the device has no room for a new token. A token that waits is
   * offered whichever it replaces: the device may have come with one that it stored and that ended unconfirmed.
   */
  async prepare(session: Session): Promise<(() => void) | undefined> {
    const { registry, clock, tokens } = this.#needs
    const rows = await registry.listTokens(session.device)
    const mine = rows.find(({ id }) => id === session.claims.tokenId)
    if (mine === undefined) return undefined
    const fits = (row: TokenRow) => row.replaces === mine.id || isUnconfirmed(row)
    const waiting = rows.find((row) => fits(row) && isLive(row, clock.wallMs()))
    const token = waiting ?? (await this.#replace(mine, OVERLAP_DEFAULT_S).catch(undefinedIfRefused))
    if (token === undefined) return undefined
    const text = await tokens.sign(token)
    return () => this.#send(session, token.id, text)
  }

  /** [K-8] The device has read the token back from its flash. */
  stored(session: Session, { tokenId, sha256 }: TokenStored): void {
    const { counters, metrics } = this.#needs
    const offer = this.#offers.get(session)
    if (offer?.sha256 === undefined || offer.tokenId !== tokenId) {
      return counters.count(session.device, 'dropped', 'unasked_token_stored') // [M-8]
    }
    const agrees = offer.sha256 === sha256
    offer.sha256 = undefined // answered; it is not offered again in this session
    if (!agrees) {
      metrics.count('token_rotations', 'wrong_hash')
      session.log.warn({ token: tokenId }, 'the device stored another token than it was sent')
      return counters.count(session.device, 'dropped', 'token_hash')
    }
    this.#confirm(session, tokenId).catch((error: unknown) => {
      session.log.error({ error, token: tokenId }, 'confirmation not stored')
      session.end(CLOSE.internal) // the next session begins with either token, and goes on from there
    })
  }

  /** Whether the token is on its way to the device in the session that is open now. */
  isOffered(device: string, tokenId: string): boolean {
    const session = this.#needs.sessions.of(device)
    const offer = session && this.#offers.get(session)
    return offer?.tokenId === tokenId && offer.sha256 !== undefined
  }

  /** [K-10] Rotates what is due. Call it every second. */
  async rotateDue(): Promise<void> {
    const nowMs = this.#needs.clock.wallMs()
    for (const [session, atMs] of this.#due) {
      if (session.state === 'ended') this.#due.delete(session)
      else if (atMs <= nowMs) await this.#rotateNow(session, nowMs)
    }
  }

  /** [K-9] Ends tokens whose overlap is over, and the sessions that still use them [K-5]. Call it every second. */
  async endReplaced(): Promise<void> {
    const { registry, clock, sessions, metrics, log } = this.#needs
    for (const { device, id, endsAtMs } of await registry.endedTokens(clock.wallMs(), ENDED_PER_SWEEP)) {
      await registry.revokeToken(device, id, endsAtMs ?? clock.wallMs())
      sessions.endAll(device, CLOSE.tokenRevoked, id)
      metrics.count('token_rotations', 'old_ended')
      log.info({ device, token: id }, 'replaced token ended')
    }
  }

  async #pass(device: string): Promise<void> {
    const { registry, sessions, clock } = this.#needs
    const rows = await registry.listTokens(device)
    const session = sessions.serving(device)
    const mine = rows.find(({ id }) => id === session?.claims.tokenId)
    if (session === undefined || mine === undefined) return
    if (isUnconfirmed(mine)) return this.#confirm(session, mine.id) // by its first use
    const waiting = rows.find((row) => row.replaces === mine.id && isLive(row, clock.wallMs()))
    if (waiting !== undefined) await this.#offer(session, waiting)
    else this.#watch(session, mine)
  }

  /** Stores a token that replaces the old one. Rejects as `start` does. */
  async #replace(old: TokenRow, overlapS: number): Promise<Replacement> {
    const { registry, clock, limits, newId, metrics, log } = this.#needs
    const nowMs = clock.wallMs()
    const { device } = old
    const life = { createdAtMs: nowMs, expiresAtMs: expiryLike(old, nowMs) }
    const token: Replacement = { id: newId(), device, ...life, replaces: old.id, overlapS }
    const outcome = await registry.addReplacement(token, limits.liveTokensMax)
    if (outcome === 'no_device') throw new GatewayError('device_not_found')
    if (outcome === 'gone') throw new GatewayError('no_live_token') // revoked meanwhile
    if (outcome === 'in_progress') throw new GatewayError('rotation_in_progress')
    if (outcome === 'too_many') throw new GatewayError('too_many_tokens')
    metrics.count('token_rotations', 'started')
    log.info({ device, token: token.id, replaces: old.id }, 'token rotation started')
    return token
  }

  /** [K-7] Once per session. True when the token is, or will be, on its way. */
  async #offer(session: Session, token: TokenRow): Promise<boolean> {
    if (this.#offers.get(session)?.tokenId === token.id) return true
    this.#offers.set(session, { tokenId: token.id })
    try {
      return this.#send(session, token.id, await this.#needs.tokens.sign(token))
    } catch (error) {
      this.#offers.delete(session)
      throw error
    }
  }

  #send(session: Session, tokenId: string, token: string): boolean {
    if (!session.send({ type: 'token', tokenId, token })) return false
    this.#offers.set(session, { tokenId, sha256: this.#needs.tokens.digest(token) })
    this.#needs.metrics.count('token_rotations', 'offered')
    session.log.info({ token: tokenId }, 'new token offered')
    return true
  }

  /** The keys cannot be read at the moment: the token is stored, so a pass will bring it. */
  #offerLater(device: string): false {
    this.#passes.start(device)
    return false
  }

  /** From now on the session counts under the new token, and the end of the old one is set. */
  async #confirm(session: Session, tokenId: string): Promise<void> {
    const { registry, clock, metrics, counters, opened } = this.#needs
    const { device } = session
    const row = await registry.confirmToken(device, tokenId, clock.wallMs())
    if (row === undefined) return counters.count(device, 'dropped', 'token_gone') // revoked or deleted meanwhile
    metrics.count('token_rotations', 'confirmed')
    session.log.info({ token: tokenId, replaces: row.replaces }, 'token rotated')
    const onlyRotated = session.rotatesOnly
    session.countUnder({ device, tokenId, expiresAtMs: row.expiresAtMs })
    this.#watch(session, row)
    if (onlyRotated && session.state === 'ready') opened(device)
  }

  #watch(session: Session, token: TokenRow): void {
    const atMs = rotateAtMs(token)
    if (atMs !== undefined && session.state !== 'ended') this.#due.set(session, atMs)
  }

  async #rotateNow(session: Session, nowMs: number): Promise<void> {
    this.#due.set(session, nowMs + DUE_RETRY_MS)
    const rows = await this.#needs.registry.listTokens(session.device)
    const mine = rows.find(({ id }) => id === session.claims.tokenId)
    if (mine === undefined) return
    const waits = rows.some((row) => row.replaces === mine.id && isLive(row, nowMs))
    if (!waits) await this.#replace(mine, OVERLAP_DEFAULT_S).catch((error: unknown) => this.#noRoom(session, error))
    this.#passes.start(session.device)
  }

  #noRoom(session: Session, error: unknown): void {
    session.log.warn({ error }, 'a token that ends soon could not be rotated')
  }
}

/** No room for a new token is an answer; a store that cannot be used is not. */
function undefinedIfRefused(error: unknown): undefined {
  if (error instanceof GatewayError && error.status < 500) return undefined
  throw error
}
