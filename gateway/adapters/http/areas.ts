import { AREAS, AREAS_TO_ADD_TO, type Area, type Verb } from '../../core/access/scopes.ts'
import type { App } from './app.ts'

/** What an operation is about; `session` is everybody's own login and needs no scope. */
export type RouteArea = Area | 'session'

const READS = ['GET', 'HEAD']

/**
 * Reads the area of each route that is added from now on from its tag. Throws for a route that needs a key and has not
 * exactly one known tag: nobody adds an operation that no scope covers.
 */
export function readAreas(app: App): void {
  app.addHook('onRoute', (route) => {
    const { url, method, schema, config } = route
    if (config?.access === 'public') return
    const [tag, ...more] = schema?.tags ?? []
    const area = [...AREAS, 'session' as const].find((one) => one === tag)
    const canAdd = AREAS_TO_ADD_TO.some((one) => one === area)
    if (area === undefined || more.length > 0 || (config?.adds && !canAdd)) {
      throw new Error(
        `${method} ${url} needs one tag that core/access/scopes.ts knows, and to be added to, not "${tag}"`,
      )
    }
    route.config = { ...config, area }
  })
}

export function verbOf(method: string, adds = false): Verb {
  if (READS.includes(method)) return 'read'
  return adds ? 'add' : 'change'
}
