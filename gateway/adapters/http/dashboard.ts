import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import statics from '@fastify/static'
import { Type } from 'typebox'
import { GatewayError } from '../../core/errors.ts'
import type { App } from './app.ts'
import { closed } from './schemas.ts'

/** Own files alone: no inline script or style, no frame, no other host [S23]. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** Names of assets hold the hash of their content. */
const YEAR_MS = 365 * 24 * 3_600_000

const NOT_BUILT = `<!doctype html><meta charset="utf-8"><title>Fairlead</title>
<h1>The dashboard is not built</h1>
<p>In the folder of the project run <code>npm ci</code> (or <code>npm run build</code>), then start the gateway again.
<p>Everything else works: the API is at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.
`

const INDEX = {
  name: 'fairlead',
  openapi: '/api/v1/openapi.json',
  healthz: '/healthz',
  readyz: '/readyz',
  metrics: '/metrics',
  devices: '/device/v1',
}

const open = { access: 'public' } as const
const hidden = { hide: true } as const

/** The operator's page at `/`, as it was built into `directory`. Programs that ask there get an index of addresses. */
export async function addDashboard(app: App, directory: string): Promise<void> {
  const assets = new Set((await filesIn(join(directory, 'assets'))).filter((name) => !/\.(br|gz)$/.test(name)))
  const isBuilt = assets.size > 0
  if (isBuilt) await app.register(statics, { root: directory, serve: false, preCompressed: true })
  app.get('/', { config: open, schema: hidden }, async (request, reply) => {
    if (!/\btext\/html\b/.test(request.headers.accept ?? '')) return INDEX
    if (!isBuilt) return reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT)
    reply.header('Content-Security-Policy', PAGE_POLICY).header('Cross-Origin-Opener-Policy', 'same-origin')
    return reply.sendFile('index.html', { cacheControl: false })
  })
  app.get(
    '/assets/:file',
    { config: open, schema: { ...hidden, params: Type.Object({ file: Type.String() }, closed) } },
    async (request, reply) => {
      const { file } = request.params
      if (!assets.has(file)) throw new GatewayError('route_not_found')
      return reply.sendFile(`assets/${file}`, { immutable: true, maxAge: YEAR_MS })
    },
  )
}

/** Nothing when there is no such folder. */
async function filesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
