import { isIP } from 'node:net'
import type { Environment } from './environment.ts'

export interface TokenIssuerConfig {
  readonly jwksUrl: string
  readonly issuer: string
  readonly audience: string
}

const AUDIENCE_DEFAULT = 'fairlead-device'
const URL_RULE = 'https://…, or http:// on this machine, without credentials'

/** Who else signs device tokens; undefined when nobody does. */
export function readTokenIssuer(env: Environment): TokenIssuerConfig | undefined {
  const jwksUrl = env.parsed('FAIRLEAD_TOKEN_JWKS_URL', URL_RULE, undefined, jwksUrlOf)
  const issuer = env.text('FAIRLEAD_TOKEN_ISSUER')
  const audience = env.text('FAIRLEAD_TOKEN_AUDIENCE')
  if (env.text('FAIRLEAD_TOKEN_JWKS_URL') === undefined) {
    if (issuer) env.refuse('FAIRLEAD_TOKEN_ISSUER', 'has no use without FAIRLEAD_TOKEN_JWKS_URL')
    if (audience) env.refuse('FAIRLEAD_TOKEN_AUDIENCE', 'has no use without FAIRLEAD_TOKEN_JWKS_URL')
    return undefined
  }
  if (!jwksUrl) return undefined
  if (!issuer) env.refuse('FAIRLEAD_TOKEN_ISSUER', 'must be set too when FAIRLEAD_TOKEN_JWKS_URL is')
  if (!issuer) return undefined
  return { jwksUrl, issuer, audience: audience ?? AUDIENCE_DEFAULT }
}

function jwksUrlOf(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return undefined
  if (url.protocol === 'https:') return url.href
  return url.protocol === 'http:' && isLoopback(url.hostname) ? url.href : undefined
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || /^(\[?::1\]?|(::ffff:)?127\.[\d.]+)$/i.test(host)
}

export interface TrustedProxy {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

const PROXIES_RULE = 'addresses or networks such as 10.0.0.0/8, separated by commas; no network that is everybody'

/** Who may say for whom it speaks. */
export function readTrustedProxies(env: Environment): readonly TrustedProxy[] {
  return env.parsed('FAIRLEAD_TRUSTED_PROXIES', PROXIES_RULE, [], (text) => {
    const proxies = text.split(',').map((part) => proxyOf(part.trim()))
    return proxies.every((proxy) => proxy !== undefined) ? proxies : undefined
  })
}

/** Tokens in plain text may travel on this machine, or to a proxy that somebody has named. */
export function requireProxy(env: Environment, host: string | undefined, proxies: readonly TrustedProxy[]): void {
  if (proxies.length > 0 || (host !== undefined && isLoopback(host))) return
  const where = host === undefined ? 'all addresses' : host
  const ways = 'name the proxy that ends TLS, or set FAIRLEAD_HOST=127.0.0.1'
  env.refuse(
    'FAIRLEAD_TRUSTED_PROXIES',
    `must be set: FAIRLEAD_TLS=off would listen on ${where} in plain text; ${ways}`,
  )
}

function proxyOf(text: string): TrustedProxy | undefined {
  const [address = '', prefixText, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return undefined
  if (/^::ffff:/i.test(address)) return undefined // an IPv4 network in disguise: its prefix would mean something else
  const bits = version === 4 ? 32 : 128
  const prefix = prefixText === undefined ? bits : Number(prefixText)
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return undefined
  if (prefix < 1 || prefix > bits) return undefined
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix }
}
