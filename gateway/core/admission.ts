import { countedAs } from './address.ts'
import { AttemptLimiter } from './attempt-limiter.ts'
import type { Bans } from './bans.ts'
import type { GatewayLimits } from './limits.ts'
import type { Clock, Credential, DeviceClaims, DeviceTokens, Log, Metrics } from './ports.ts'
import type { Registry } from './registry.ts'
import { hasEnded, hasExpired, ROTATE_ONLY_MS } from './token-life.ts'
import { pathRefusal, type Refusal, readUpgrade, UNAUTHORIZED, type UpgradeRequest } from './upgrade-rules.ts'

/** An address that failed too often waits this long; short, since a router's address may be shared. */
const ADDRESS_BAN_MS = 60_000
/** [H-12] `Retry-After` is drawn from [base, 2 × base], so that a fleet that was refused together comes back apart. */
const OVERLOAD_BASE_S = 5
const DEPENDENCY_BASE_S = 15

export interface AdmissionNeeds {
  readonly tokens: DeviceTokens
  readonly registry: Pick<Registry, 'credential'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly limits: GatewayLimits
  readonly random: () => number
  readonly bans: Pick<Bans, 'isBanned'>
  /** [P-9] How long the device may not connect, in ms; 0 when it may. */
  readonly quarantinedForMs: (device: string) => number
  /** Devices connected now. */
  readonly connections: () => number
}

/** Decides before the 101 who may connect. [H-3] … [H-12] */
export class Admission {
  readonly #needs: AdmissionNeeds
  /** [H-9] By `countedAs`. */
  readonly #failuresByAddress: AttemptLimiter
  readonly #connectsByToken: AttemptLimiter
  #inFlight = 0
  #stopping = false

  constructor(needs: AdmissionNeeds) {
    this.#needs = needs
    this.#failuresByAddress = new AttemptLimiter(needs.limits.failedHandshakesPerMinute, { banMs: ADDRESS_BAN_MS })
    this.#connectsByToken = new AttemptLimiter(needs.limits.connectsPerMinute, { banMs: needs.limits.connectBanMs })
  }

  /** True while handshakes are checked as fast as they come; else nobody new should begin one. */
  get hasRoom(): boolean {
    return this.#inFlight < this.#needs.limits.handshakesAtEase
  }

  /** [H-9] Its handshakes are refused with 429 for now. */
  isBanned(address: string): boolean {
    return this.#bannedForMs(address) > 0
  }

  /** From now on every handshake is refused with 503. */
  refuseAll(): void {
    this.#stopping = true
  }

  /** Who connects, or the refusal to answer with. Never rejects. Counts and logs every refusal. */
  async admit(request: UpgradeRequest): Promise<DeviceClaims | Refusal> {
    const refusal = pathRefusal(request) ?? this.#overload()
    this.#inFlight += 1
    try {
      const checked = refusal ?? (await this.#check(request))
      // [S-10] The stop may have begun during the check: the sessions to say goodbye to are counted already.
      const answer = this.#stopping && !('status' in checked) ? this.#stoppingRefusal() : checked
      if ('status' in answer) this.#noteRefusal(request, answer)
      return answer
    } finally {
      this.#inFlight -= 1
    }
  }

  #overload(): Refusal | undefined {
    const { limits, connections } = this.#needs
    if (this.#stopping) return this.#stoppingRefusal()
    if (this.#inFlight >= limits.handshakesInFlight || connections() >= limits.maxConnections) {
      return this.#unavailable('overload', 'Too many devices are connecting.', OVERLOAD_BASE_S)
    }
    return undefined
  }

  async #check(request: UpgradeRequest): Promise<DeviceClaims | Refusal> {
    const read = readUpgrade(request)
    if ('status' in read && read.status !== 401) return read
    const bannedMs = this.#bannedForMs(request.address)
    if (bannedMs > 0) return tooMany(bannedMs, 'Too many failed handshakes from this address.') // [H-9]
    if ('status' in read) return this.#unauthorized(request, 'no_bearer_token')
    try {
      return await this.#checkToken(request, read.token)
    } catch (error) {
      // [H-10] A store that cannot be reached must never look like bad credentials.
      this.#needs.log.error({ error }, 'handshake could not be checked')
      return this.#unavailable('registry_unavailable', 'Tokens cannot be checked at the moment.', DEPENDENCY_BASE_S)
    }
  }

  async #checkToken(request: UpgradeRequest, token: string): Promise<DeviceClaims | Refusal> {
    const verified = await this.#needs.tokens.verify(token)
    if ('refused' in verified) return this.#unauthorized(request, verified.refused, verified.keyId)
    const { claims } = verified
    const banMs = this.#connectsByToken.attempt(`${claims.device}/${claims.tokenId}`, this.#needs.clock.monotonicMs()) // [H-11]
    if (banMs > 0) return tooMany(banMs, 'This device connects too often.')
    const quarantineMs = this.#needs.quarantinedForMs(claims.device)
    if (quarantineMs > 0) return quarantined(quarantineMs)
    const credential = await this.#needs.registry.credential(claims.device, claims.tokenId)
    const nowMs = this.#needs.clock.wallMs()
    const problem = credentialProblem(credential, nowMs, claims) ?? expiryProblem(claims, credential, nowMs)
    if (problem === 'device_disabled') {
      return { status: 403, code: problem, detail: 'An operator disabled this device.' }
    }
    if (problem === undefined && this.#needs.bans.isBanned(claims.device)) {
      return { status: 403, code: 'device_banned', detail: 'An operator banned this device.' }
    }
    return problem === undefined ? claims : this.#unauthorized(request, problem)
  }

  #bannedForMs(address: string): number {
    return this.#failuresByAddress.bannedForMs(countedAs(address), this.#needs.clock.monotonicMs())
  }

  #unauthorized(request: UpgradeRequest, reason: string, keyId?: string): Refusal {
    this.#failuresByAddress.attempt(countedAs(request.address), this.#needs.clock.monotonicMs())
    this.#needs.log.info({ reason, keyId, address: request.address }, 'token refused')
    return UNAUTHORIZED
  }

  #stoppingRefusal(): Refusal {
    return this.#unavailable('stopping', 'The gateway is stopping.', OVERLOAD_BASE_S)
  }

  #unavailable(code: string, detail: string, baseS: number): Refusal {
    const retryAfterS = Math.round(baseS * (1 + this.#needs.random()))
    return { status: 503, code, detail, retryAfterS }
  }

  #noteRefusal(request: UpgradeRequest, refusal: Refusal): void {
    this.#needs.metrics.count('handshakes_refused', refusal.code)
    const { status, code } = refusal
    this.#needs.log.info({ status, code, address: request.address }, 'handshake refused')
  }
}

/** Why a credential may not be used now, not even to rotate [K-10]. The same question is asked again at `hello`, so that no revocation slips by. */
export function credentialProblem(
  credential: Credential | undefined,
  nowMs: number,
  claims?: DeviceClaims,
): 'unknown_device' | 'unknown_token' | 'token_revoked' | 'token_expired' | 'device_disabled' | undefined {
  if (credential === undefined) return 'unknown_device'
  const { token, enabled } = credential
  if (claims?.isExternal) return enabled ? undefined : 'device_disabled'
  if (token === undefined) return 'unknown_token'
  if (hasEnded(token, nowMs)) return 'token_revoked'
  if (hasExpired(token, nowMs - ROTATE_ONLY_MS)) return 'token_expired' // [K-10]
  return enabled ? undefined : 'device_disabled'
}

/** A text that has ended is good for a session that only rotates, and only where its row says the same end. */
function expiryProblem(claims: DeviceClaims, credential: Credential | undefined, nowMs: number) {
  if (!hasExpired(claims, nowMs) || credential?.token?.expiresAtMs === claims.expiresAtMs) return undefined
  return 'token_expired' as const
}

function tooMany(waitMs: number, detail: string): Refusal {
  return { status: 429, code: 'too_many_connects', detail, retryAfterS: Math.ceil(waitMs / 1000) }
}

/** [P-9] Two devices use this token: both are told to stay away, until the time is over or an operator says so. */
function quarantined(waitMs: number): Refusal {
  const detail = 'Two devices use this token; an operator was told.'
  return { status: 429, code: 'quarantined', detail, retryAfterS: Math.ceil(waitMs / 1000) }
}
