import type { FastifyRequest } from 'fastify'
import type { Audit } from '../../core/audit.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Log } from '../../core/ports.ts'
import type { ApiKey } from '../../core/records.ts'
import type { App } from './app.ts'
import { RateRefusal } from './problems.ts'

export interface ApiKeys {
  /** The key with this text; undefined when there is none. Rejects when the registry cannot be asked. */
  authenticate(keyText: string): Promise<ApiKey | undefined>
}

type Role = ApiKey['role']
const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

declare module 'fastify' {
  interface FastifyRequest {
    apiKey: ApiKey | undefined
  }
  interface FastifyContextConfig {
    /** Who may use the route. A route that does not say is for admins. */
    access?: 'public' | Role
  }
}

export interface RequestLimits {
  /** Requests of one key: enough to enrol a fleet of 5,000 within minutes, few enough that a script gone wild is noticed. */
  readonly requestsPerMinute: number
  /** Refused keys from one address. A person mistypes a few times; a guesser is not served. */
  readonly refusedKeysPerMinute: number
}
export const REQUEST_LIMITS: RequestLimits = { requestsPerMinute: 6_000, refusedKeysPerMinute: 30 }

const WINDOW_MS = 60_000
/** Keys and addresses that are counted at once; the one not seen for longest is forgotten. */
const COUNTED_MAX = 5_000
/** Longer than any key that this gateway makes; keeps the hash of a hostile header small. */
const KEY_TEXT_MAX = 512
const BEARER = /^Bearer +([\x21-\x7e]+)$/i
/** A secret in a URL ends in proxy logs and browser histories [S07]. */
const SECRET_QUERY_FIELDS = ['token', 'access_token', 'api_key', 'apikey', 'key', 'authorization']

export interface GuardNeeds {
  readonly log: Log
  readonly audit: Audit
}

/** Puts a check before every route: who asks, whether they may, and whether they ask too often. */
export function guardRoutes(app: App, keys: ApiKeys, limits: RequestLimits, needs: GuardNeeds): void {
  const { log, audit } = needs
  const window = { timeWindow: WINDOW_MS, cache: COUNTED_MAX }
  const countRefused = app.createRateLimit({ ...window, max: limits.refusedKeysPerMinute })
  const countRequest = app.createRateLimit({
    ...window,
    max: limits.requestsPerMinute,
    keyGenerator: (request: FastifyRequest) => request.apiKey?.name ?? '',
  })
  const refuseIfExceeded = async (count: typeof countRefused, request: FastifyRequest) => {
    const counted = await count(request)
    if (!counted.isAllowed && counted.isExceeded) throw new RateRefusal(counted.ttlInSeconds)
    return !counted.isAllowed && counted.remaining === counted.max - 1
  }

  app.decorateRequest('apiKey', undefined)
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw new GatewayError('route_not_found')
    refuseSecretsInQuery(request.query)
    const access = request.routeOptions.config.access ?? 'admin'
    if (access === 'public') return
    const text = bearer(request.headers.authorization)
    request.apiKey = text.length > KEY_TEXT_MAX ? undefined : await keys.authenticate(text)
    if (request.apiKey === undefined) {
      const isFirst = await refuseIfExceeded(countRefused, request)
      // Once a minute for each address: a guesser must not wash away what others did.
      if (isFirst)
        audit.note({ actor: 'unknown', action: 'api_key_refused', outcome: 'unauthorized', address: request.ip })
      log.warn({ address: request.ip }, 'API key refused')
      throw new GatewayError('unauthorized')
    }
    await refuseIfExceeded(countRequest, request)
    if (RANK[request.apiKey.role] < RANK[access]) {
      throw new GatewayError('forbidden', `This needs the role ${access}; the key has the role ${request.apiKey.role}.`)
    }
  })
}

function bearer(header: string | undefined): string {
  const text = BEARER.exec(header ?? '')?.[1]
  if (text === undefined) throw new GatewayError('unauthorized', 'Send an API key as "Authorization: Bearer flk_…".')
  return text
}

function refuseSecretsInQuery(query: unknown): void {
  const field = Object.keys(query ?? {}).find((name) => SECRET_QUERY_FIELDS.includes(name.toLowerCase()))
  if (field === undefined) return
  throw new GatewayError(
    'bad_request',
    `query.${field}: a secret does not belong into a URL; use the Authorization header.`,
  )
}
