import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Login } from '../../core/access/access.ts'
import { SESSION_MAX_MS } from '../../core/access/rules.ts'
import { countedAs } from '../../core/address.ts'
import type { App } from './app.ts'
import { COUNTING, COUNTING_ADDRESSES, type RequestLimits, refuseIfExceeded, SESSION_COOKIE } from './auth.ts'
import { checkOrigin } from './origin.ts'

export const SET_COOKIE = { 'Set-Cookie': 'The session. HttpOnly, Secure, SameSite=Strict.' }
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const

/** What stands before every try of a password or a link. */
export type Enter = (request: FastifyRequest, name?: string) => Promise<void>

/** A try comes from our own page or no page at all, and not too often. */
export function loginGuard(app: App, limits: RequestLimits): Enter {
  const names = new WeakMap<FastifyRequest, string>()
  const byAddress = app.createRateLimit({ ...COUNTING_ADDRESSES, max: limits.loginsOfAddressPerMinute })
  const byName = app.createRateLimit({
    ...COUNTING,
    max: limits.loginsPerMinute,
    keyGenerator: (request: FastifyRequest) => `${countedAs(request.address)} ${names.get(request)}`,
  })
  return async (request, name) => {
    checkOrigin(request.headers, false)
    await refuseIfExceeded(byAddress, request)
    if (name === undefined) return
    names.set(request, name)
    await refuseIfExceeded(byName, request)
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
