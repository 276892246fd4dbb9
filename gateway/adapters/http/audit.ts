import type { FastifyReply, FastifyRequest } from 'fastify'
import { isJsonObject, type JsonObject } from '../../../protocol/json.ts'
import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/ports.ts'
import { isReservedId } from '../../core/reserved-ids.ts'
import type { App } from './app.ts'
import { AuditList, AuditQuery, auditToWire } from './audit-schemas.ts'
import { BEARER, problems } from './documented.ts'
import { Rate } from './rates.ts'
import { pageLimit } from './schemas.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The device that a mutation turned out to concern, where its path does not say. */
    auditDevice: string | undefined
    /** What happened, where the body does not say it: a few numbers. */
    auditDetail: JsonObject | undefined
    /** The code of the error that the request was answered with. */
    problemCode: string | undefined
  }
  interface FastifyContextConfig {
    /** Fields of the body whose value may stand in the audit log: names and numbers, never free text or secrets. */
    auditFields?: readonly string[]
  }
}

const PREFIX = '/api/v1/'
/** A path that was tried is shown so far. */
const TARGET_MAX = 256

/**
 * Sees to it that every mutation by somebody who was let in is in the audit log before it is answered. Of those refused
 * for their rate only the first in a minute: who asks too often must not wash away what others did.
 */
export function auditMutations(app: App, audit: Audit, clock: Clock): void {
  const tooOften = new Rate(1, clock)
  app.decorateRequest('auditDevice', undefined)
  app.decorateRequest('auditDetail', undefined)
  app.decorateRequest('problemCode', undefined)
  app.addHook('onSend', async (request, reply) => {
    if (request.caller === undefined || request.method === 'GET' || request.method === 'HEAD') return
    const actor = `${request.caller.kind}:${request.caller.name}`
    if (request.problemCode === 'rate_limited' && tooOften.waitMs(actor) > 0) return
    await audit.append({
      actor,
      action: actionOf(request),
      target: targetOf(request, reply),
      device: deviceOf(request, reply),
      outcome: reply.statusCode < 400 ? 'ok' : (request.problemCode ?? 'internal'),
      address: request.address,
      detail: request.auditDetail ?? detailOf(request),
    })
  })
}

function actionOf({ method, routeOptions }: FastifyRequest): string {
  const { schema } = routeOptions
  const id = isJsonObject(schema) ? schema.operationId : undefined
  return typeof id === 'string' ? id : `${method} ${routeOptions.url}`
}

/** The thing that was made, else the path that was asked. */
function targetOf(request: FastifyRequest, reply: FastifyReply): string {
  const location = reply.getHeader('location')
  return typeof location === 'string' ? below(location) : below(request.url)
}

/** The path below `/api/v1/`. */
function below(url: string): string {
  const path = url.split('?', 1)[0] ?? ''
  return (path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path).slice(0, TARGET_MAX)
}

const DEVICE_PATH = /^devices\/([^/]+)/

function deviceOf(request: FastifyRequest, reply: FastifyReply): string | undefined {
  const { auditDevice, url } = request
  const inPath = (DEVICE_PATH.exec(targetOf(request, reply)) ?? DEVICE_PATH.exec(below(url)))?.[1]
  return auditDevice ?? (inPath === undefined || isReservedId(inPath) ? undefined : inPath)
}

function detailOf({ body, routeOptions, problemCode }: FastifyRequest): JsonObject | undefined {
  const { auditFields } = routeOptions.config
  if (auditFields === undefined || !isJsonObject(body) || problemCode === 'bad_request') return undefined
  const facts = auditFields.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]] as const]))
  return facts.length === 0 ? undefined : Object.fromEntries(facts)
}

export function addAuditRoute(app: App, audit: Audit): void {
  app.get(
    '/api/v1/audit',
    {
      config: { access: 'admin' },
      schema: {
        tags: ['audit'],
        security: BEARER,
        operationId: 'listAudit',
        summary: 'Who did what, newest first',
        description: 'Every mutation that somebody asked for, done or refused, and security events.',
        querystring: AuditQuery,
        response: { 200: AuditList, ...problems() },
      },
    },
    async (request, reply) => {
      const { limit, since: sinceMs, until: untilMs, ...filters } = request.query
      const page = await audit.list({ ...filters, sinceMs, untilMs, limit: pageLimit(limit) })
      return reply.code(200).send({ items: page.items.map(auditToWire), next: page.next ?? null })
    },
  )
}
