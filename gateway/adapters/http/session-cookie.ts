import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Login } from '../../core/access/access.ts'
import { SESSION_MAX_MS } from '../../core/access/rules.ts'
import { countedAs } from '../../core/address.ts'
import type { Clock } from '../../core/ports.ts'
import { SESSION_COOKIE } from './auth.ts'
import { checkOrigin } from './origin.ts'
import { Rate, type RequestLimits } from './rates.ts'

export const SET_COOKIE = { 'Set-Cookie': 'The session. HttpOnly, Secure, SameSite=Strict.' }
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const

/** What stands before every try of a password or a link: throws foreign_origin or rate_limited. */
export type Enter = (request: FastifyRequest, name?: string) => void

/** A try comes from our own page or no page at all, and not too often. */
export function loginGuard(limits: RequestLimits, clock: Clock): Enter {
  const byAddress = new Rate(limits.loginsOfAddressPerMinute, clock)
  const byName = new Rate(limits.loginsPerMinute, clock)
  return ({ headers, address }, name) => {
    checkOrigin(headers, false)
    const origin = countedAs(address)
    byAddress.count(origin)
    if (name !== undefined) byName.count(`${origin} ${name}`)
  }
}

/** The browser keeps the secret of the login from now on. */
export function grant<Reply extends FastifyReply>(reply: Reply, login: Login): Reply {
  const maxAge = SESSION_MAX_MS / 1000
  reply.header('Set-Cookie', reply.server.serializeCookie(SESSION_COOKIE, login.token, { ...ATTRIBUTES, maxAge }))
  return reply
}

/** The browser forgets it. */
export function forget(reply: FastifyReply): void {
  reply.header('Set-Cookie', reply.server.serializeCookie(SESSION_COOKIE, '', { ...ATTRIBUTES, maxAge: 0 }))
}
