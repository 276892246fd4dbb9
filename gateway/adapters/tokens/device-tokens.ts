import { createHash } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { isName } from '../../../protocol/names.ts'
import type { Clock, DeviceClaims, DeviceTokens, Log } from '../../core/ports.ts'
import type { TokenKeys } from '../../core/signing-keys.ts'
import { ROTATE_ONLY_MS } from '../../core/token-life.ts'
import { type ExternalIssuer, openExternalTokens, Refused } from './external-issuer.ts'
import { makeSigningKey, readSigningKeys, removeSigningKey, type SigningKey, TOKEN_ALGORITHM } from './signing-keys.ts'

const ISSUER = 'fairlead'
const AUDIENCE = 'fairlead-device'
const TYPE = 'fairlead-device+jwt'
/** A token of ours has about 400 characters; nothing longer is worth an EC multiplication. */
const TOKEN_MAX_BYTES = 4 * 1024
/** Three parts of base64url. Libraries also take padding and spaces; one token should have one text. */
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/
/** Between the clocks of several nodes. */
const CLOCK_TOLERANCE_S = 60
/** A key id is a SHA-256 in base64url; what is not of this form goes to no log. */
const KEY_ID = /^[A-Za-z0-9_-]{43}$/
/** Header members and claims of a token of ours, and no others: jwk, jku, x5u, crit and b64 have no say here. */
const HEADER_MEMBERS = new Set(['alg', 'kid', 'typ'])
const CLAIMS = new Set(['iss', 'aud', 'sub', 'jti', 'iat', 'exp'])

export interface ReloadableDeviceTokens extends DeviceTokens, TokenKeys {
  /** Reads the key folder again: the newest key signs, all verify. Rejects and keeps the old keys when one is bad. */
  reload(): Promise<void>
  /** Newest first; the first that has a private part signs. */
  keyIds(): string[]
}

export interface DeviceTokensOptions {
  readonly directory: string
  readonly clock: Clock
  /** Tokens of another type than ours are taken from there. */
  readonly externalIssuer?: ExternalIssuer | undefined
  readonly log?: Log
}

/** Tokens signed by the keys of a folder; the first key is made on first start. Rejects with SigningKeyError. */
export async function openDeviceTokens(options: DeviceTokensOptions): Promise<ReloadableDeviceTokens> {
  const { directory, clock, externalIssuer, log } = options
  const external = externalIssuer && openExternalTokens(externalIssuer, clock, log)
  let keys = await readSigningKeys(directory, clock.wallMs())
  let switching: Promise<void> = Promise.resolve()
  const reload = async () => {
    keys = await readSigningKeys(directory, clock.wallMs())
  }
  return {
    reload,
    keys: () => keys.map(({ keyId: id, createdAtMs }) => ({ id, createdAtMs })),
    addKey: () => {
      const fromMs = Math.max(clock.wallMs(), (keys[0]?.createdAtMs ?? 0) + 1) // the newest, also when the clock went back
      switching = makeSigningKey(directory, fromMs).then(reload)
      return switching
    },
    removeKey: async (id) => {
      await removeSigningKey(directory, id)
      await reload()
    },
    keyIds: () => keys.map((key) => key.keyId),
    sign: async (token) => {
      await switching.catch(() => {}) // a token made from now on is signed by the key that is being added, or not at all
      return sign(keys, token)
    },
    digest: (token) => createHash('sha256').update(token, 'utf8').digest('hex'),
    verify: async (token) => {
      if (token.length > TOKEN_MAX_BYTES) return { refused: 'too_long' }
      if (!COMPACT_JWS.test(token)) return { refused: 'malformed' }
      const { keyId, type } = headerOf(token)
      const theirs = external !== undefined && type !== TYPE
      try {
        return { claims: theirs ? await external.verify(token) : await verify(keys, token, clock.wallMs()) }
      } catch (error) {
        if (theirs && !isTokensFault(error)) throw error // the keys cannot be had: 503, never 401
        return { refused: refusal(error), keyId }
      }
    },
  }
}

/**
 * [K-1] The same row always gives the same claims under the same key, as long as that is there: the one that was newest
 * when the token was made. The signature differs each time, as ECDSA has it.
 */
async function sign(keys: readonly SigningKey[], token: Parameters<DeviceTokens['sign']>[0]): Promise<string> {
  if (!isName(token.device) || !isName(token.id)) throw new RangeError('device and token id must be names [N-1]')
  const signing = keys.filter((candidate) => candidate.privateKey !== undefined)
  const key = signing.find(({ createdAtMs }) => createdAtMs <= token.createdAtMs) ?? signing.at(-1)
  if (key?.privateKey === undefined) throw new Error('there is no key to sign with')
  const jwt = new SignJWT()
    .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid: key.keyId, typ: TYPE })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(token.device)
    .setJti(token.id)
    .setIssuedAt(Math.floor(token.createdAtMs / 1000))
  if (token.expiresAtMs !== undefined) jwt.setExpirationTime(Math.floor(token.expiresAtMs / 1000))
  return jwt.sign(key.privateKey)
}

/** [K-2] as far as it can be told without the registry. */
async function verify(keys: readonly SigningKey[], token: string, nowMs: number): Promise<DeviceClaims> {
  const { payload } = await jwtVerify(
    token,
    (header) => {
      const stranger = Object.keys(header).find((member) => !HEADER_MEMBERS.has(member))
      if (stranger !== undefined) throw new Refused('foreign_header')
      if (header.typ !== TYPE) throw new Refused('bad_typ')
      const key = keys.find((candidate) => candidate.keyId === header.kid)
      if (key === undefined) throw new Refused('unknown_key')
      return key.publicKey
    },
    {
      algorithms: [TOKEN_ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      typ: TYPE,
      requiredClaims: ['sub', 'jti', 'iat'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(nowMs - ROTATE_ONLY_MS), // [K-10] the core asks about the end itself, and the row too
    },
  )
  return claimsOf(payload, token)
}

function claimsOf(payload: JWTPayload, token: string): DeviceClaims {
  const { sub, jti, iat, exp, aud } = payload
  if (Object.keys(payload).some((claim) => !CLAIMS.has(claim))) throw new Refused('foreign_claim')
  // JSON.parse keeps the last of two equal names and rounds numbers; the text must say nothing but what was read.
  if (JSON.stringify(payload) !== payloadText(token)) throw new Refused('ambiguous_claims')
  if (aud !== AUDIENCE) throw new Refused('bad_aud')
  if (!isName(sub)) throw new Refused('bad_sub')
  if (!isName(jti)) throw new Refused('bad_jti')
  if (!Number.isSafeInteger(iat)) throw new Refused('bad_iat')
  if (exp === undefined) return { device: sub, tokenId: jti }
  if (!Number.isSafeInteger(exp * 1000)) throw new Refused('bad_exp')
  return { device: sub, tokenId: jti, expiresAtMs: exp * 1000 }
}

function payloadText(token: string): string {
  return Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
}

/** As it claims to be, before anything is verified: `keyId` only for the log, `type` says whose rules are asked. */
function headerOf(token: string): { keyId?: string; type?: unknown } {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString('utf8'))
    if (typeof header !== 'object' || header === null) return {}
    const { kid, typ: type } = header as { kid?: unknown; typ?: unknown }
    return { keyId: typeof kid === 'string' && KEY_ID.test(kid) ? kid : undefined, type }
  } catch {
    return {} // the refusal itself says what is wrong
  }
}

/** Not the network's, and not the issuer's, whose key set may be broken. */
function isTokensFault(error: unknown): boolean {
  if (error instanceof errors.JWKSInvalid || error instanceof errors.JWKSTimeout) return false
  return error instanceof Refused || (error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC')
}

/** A short word for the log. Whatever goes wrong with a token is the token's fault: the keys are in memory. */
function refusal(error: unknown): string {
  if (error instanceof Refused) return error.message
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `bad_${error.claim}`
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'bad_alg'
  return 'malformed'
}
