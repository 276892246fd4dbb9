import type { FastifyRequest } from 'fastify'
import type { Access } from '../../core/access/access.ts'
import { GatewayError } from '../../core/errors.ts'
import { LoggedOut, PasswordInput, Session, sessionToWire } from './access-schemas.ts'
import type { App } from './app.ts'
import { sessionToken } from './auth.ts'
import { BEARER, bodyProblems, problems, withHeaders } from './documented.ts'
import { NoQuery } from './schemas.ts'
import { type Enter, grant, SET_COOKIE } from './session-cookie.ts'

const shared = { tags: ['session'], security: BEARER, querystring: NoQuery }
const config = { access: 'viewer' } as const

/** What people do with their own login. `enter` stands before every try of a password. */
export function addAccountRoutes(app: App, access: Access, enter: Enter): void {
  app.put(
    '/api/v1/session/password',
    {
      config,
      schema: {
        ...shared,
        operationId: 'changePassword',
        summary: 'Change the own password; every other login of the user ends, and this one gets a new cookie',
        description: 'Only for users. A wrong present password is 403 `password_wrong`; tries are counted like logins.',
        body: PasswordInput,
        response: { 200: withHeaders(Session, SET_COOKIE), ...bodyProblems('password_wrong') },
      },
    },
    async (request, reply) => {
      const { name } = userOf(request)
      enter(request, name)
      const { current_password: current, new_password: password } = request.body
      const login = await access.changePassword(name, current, password)
      return grant(reply, login).code(200).send(sessionToWire(login.caller))
    },
  )
  app.delete(
    '/api/v1/session/others',
    {
      config,
      schema: {
        ...shared,
        operationId: 'logoutOthers',
        summary: 'End every other login of the user; their open pages are told at once',
        description: 'Only for users.',
        response: { 200: LoggedOut, ...problems() },
      },
    },
    async (request, reply) => {
      const { name, token } = userOf(request)
      return reply.code(200).send({ ended: await access.logoutOthers(name, token) })
    },
  )
}

/** Who is logged in, and by which secret. Throws forbidden for a program. */
function userOf(request: FastifyRequest): { name: string; token: string } {
  const { caller, headers, server } = request
  const token = sessionToken(server as App, headers)
  if (caller?.kind !== 'user' || token === undefined) {
    throw new GatewayError('forbidden', 'This is for people who are logged in; a key has no password.')
  }
  return { name: caller.name, token }
}
