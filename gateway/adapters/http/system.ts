import { Type } from 'typebox'
import type { App } from './app.ts'
import { publicProblems, withProblems } from './documented.ts'
import { HttpRefusal } from './problems.ts'
import { Readiness } from './schemas.ts'

export interface Health {
  readonly ready: boolean
  readonly stopping: boolean
  readonly parts: Readonly<Record<string, { readonly ready: boolean; readonly reason?: string }>>
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
const MetricsText = Type.String({
  description: 'Prometheus text format.',
  examples: ['fairlead_sessions_online 3\n'],
})
const HealthSchema = Type.Object(
  { status: Type.Literal('ok') },
  { additionalProperties: false, title: 'Health', description: 'The process works.', examples: [{ status: 'ok' }] },
)
const open = { access: 'public' } as const
const shared = { tags: ['system'], security: [] }

/** What needs no key: for load balancers, for Prometheus, and for the person who opens the port in a browser. */
export function addSystemRoutes(app: App, health: () => Health, metricsText: () => Promise<string>): void {
  addProbes(app, health)
  app.get(
    '/metrics',
    {
      config: open,
      schema: {
        ...shared,
        operationId: 'getMetrics',
        summary: 'Figures for Prometheus; no device is named in them',
        produces: ['text/plain'],
        response: { 200: MetricsText, ...publicProblems() },
      },
    },
    async (_request, reply) =>
      reply
        .code(200)
        .type(METRICS_TYPE)
        .send(await metricsText()),
  )
  // With an Upgrade header the request never comes here: node hands it to the device listener.
  app.get('/device/v1', { config: open, schema: { hide: true }, exposeHeadRoute: false }, async () => {
    throw new HttpRefusal('upgrade_required', { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' })
  })
}

function addProbes(app: App, health: () => Health): void {
  app.get(
    '/healthz',
    {
      config: open,
      schema: {
        ...shared,
        operationId: 'getHealth',
        summary: '200 while the process works',
        response: {
          200: HealthSchema,
          ...publicProblems(),
        },
      },
    },
    async (_request, reply) => reply.code(200).send({ status: 'ok' }),
  )
  app.get(
    '/readyz',
    {
      config: open,
      schema: {
        ...shared,
        operationId: 'getReadiness',
        summary: '200 while devices can be served, else 503; each part says why',
        response: withProblems({ 200: Readiness, 503: Readiness }, publicProblems()),
      },
    },
    async (_request, reply) => {
      const { ready, stopping, parts } = health()
      return reply.code(ready && !stopping ? 200 : 503).send({ ready: ready && !stopping, stopping, parts })
    },
  )
}
