import type { App } from './app.ts'
import { HttpRefusal } from './problems.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/**
 * Watches the routes that are added from now on. The returned function then adds 405 with `Allow` for every other
 * method of the same addresses: fastify by itself would answer 404, as if there were nothing.
 */
export function watchMethods(app: App): () => void {
  const taken = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = taken.get(url) ?? new Set()
    taken.set(url, methods)
    for (const each of [method].flat()) methods.add(each)
  })
  return () => {
    for (const [url, methods] of [...taken]) {
      const allow = METHODS.filter((method) => methods.has(method)).join(', ')
      const refuse = async () => {
        throw new HttpRefusal('method_not_allowed', { Allow: allow })
      }
      app.route({
        method: METHODS.filter((method) => !methods.has(method)),
        url,
        config: { access: 'public' },
        schema: { hide: true },
        exposeHeadRoute: false,
        onRequest: refuse, // before a body is read
        handler: refuse,
      })
    }
  }
}
