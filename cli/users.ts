import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT, UsageError } from './failures.ts'
import { linkFor, linkUrl } from './login-link.ts'
import { printJson, printLine, printTable, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface User {
  readonly name: string
  readonly role: string
  readonly enabled: boolean
  readonly has_password: boolean
  readonly last_login_at?: number
}

const PATH = '/api/v1/users'
const pathOf = (name: string) => `${PATH}/${encodeURIComponent(name)}`

export const userCommands: readonly Command[] = [
  { words: 'user list', operands: [], flags: {}, about: 'who may log in to the dashboard', run: list },
  {
    words: 'user add',
    operands: ['<name>', '<role>'],
    flags: {},
    about: 'let a person in as viewer, operator or admin; prints the link by which they set their password',
    run: add,
  },
  {
    words: 'user change',
    operands: ['<name>'],
    flags: {
      role: { type: 'string', value: 'role', about: 'viewer, operator or admin' },
      enable: { type: 'boolean', about: 'let them log in again' },
      disable: { type: 'boolean', about: 'end their logins, and let them not log in' },
    },
    about: 'change the role of a user, disable or enable them',
    run: change,
  },
  { words: 'user remove', operands: ['<name>'], flags: {}, about: 'remove a user and end their logins', run: remove },
  {
    words: 'user login-link',
    operands: ['<name>'],
    flags: {},
    about: 'print a link that works once, by which a user sets a new password',
    run: (given) => linkFor(given, given.operand(0)),
  },
]

async function list(given: Given): Promise<number> {
  const { body } = await askGateway(findConnection(given), { method: 'GET', path: PATH })
  if (given.isSet('json')) printJson(body)
  else printTable(['NAME', 'ROLE', 'STATE', 'LAST LOGIN'], (body as { items: User[] }).items.map(toRow))
  return EXIT.ok
}

function toRow({ name, role, enabled, has_password, last_login_at }: User): string[] {
  const state = !enabled ? 'disabled' : has_password ? 'enabled' : 'link not used yet'
  return [name, role, state, timeText(last_login_at) ?? 'never']
}

async function add(given: Given): Promise<number> {
  const connection = findConnection(given)
  const asked = { name: given.operand(0), role: given.operand(1) }
  const { body } = await askGateway(connection, { method: 'POST', path: PATH, body: asked })
  const { user, link } = body as { user: User; link: { token: string; expires_at: number } }
  const url = linkUrl(connection, link.token)
  const until = new Date(link.expires_at).toISOString()
  if (given.isSet('json')) printJson({ user, url, expires_at: link.expires_at })
  else printLine(`${url}\nGive it to ${user.name} over a way you trust: it works once, until ${until}.`)
  return EXIT.ok
}

async function change(given: Given): Promise<number> {
  const [enable, disable] = [given.isSet('enable'), given.isSet('disable')]
  const role = given.text('role')
  if (enable && disable) throw new UsageError('--enable and --disable contradict each other')
  if (!enable && !disable && role === undefined) throw new UsageError('say what: --role, --enable or --disable')
  const body = { role, enabled: enable || disable ? enable : undefined }
  const path = pathOf(given.operand(0))
  const user = (await askGateway(findConnection(given), { method: 'PATCH', path, body })).body as User
  if (given.isSet('json')) printJson(user)
  else printLine(`${user.name} is ${user.enabled ? 'enabled' : 'disabled'}, with the role ${user.role}.`)
  return EXIT.ok
}

async function remove(given: Given): Promise<number> {
  const name = given.operand(0)
  await askGateway(findConnection(given), { method: 'DELETE', path: pathOf(name) })
  if (given.isSet('json')) printJson({ name, removed: true })
  else printLine(`${name} is removed, and logged out everywhere.`)
  return EXIT.ok
}
