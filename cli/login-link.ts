import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT } from './failures.ts'
import { printJson, printLine } from './print.ts'
import { askGateway } from './request.ts'
import { type Connection, findConnection } from './settings.ts'

/** A way into the dashboard for whoever has an admin's key: a new admin, or a user who lost the password. */
export const loginLink: Command = {
  words: 'login-link',
  operands: ['[user]'],
  flags: {},
  about: 'print a link that works once: for a new admin of the dashboard, or for a user to set a new password',
  run: (given) => linkFor(given, given.operands[0]),
}

interface Link {
  readonly token: string
  readonly expires_at: number
}

/** What a person opens in the browser. */
export function linkUrl(connection: Connection, token: string): string {
  return new URL(`/#/welcome/${token}`, connection.url).href
}

/** Prints a link for this user, or without one for a new admin. */
export async function linkFor(given: Given, user: string | undefined): Promise<number> {
  const connection = findConnection(given)
  const path = user === undefined ? '/api/v1/login-link' : `/api/v1/users/${encodeURIComponent(user)}/login-link`
  const link = (await askGateway(connection, { method: 'POST', path })).body as Link
  const url = linkUrl(connection, link.token)
  if (given.isSet('json')) printJson({ url, expires_at: link.expires_at })
  else printLine(`${url}\nIt works once, until ${new Date(link.expires_at).toISOString()}.`)
  return EXIT.ok
}
