import { createRemoteJWKSet, customFetch, errors, type JWTHeaderParameters, jwtVerify } from 'jose'
import { isName } from '../../../protocol/names.ts'
import type { Clock, DeviceClaims, Log } from '../../core/ports.ts'

/** Where tokens of somebody else come from. */
export interface ExternalIssuer {
  /** https:, or http: on this machine. */
  readonly jwksUrl: string
  /** `iss`, exactly. */
  readonly issuer: string
  /** `aud`, or one of them. */
  readonly audience: string
}

/** A token that is not good; the message is a word for the log. */
export class Refused extends Error {}

/** Signatures only: whoever knows a public key must not be able to make a token. */
const ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']
/** What the header may call the token; other types were made for something else. */
const TYPES = new Set([undefined, 'JWT', 'at+jwt'])
/** jku, jwk, x5u, x5c and b64 have no say: the keys come from the configured address alone. */
const HEADER_MEMBERS = new Set(['alg', 'kid', 'typ'])
/** Between our clock and the issuer's, for `nbf` and `iat`. */
const CLOCK_TOLERANCE_S = 60
const FETCH_MAX_MS = 5_000
/** A key set has some kilobytes. */
const KEY_SET_MAX_BYTES = 1024 * 1024
/** So often at most is the issuer asked, whatever key ids tokens name and whether it answers or not. */
const FETCH_EVERY_MS = 30_000
/** Older keys are asked for again beside the verification, and not used at all once they are a day old. */
const FRESH_MS = 600_000
const USABLE_MS = 24 * 3_600_000

/** Tokens that another issuer signs. `tokenId` of all of them is this: no row of the registry stands behind it. */
export const EXTERNAL_TOKEN_ID = 'external'

export interface ExternalTokens {
  /** Throws Refused for a token that is not good, and anything else when the keys cannot be had. */
  verify(token: string): Promise<DeviceClaims>
}

/** Nothing is fetched before the first token. */
export function openExternalTokens(issuer: ExternalIssuer, clock: Clock, log?: Log): ExternalTokens {
  const keys = new KeySet(issuer.jwksUrl, clock, log)
  return {
    async verify(token) {
      const { payload } = await jwtVerify(
        token,
        (header) => {
          const stranger = Object.keys(header).find((member) => !HEADER_MEMBERS.has(member))
          if (stranger !== undefined) throw new Refused('foreign_header')
          if (!TYPES.has(header.typ)) throw new Refused('bad_typ')
          return keys.find(header)
        },
        {
          ...{ algorithms: ALGORITHMS, issuer: issuer.issuer, audience: issuer.audience },
          ...{ requiredClaims: ['sub', 'iat', 'exp'], clockTolerance: CLOCK_TOLERANCE_S },
          currentDate: new Date(clock.wallMs()),
        },
      )
      const { sub, exp = 0 } = payload
      if (!isName(sub)) throw new Refused('bad_sub')
      const expiresAtMs = exp * 1000
      if (!Number.isSafeInteger(expiresAtMs)) throw new Refused('bad_exp')
      if (expiresAtMs <= clock.wallMs()) throw new Refused('expired') // there is no second chance [K-10] for these
      return { device: sub, tokenId: EXTERNAL_TOKEN_ID, isExternal: true, expiresAtMs }
    },
  }
}

/** The issuer's public keys, kept as long as they can be had no better. */
class KeySet {
  readonly #clock: Clock
  readonly #log: Log | undefined
  readonly #keys: ReturnType<typeof createRemoteJWKSet>
  #triedAtMs = Number.NEGATIVE_INFINITY
  #loadedAtMs = Number.NEGATIVE_INFINITY

  constructor(url: string, clock: Clock, log: Log | undefined) {
    this.#clock = clock
    this.#log = log
    this.#keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: FETCH_MAX_MS,
      cooldownDuration: FETCH_EVERY_MS,
      cacheMaxAge: Number.POSITIVE_INFINITY, // decided here
      [customFetch]: (address, options) => this.#fetch(address, options),
    })
  }

  async find(header: JWTHeaderParameters) {
    const ageMs = this.#clock.monotonicMs() - this.#loadedAtMs
    if (ageMs > USABLE_MS) await this.#keys.reload()
    else if (ageMs > FRESH_MS && this.#mayFetch()) this.#refresh()
    try {
      return await this.#keys(header)
    } catch (error) {
      const isTokens = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
      throw isTokens || error instanceof errors.JOSENotSupported ? new Refused('unknown_key') : error
    }
  }

  #refresh(): void {
    this.#keys.reload().catch((error: unknown) => this.#log?.warn({ error }, 'key set of the issuer not refreshed'))
  }

  #mayFetch(): boolean {
    return this.#clock.monotonicMs() - this.#triedAtMs >= FETCH_EVERY_MS
  }

  async #fetch(address: string, options: RequestInit): Promise<Response> {
    if (!this.#mayFetch()) throw new Error('the key set was asked for a moment ago, in vain')
    this.#triedAtMs = this.#clock.monotonicMs()
    const response = await fetch(address, options) // redirects are not followed: jose asks for `manual`
    if (response.status !== 200) throw new Error(`the key set was answered with ${response.status}`)
    const text = await textOf(response)
    this.#loadedAtMs = this.#clock.monotonicMs()
    return new Response(text)
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > KEY_SET_MAX_BYTES) throw new Error('the key set is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
