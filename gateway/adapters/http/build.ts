import type { Server as HttpServer, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import type { Access } from '../../core/access/access.ts'
import type { Caller } from '../../core/access/ports.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Plane } from '../../core/plane.ts'
import type { Clock, Log } from '../../core/ports.ts'
import type { SigningKeys } from '../../core/signing-keys.ts'
import { addAlarmRoutes } from './alarms.ts'
import { addApiKeyRoutes } from './api-keys.ts'
import { type App, createApp } from './app.ts'
import { addAuditRoute, auditMutations } from './audit.ts'
import { callerOf, guardRoutes, type RefuseUnknown } from './auth.ts'
import { addBanRoutes } from './bans.ts'
import { addBatchRoutes } from './batches.ts'
import { addBulkRoutes } from './bulk.ts'
import { addCommandRoutes } from './commands.ts'
import { addConnectionRoute } from './connections.ts'
import { addDashboard } from './dashboard.ts'
import { addDeviceRoutes } from './devices.ts'
import { addEventRoutes } from './events.ts'
import { watchMethods } from './methods.ts'
import { addNodeRoute } from './node.ts'
import { addOpenapiRoute, collectOpenapi } from './openapi.ts'
import { addQuarantineRoutes } from './quarantines.ts'
import { REQUEST_LIMITS, type RequestLimits } from './rates.ts'
import { addSessionRoutes } from './session.ts'
import { addShadowRoutes } from './shadow.ts'
import { addSigningKeyRoutes } from './signing-keys.ts'
import { addSystemRoutes, type Health } from './system.ts'
import { addTokenRoutes } from './tokens.ts'
import { addUserRoutes } from './users.ts'
import { Waiters } from './waiters.ts'

export interface HttpParts extends Plane {
  /** Not yet listening. This adapter only answers its requests: it never listens, closes it or sets its timeouts. */
  readonly server: HttpServer | HttpsServer
  readonly access: Access
  readonly signingKeys: SigningKeys
  readonly health: () => Health
  /** In the Prometheus text format. */
  readonly metricsText: () => Promise<string>
  /** Where the built dashboard is, if it is built. */
  readonly dashboardDir: string
  /** Where a request comes from, also through proxies that are trusted to say it. */
  readonly addressOf: (request: IncomingMessage) => string
  readonly clock: Clock
  readonly log: Log
  /** Of the project; shown in the OpenAPI document and nowhere else. */
  readonly version: string
  readonly limits?: RequestLimits
}

export interface HttpApi {
  /** Resolves when every route answers. Call it before the server listens. */
  ready(): Promise<void>
  /**
   * Who asks for an upgrade; rejects with unauthorized or foreign_origin, and with rate_limited after too many refused
   * keys of the address, in requests and upgrades together.
   */
  admit(request: IncomingMessage): Promise<Caller>
  /** Who sent these headers, asked again later. Looking on is no use of a session. */
  identify(headers: IncomingHttpHeaders): Promise<Caller | undefined>
  /** Answers those who wait with what is known, and every later request with 503. The server stays as it is. */
  close(): Promise<void>
}

/** The REST API of design §8 on a server that the caller owns. */
export function buildHttp(parts: HttpParts): HttpApi {
  const app = createApp(parts.server, parts.log, parts.addressOf)
  const waiters = new Waiters()
  let closed = false
  const prepared = prepare(app, parts, waiters, () => closed)
  prepared.catch(() => undefined) // ready() reports it
  const identify = (headers: IncomingHttpHeaders) =>
    callerOf(app, headers, parts.access, { isChange: true, isUse: false })
  return {
    async ready() {
      await prepared
      await app.ready()
    },
    async admit(request) {
      const caller = await identify(request.headers)
      return caller ?? (await prepared)({ address: parts.addressOf(request) })
    },
    identify,
    async close() {
      closed = true
      waiters.stop()
      await app.close()
    },
  }
}

async function prepare(app: App, parts: HttpParts, waiters: Waiters, isClosed: () => boolean): Promise<RefuseUnknown> {
  await addPlugins(app, isClosed)
  await collectOpenapi(app, parts.version)
  const limits = parts.limits ?? REQUEST_LIMITS
  const refuseUnknown = guardRoutes(app, parts.access, limits, parts)
  forbidCaching(app)
  logMutations(app, parts.log)
  auditMutations(app, parts.audit, parts.clock)
  const addRefusedMethods = watchMethods(app)
  await addApiRoutes(app, parts, waiters, limits)
  await addDashboard(app, parts.dashboardDir)
  addSystemRoutes(app, parts.health, parts.metricsText)
  addOpenapiRoute(app)
  addRefusedMethods()
  return refuseUnknown
}

async function addPlugins(app: App, isClosed: () => boolean): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: { maxAge: HSTS_MAX_AGE_S, includeSubDomains: false },
  })
  app.addHook('onRequest', async () => {
    if (isClosed()) throw new GatewayError('stopping')
  })
  await app.register(cookie, { hook: false })
}

/** Everything below `/api/v1`, but the document about it. */
async function addApiRoutes(app: App, parts: HttpParts, waiters: Waiters, limits: RequestLimits): Promise<void> {
  addDeviceRoutes(app, parts.operator)
  await addBulkRoutes(app, parts.bulk)
  addConnectionRoute(app, parts.operator)
  addQuarantineRoutes(app, parts.operator)
  addTokenRoutes(app, parts.operator)
  addShadowRoutes(app, parts.operator)
  addCommandRoutes(app, parts.operator, waiters)
  addBatchRoutes(app, parts.batches)
  addEventRoutes(app, parts.recent)
  addAlarmRoutes(app, parts.alarms)
  addNodeRoute(app, parts.node)
  addBanRoutes(app, parts.bans)
  addAuditRoute(app, parts.audit)
  addSessionRoutes(app, { ...parts, limits })
  addUserRoutes(app, parts.access)
  addApiKeyRoutes(app, parts.access)
  addSigningKeyRoutes(app, parts.signingKeys)
}

/** One year [S23]. Only this name: other services of the host are none of our business. */
const HSTS_MAX_AGE_S = 365 * 24 * 3600

/** Answers hold tokens and the state of the moment. Only the files of the dashboard say otherwise. */
function forbidCaching(app: App): void {
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('Cache-Control')) reply.header('Cache-Control', 'no-store')
  })
}

/** Who changed what, and whether it was allowed. Reads are not logged; bodies never. */
function logMutations(app: App, log: Log): void {
  app.addHook('onResponse', async (request, reply) => {
    if (request.caller === undefined || request.method === 'GET' || request.method === 'HEAD') return
    const { method, params, routeOptions } = request
    const { statusCode: status } = reply
    const what = status < 400 ? { ...Object(params), created: reply.getHeader('location') } : {} // checked names only
    const fields = { [request.caller.kind]: request.caller.name, method, route: routeOptions.url, status, ...what }
    log.info(fields, 'operator request')
  })
}
