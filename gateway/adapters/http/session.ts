import type { FastifyRequest } from 'fastify'
import { isName } from '../../../protocol/names.ts'
import type { Access, Login } from '../../core/access/access.ts'
import type { Audit } from '../../core/audit.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Clock, Log } from '../../core/ports.ts'
import { LinkInput, LinkOwner, LoginInput, RedeemInput, Session, sessionToWire } from './access-schemas.ts'
import { addAccountRoutes } from './account.ts'
import type { App } from './app.ts'
import { sessionToken } from './auth.ts'
import { BEARER, loginProblems, NoContent, problems, withHeaders } from './documented.ts'
import type { RequestLimits } from './rates.ts'
import { NoQuery } from './schemas.ts'
import { type Enter, forget, grant, loginGuard, SET_COOKIE } from './session-cookie.ts'

const shared = { tags: ['session'], querystring: NoQuery }
const open = { access: 'public' } as const

/** Logging in, out, and by link. */
export function addSessionRoutes(app: App, needs: SessionRouteNeeds): void {
  const { access, limits, clock } = needs
  const enter = loginGuard(limits, clock)
  addWho(app)
  addLogin(app, needs, enter)
  addLinkCheck(app, access, enter)
  addLinkLogin(app, needs, enter)
  addLogout(app, access)
  addAccountRoutes(app, access, enter)
}

export interface SessionRouteNeeds {
  readonly access: Access
  readonly audit: Audit
  readonly limits: RequestLimits
  readonly clock: Clock
  readonly log: Log
}

function addWho(app: App): void {
  app.get(
    '/api/v1/session',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        security: BEARER,
        operationId: 'getSession',
        summary: 'Who asks, and with which role',
        response: { 200: Session, ...problems() },
      },
    },
    async (request, reply) => {
      if (request.caller === undefined) throw new GatewayError('unauthorized')
      return reply.code(200).send(sessionToWire(request.caller))
    },
  )
}

function addLogin(app: App, needs: SessionRouteNeeds, enter: Enter): void {
  const { access } = needs
  app.post(
    '/api/v1/session',
    {
      config: open,
      schema: {
        ...shared,
        security: [],
        operationId: 'login',
        summary: 'Log in',
        body: LoginInput,
        response: { 200: withHeaders(Session, SET_COOKIE), ...loginProblems('login_failed') },
      },
    },
    async (request, reply) => {
      const { name, password } = request.body
      enter(request, name)
      const login = await audited(needs, request, { name, action: 'login' }, () => access.login(name, password))
      await endEarlier(app, access, request)
      return grant(reply, login).code(200).send(sessionToWire(login.caller))
    },
  )
}

function addLinkCheck(app: App, access: Access, enter: Enter): void {
  app.post(
    '/api/v1/session/link/check',
    {
      config: open,
      schema: {
        ...shared,
        security: [],
        operationId: 'checkLoginLink',
        summary: 'Whose password a login link sets',
        body: LinkInput,
        response: { 200: LinkOwner, ...loginProblems('login_link_invalid') },
      },
    },
    async (request, reply) => {
      enter(request)
      return reply.code(200).send({ name: (await access.linkFor(request.body.token)) ?? null })
    },
  )
}

function addLinkLogin(app: App, needs: SessionRouteNeeds, enter: Enter): void {
  const { access } = needs
  app.post(
    '/api/v1/session/link',
    {
      config: open,
      schema: {
        ...shared,
        security: [],
        operationId: 'loginByLink',
        summary: 'Set a password by a login link, and log in',
        body: RedeemInput,
        response: { 201: withHeaders(Session, SET_COOKIE), ...loginProblems('login_link_invalid', 'user_exists') },
      },
    },
    async (request, reply) => {
      const { token, name, password } = request.body
      enter(request)
      const redeem = () => access.redeemLink(token, name, password)
      const login = await audited(needs, request, { name, action: 'loginByLink' }, redeem)
      await endEarlier(app, access, request)
      return grant(reply, login).code(201).send(sessionToWire(login.caller))
    },
  )
}

function addLogout(app: App, access: Access): void {
  app.delete(
    '/api/v1/session',
    {
      config: { access: 'viewer' },
      schema: {
        ...shared,
        security: BEARER,
        operationId: 'logout',
        summary: 'Log out; open pages of the session are told at once',
        response: { 204: NoContent, ...problems() },
      },
    },
    async (request, reply) => {
      await endEarlier(app, access, request)
      forget(reply)
      return reply.code(204).send(null)
    },
  )
}

/** Every login is in the audit log before it is answered, and so is every one that failed. */
async function audited(
  { audit, log }: SessionRouteNeeds,
  { address }: FastifyRequest,
  { name, action }: { readonly name: string; readonly action: 'login' | 'loginByLink' },
  open: () => Promise<Login>,
): Promise<Login> {
  const facts = { action, target: `users/${printable(name)}`, address }
  try {
    const login = await open()
    await audit.append({ actor: `user:${login.user.name}`, ...facts, outcome: 'ok' })
    log.info({ user: login.user.name, address, action }, 'logged in')
    return login
  } catch (error) {
    const outcome = error instanceof GatewayError ? error.code : 'internal'
    audit.note({ actor: 'unknown', ...facts, outcome })
    throw error
  }
}

/** What a stranger typed, so far as it could be a name; it may be a password in the wrong field. */
function printable(name: string): string {
  return isName(name) ? name : '?'
}

/** The session that the browser came with. */
async function endEarlier(app: App, access: Access, request: FastifyRequest): Promise<void> {
  const token = sessionToken(app, request.headers)
  if (token !== undefined) await access.logout(token)
}
