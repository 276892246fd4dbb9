import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { devicePath, printConsoleLines } from './devices.ts'
import { EXIT } from './failures.ts'
import { printJson, printLine, printTable, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface Token {
  readonly id: string
  readonly created_at: number
  readonly expires_at: number | null
  readonly revoked_at?: number
  readonly last_used_at?: number
}

export const tokenCommands: readonly Command[] = [
  {
    words: 'token add',
    operands: ['<device>'],
    flags: { expires: { type: 'string', value: 'time', about: 'life, such as 90d; without it there is no end' } },
    about: 'issue one more token and print it, this once',
    run: add,
  },
  {
    words: 'token list',
    operands: ['<device>'],
    flags: {},
    about: 'the tokens of a device, without their text',
    run: list,
  },
  {
    words: 'token revoke',
    operands: ['<device>', '<token-id>'],
    flags: {},
    about: 'end a token and close the socket that uses it',
    run: revoke,
  },
]

async function add(given: Given): Promise<number> {
  const connection = findConnection(given)
  const path = `${devicePath(given.operand(0))}/tokens`
  const body = { expires_in_s: given.seconds('expires') }
  const issued = (await askGateway(connection, { method: 'POST', path, body })).body as { id: string; token: string }
  if (given.isSet('json')) printJson(issued)
  else {
    printLine(`Token ${issued.id} is issued. Its text is shown this once.`)
    printConsoleLines(connection, issued.token)
  }
  return EXIT.ok
}

async function list(given: Given): Promise<number> {
  const path = `${devicePath(given.operand(0))}/tokens`
  const { body } = await askGateway(findConnection(given), { method: 'GET', path })
  if (given.isSet('json')) printJson(body)
  else printTable(['ID', 'STATE', 'ISSUED', 'EXPIRES', 'LAST USED'], (body as { items: Token[] }).items.map(toRow))
  return EXIT.ok
}

function toRow(token: Token): string[] {
  const isExpired = token.expires_at !== null && token.expires_at <= Date.now()
  const state = token.revoked_at !== undefined ? 'revoked' : isExpired ? 'expired' : 'live'
  const times = [token.created_at, token.expires_at, token.last_used_at]
  return [token.id, state, ...times.map((time) => timeText(time) ?? '-')]
}

async function revoke(given: Given): Promise<number> {
  const id = given.operand(1)
  const path = `${devicePath(given.operand(0))}/tokens/${encodeURIComponent(id)}`
  await askGateway(findConnection(given), { method: 'DELETE', path })
  if (given.isSet('json')) printJson({ id, revoked: true })
  else printLine(`Token ${id} is revoked.`)
  return EXIT.ok
}
