import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { devicePath, printConsoleLines } from './devices.ts'
import { EXIT, UsageError } from './failures.ts'
import { printPage } from './page.ts'
import { printJson, printLine, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface Token {
  readonly id: string
  readonly state: string
  readonly created_at: number
  readonly expires_at: number | null
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
    words: 'token rotate',
    operands: ['<device>'],
    flags: {
      overlap: { type: 'string', value: 'time', about: 'the old one lives on so long then: 0, 1h; 1d by default' },
    },
    about: 'replace the token of a device over its socket, now or when it connects',
    run: rotate,
  },
  {
    words: 'token revoke',
    operands: ['<device>', '[token-id]'],
    flags: { all: { type: 'boolean', about: 'every token of the device, in place of one' } },
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
  return printPage<Token>(given, path, ['ID', 'STATE', 'ISSUED', 'EXPIRES', 'LAST USED'], toRow)
}

function toRow(token: Token): string[] {
  const times = [token.created_at, token.expires_at, token.last_used_at]
  return [token.id, token.state, ...times.map((time) => timeText(time) ?? '-')]
}

async function rotate(given: Given): Promise<number> {
  const path = `${devicePath(given.operand(0))}/tokens/rotate`
  const body = { overlap_s: given.text('overlap') === '0' ? 0 : given.seconds('overlap') }
  const started = (await askGateway(findConnection(given), { method: 'POST', path, body })).body as {
    id: string
    state: 'offered' | 'pending'
  }
  const now = started.state === 'offered' ? 'is on its way to the device' : 'waits for the device to connect'
  if (given.isSet('json')) printJson(started)
  else printLine(`Token ${started.id} ${now}.`)
  return EXIT.ok
}

async function revoke(given: Given): Promise<number> {
  const id = given.operands[1]
  if ((id === undefined) !== given.isSet('all')) throw new UsageError('name a token, or say --all')
  if (id === undefined) return revokeAll(given)
  const path = `${devicePath(given.operand(0))}/tokens/${encodeURIComponent(id)}`
  await askGateway(findConnection(given), { method: 'DELETE', path })
  if (given.isSet('json')) printJson({ id, revoked: true })
  else printLine(`Token ${id} is revoked.`)
  return EXIT.ok
}

async function revokeAll(given: Given): Promise<number> {
  const device = given.operand(0)
  const { body } = await askGateway(findConnection(given), { method: 'DELETE', path: `${devicePath(device)}/tokens` })
  if (given.isSet('json')) printJson(body)
  else printLine(`${(body as { revoked: number }).revoked} tokens of ${device} are revoked.`)
  return EXIT.ok
}
