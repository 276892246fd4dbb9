import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT } from './failures.ts'
import { printJson, printLine, printTable, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface ApiKey {
  readonly name: string
  readonly role: string
  readonly scopes?: readonly string[]
  readonly created_at: number
  readonly expires_at: number | null
  readonly last_used_at?: number
}

const PATH = '/api/v1/api-keys'

export const keyCommands: readonly Command[] = [
  { words: 'key list', operands: [], flags: {}, about: 'the API keys, without their text', run: list },
  {
    words: 'key add',
    operands: ['<name>', '<role>'],
    flags: {
      scope: {
        type: 'string',
        multiple: true,
        value: 'scope',
        about: 'reach only this, such as commands, commands:read or devices:add; may be given again',
      },
      expires: { type: 'string', value: 'time', about: 'when it ends, such as 12h or 90d; without it never' },
    },
    about: 'make an API key for a viewer, operator or admin; it is shown once',
    run: add,
  },
  { words: 'key revoke', operands: ['<name>'], flags: {}, about: 'refuse an API key from now on', run: revoke },
]

async function list(given: Given): Promise<number> {
  const { body } = await askGateway(findConnection(given), { method: 'GET', path: PATH })
  if (given.isSet('json')) printJson(body)
  else printTable(['NAME', 'ROLE', 'SCOPES', 'LAST USED', 'ENDS'], (body as { items: ApiKey[] }).items.map(toRow))
  return EXIT.ok
}

function toRow({ name, role, scopes, last_used_at, expires_at }: ApiKey): string[] {
  return [name, role, scopes?.join(' ') ?? 'all', timeText(last_used_at) ?? 'never', timeText(expires_at) ?? 'never']
}

async function add(given: Given): Promise<number> {
  const scopes = given.texts('scope')
  const body = {
    ...{ name: given.operand(0), role: given.operand(1), expires_in_s: given.seconds('expires') },
    scopes: scopes.length === 0 ? undefined : scopes,
  }
  const made = (await askGateway(findConnection(given), { method: 'POST', path: PATH, body })).body as ApiKey & {
    key: string
  }
  if (given.isSet('json')) printJson(made)
  else printLine(`${made.key}\nIt is shown this once. Revoke it with: fairlead key revoke ${made.name}`)
  return EXIT.ok
}

async function revoke(given: Given): Promise<number> {
  const name = given.operand(0)
  await askGateway(findConnection(given), { method: 'DELETE', path: `${PATH}/${encodeURIComponent(name)}` })
  if (given.isSet('json')) printJson({ name, revoked: true })
  else printLine(`The key ${name} is refused from now on.`)
  return EXIT.ok
}
