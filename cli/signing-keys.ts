import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT } from './failures.ts'
import { printJson, printLine, printTable, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface SigningKey {
  readonly id: string
  readonly created_at: number
  readonly signs: boolean
  readonly live_tokens: number
}

const PATH = '/api/v1/signing-keys'

export const signingKeyCommands: readonly Command[] = [
  {
    words: 'signing-key list',
    operands: [],
    flags: {},
    about: 'the keys that sign device tokens, and how many tokens live by each',
    run: list,
  },
  {
    words: 'signing-key add',
    operands: [],
    flags: {},
    about: 'add a key, which signs new tokens from now on',
    run: add,
  },
  {
    words: 'signing-key reissue',
    operands: ['<key-id>'],
    flags: {},
    about: 'begin to replace the tokens of a key over the open sockets',
    run: reissue,
  },
  {
    words: 'signing-key retire',
    operands: ['<key-id>'],
    flags: { force: { type: 'boolean', about: 'also while tokens of it live: they are revoked' } },
    about: 'remove a key for good',
    run: retire,
  },
]

async function list(given: Given): Promise<number> {
  const { body } = await askGateway(findConnection(given), { method: 'GET', path: PATH })
  const { items } = body as { items: SigningKey[] }
  const toRow = (key: SigningKey) => [
    key.id,
    key.signs ? 'signs' : 'verifies',
    timeText(key.created_at) ?? '-',
    String(key.live_tokens),
  ]
  if (given.isSet('json')) printJson(body)
  else printTable(['ID', 'DOES', 'MADE', 'LIVE TOKENS'], items.map(toRow))
  return EXIT.ok
}

async function add(given: Given): Promise<number> {
  const { body } = await askGateway(findConnection(given), { method: 'POST', path: PATH })
  if (given.isSet('json')) printJson(body)
  else printLine(`Key ${(body as SigningKey).id} signs from now on. Tokens of the older keys stay good.`)
  return EXIT.ok
}

async function reissue(given: Given): Promise<number> {
  const path = `${PATH}/${encodeURIComponent(given.operand(0))}/reissue`
  const connection = findConnection(given)
  let total = 0
  for (;;) {
    const { body } = await askGateway(connection, { method: 'POST', path })
    const { started, busy, live_tokens } = body as { started: number; busy: number; live_tokens: number }
    total += started
    if (started > 0) continue // some hundreds at a time
    if (given.isSet('json')) printJson({ started: total, busy, live_tokens })
    else printLine(`${total} rotations begun, ${busy} devices are busy, ${live_tokens} tokens of this key still live.`)
    return EXIT.ok
  }
}

async function retire(given: Given): Promise<number> {
  const id = given.operand(0)
  const path = `${PATH}/${encodeURIComponent(id)}${given.isSet('force') ? '?force=true' : ''}`
  const { body } = await askGateway(findConnection(given), { method: 'DELETE', path })
  if (given.isSet('json')) printJson(body)
  else printLine(`Key ${id} is gone; ${(body as { revoked: number }).revoked} tokens were revoked with it.`)
  return EXIT.ok
}
