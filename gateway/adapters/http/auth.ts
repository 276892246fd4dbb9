import type { IncomingHttpHeaders } from 'node:http'
import '@fastify/cookie' // what it adds to the types of fastify
import type { FastifyRequest } from 'fastify'
import { allows, type Caller, type Role } from '../../core/access/ports.ts'
import { leastScope, reaches } from '../../core/access/scopes.ts'
import { countedAs } from '../../core/address.ts'
import type { Audit } from '../../core/audit.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Clock, Log } from '../../core/ports.ts'
import type { App } from './app.ts'
import { type RouteArea, readAreas, verbOf } from './areas.ts'
import { checkOrigin } from './origin.ts'
import { Rate, type RequestLimits } from './rates.ts'

/** The prefix makes browsers refuse it unless it is Secure, for this host alone and for every path. */
export const SESSION_COOKIE = '__Host-fairlead'
const SESSION_TOKEN = /^[A-Za-z0-9_-]{43}$/

/** Who asks; undefined when nobody does, or nobody any more. Reject when the registry cannot be asked. */
export interface Callers {
  byKey(text: string): Promise<Caller | undefined>
  bySession(token: string, isUse: boolean): Promise<Caller | undefined>
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined
  }
  interface FastifyContextConfig {
    /** Who may use the route. A route that does not say is for admins. */
    access?: 'public' | Role
    /** It makes something new and changes nothing that exists. */
    adds?: boolean
    /** It gives somebody everything that a role allows, so no key that is kept to scopes may do it. */
    needsAllAreas?: boolean
    /** From the tag of the route. */
    area?: RouteArea
  }
}

/** Longer than any key that this gateway makes; keeps the hash of a hostile header small. */
const KEY_TEXT_MAX = 512
const BEARER = /^Bearer +([\x21-\x7e]+)$/i
/** A secret in a URL ends in proxy logs and browser histories [S07]. */
const SECRET_QUERY_FIELDS = ['token', 'access_token', 'api_key', 'apikey', 'key', 'authorization']

export interface GuardNeeds {
  readonly clock: Clock
  readonly log: Log
  readonly audit: Audit
}

/** Refuses whoever came with a key or cookie that nobody has: unauthorized, or rate_limited after too many. */
export type RefuseUnknown = (from: { readonly address: string }) => Promise<never>

/**
 * Puts a check before every route: who asks, whether they may, and whether they ask too often. What it returns is for the
 * upgrades, which are no routes: they are counted together with the requests.
 */
export function guardRoutes(app: App, callers: Callers, limits: RequestLimits, needs: GuardNeeds): RefuseUnknown {
  const { clock, log, audit } = needs
  const refused = new Rate(limits.refusedKeysPerMinute, clock)
  const audited = new Rate(1, clock)
  const refuseUnknown: RefuseUnknown = async ({ address }) => {
    const origin = countedAs(address)
    refused.count(origin)
    // Once a minute for each address: a guesser must not wash away what others did.
    const isFirst = audited.waitMs(origin) === 0
    if (isFirst) audit.note({ actor: 'unknown', action: 'api_key_refused', outcome: 'unauthorized', address })
    log.warn({ address }, 'credential refused')
    throw new GatewayError('unauthorized')
  }
  const requests = new Rate(limits.requestsPerMinute, clock)

  readAreas(app)
  app.decorateRequest('caller', undefined)
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw new GatewayError('route_not_found')
    refuseSecretsInQuery(request.query)
    const access = request.routeOptions.config.access ?? 'admin'
    if (access === 'public') return
    request.caller = await callerOf(app, request.headers, callers, {
      isChange: verbOf(request.method) !== 'read',
      isUse: true,
    })
    if (request.caller === undefined) return refuseUnknown(request)
    const { kind, name } = request.caller
    requests.count(`${kind} ${name}`)
    checkAllowed(request, request.caller, access)
  })
  return refuseUnknown
}

/** Throws forbidden with what is missing: the role first, then the scope. */
function checkAllowed({ routeOptions, method }: FastifyRequest, { kind, role, scopes }: Caller, needed: Role): void {
  if (!allows(role, needed)) {
    throw new GatewayError('forbidden', `This needs the role ${needed}; the ${kind} has the role ${role}.`)
  }
  const { area, adds, needsAllAreas } = routeOptions.config
  if (scopes === undefined || area === undefined || area === 'session') return
  const only = `the key has only ${scopes.join(', ')}`
  const verb = verbOf(method, adds)
  if (!reaches(scopes, area, verb)) {
    throw new GatewayError('forbidden', `This needs the scope ${leastScope(area, verb)}; ${only}.`)
  }
  if (needsAllAreas) throw new GatewayError('forbidden', `This gives access to everything; ${only}.`)
}

/**
 * Who sent these headers: the key in `Authorization`, else the session in the cookie, which counts for a change only
 * when it comes from our own page. Throws unauthorized when there is neither.
 */
export async function callerOf(
  app: App,
  headers: IncomingHttpHeaders,
  callers: Callers,
  { isChange, isUse }: { readonly isChange: boolean; readonly isUse: boolean },
): Promise<Caller | undefined> {
  const session = sessionToken(app, headers)
  if (headers.authorization !== undefined || session === undefined) {
    const text = BEARER.exec(headers.authorization ?? '')?.[1]
    if (text === undefined) throw new GatewayError('unauthorized')
    return text.length > KEY_TEXT_MAX ? undefined : callers.byKey(text)
  }
  checkOrigin(headers, isChange)
  return callers.bySession(session, isUse)
}

/** The secret of the session cookie, if there is one that could be ours. */
export function sessionToken(app: App, headers: IncomingHttpHeaders): string | undefined {
  const token = app.parseCookie(headers.cookie ?? '')[SESSION_COOKIE]
  return token !== undefined && SESSION_TOKEN.test(token) ? token : undefined
}

function refuseSecretsInQuery(query: unknown): void {
  const field = Object.keys(query ?? {}).find((name) => SECRET_QUERY_FIELDS.includes(name.toLowerCase()))
  if (field === undefined) return
  throw new GatewayError(
    'bad_request',
    `query.${field}: a secret does not belong into a URL; use the Authorization header.`,
  )
}
