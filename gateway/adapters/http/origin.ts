import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../../core/errors.ts'

/**
 * Throws foreign_origin when a browser says that another site makes this request [S16]. With `mustSay` a request that
 * says nothing is refused too: whatever sends our cookie is a browser, and browsers say it.
 */
export function checkOrigin(headers: IncomingHttpHeaders, mustSay: boolean): void {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new GatewayError('foreign_origin')
  if (origin === undefined) {
    if (mustSay) throw new GatewayError('foreign_origin', 'The Origin header is missing.')
    return
  }
  const url = URL.parse(origin) // "null" is what a sandboxed or local page sends
  if (host === undefined || url === null || url.host !== hostOf(url.protocol, host)) {
    throw new GatewayError('foreign_origin')
  }
}

/** As a browser would write it: lower case, and without the port that goes without saying. */
function hostOf(protocol: string, host: string): string | undefined {
  return URL.parse(`${protocol}//${host}`)?.host
}
