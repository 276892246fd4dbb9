import type { Access } from '../../core/access/access.ts'
import {
  Link,
  linkToWire,
  NameParams,
  User,
  UserCreated,
  UserInput,
  UserList,
  UserPatchInput,
  userToWire,
} from './access-schemas.ts'
import type { App } from './app.ts'
import { BEARER, bodyProblems, NoContent, problems, withHeaders } from './documented.ts'
import { NoQuery } from './schemas.ts'

const shared = { tags: ['access'], security: BEARER, querystring: NoQuery }
const config = { access: 'admin', auditFields: ['name', 'role', 'enabled'] } as const
/** Whoever may log in reaches everything that the role allows: a key that is kept to scopes must not give that. */
const givesAll = { ...config, needsAllAreas: true } as const

/** People who may log in. Nobody sets a password for somebody else: a new user gets a link. */
export function addUserRoutes(app: App, access: Access): void {
  addList(app, access)
  addCreate(app, access)
  addUpdate(app, access)
  addDelete(app, access)
  addLinks(app, access)
}

function addList(app: App, access: Access): void {
  app.get(
    '/api/v1/users',
    {
      config,
      schema: {
        ...shared,
        operationId: 'listUsers',
        summary: 'Who may log in',
        response: { 200: UserList, ...problems() },
      },
    },
    async (_request, reply) => reply.code(200).send({ items: (await access.listUsers()).map(userToWire) }),
  )
}

function addCreate(app: App, access: Access): void {
  app.post(
    '/api/v1/users',
    {
      config: givesAll,
      schema: {
        ...shared,
        operationId: 'createUser',
        summary: 'Add a user; they set their password by the link',
        body: UserInput,
        response: {
          201: withHeaders(UserCreated, { Location: 'Path of the user.' }),
          ...bodyProblems('user_exists', 'too_many_users'),
        },
      },
    },
    async (request, reply) => {
      const { user, link } = await access.createUser(request.body.name, request.body.role)
      const body = { user: userToWire(user), link: linkToWire(link) }
      return reply.code(201).header('Location', `/api/v1/users/${user.name}`).send(body)
    },
  )
}

function addUpdate(app: App, access: Access): void {
  app.patch(
    '/api/v1/users/:name',
    {
      config: givesAll,
      schema: {
        ...shared,
        operationId: 'updateUser',
        summary: 'Change the role of a user, disable or enable them; open pages follow at once',
        description: '409 `last_admin` when nobody could log in as an admin any more.',
        params: NameParams,
        body: UserPatchInput,
        response: { 200: User, ...bodyProblems('user_not_found', 'last_admin') },
      },
    },
    async (request, reply) =>
      reply.code(200).send(userToWire(await access.updateUser(request.params.name, request.body))),
  )
}

function addDelete(app: App, access: Access): void {
  app.delete(
    '/api/v1/users/:name',
    {
      config,
      schema: {
        ...shared,
        operationId: 'deleteUser',
        summary: 'Remove a user and end their logins; open pages end at once',
        description: '409 `last_admin` when nobody could log in as an admin any more.',
        params: NameParams,
        response: { 204: NoContent, ...problems('user_not_found', 'last_admin') },
      },
    },
    async (request, reply) => {
      await access.deleteUser(request.params.name)
      return reply.code(204).send(null)
    },
  )
}

function addLinks(app: App, access: Access): void {
  app.post(
    '/api/v1/users/:name/login-link',
    {
      config: givesAll,
      preValidation: takeNoBody,
      schema: {
        ...shared,
        operationId: 'createUserLoginLink',
        summary: 'A link with which a user sets a new password; the old one stays until then',
        params: NameParams,
        response: { 201: Link, ...problems('user_not_found') },
      },
    },
    async (request, reply) => reply.code(201).send(linkToWire(await access.issueLink(request.params.name))),
  )
  app.post(
    '/api/v1/login-link',
    {
      config: givesAll,
      preValidation: takeNoBody,
      schema: {
        ...shared,
        operationId: 'createLoginLink',
        summary: 'A link that makes a new admin; an earlier one ends',
        response: { 201: Link, ...problems() },
      },
    },
    async (_request, reply) => reply.code(201).send(linkToWire(await access.issueLink())),
  )
}

/** `{}` and nothing are the same to a route that needs nothing. */
async function takeNoBody(request: { body: unknown }): Promise<void> {
  request.body = undefined
}
