import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT } from './failures.ts'
import { printJson, printLine, printTable, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface Ban {
  readonly id: string
  readonly address?: string
  readonly device?: string
  readonly reason?: string
  readonly created_at: number
  readonly ends_at: number | null
}

const PATH = '/api/v1/bans'
const PAGE = 200
const FLAGS = {
  for: { type: 'string', value: 'time', about: 'how long, such as 1h or 7d; without it until it is lifted' },
  reason: { type: 'string', value: 'text', about: 'why, for people' },
} as const

export const banCommands: readonly Command[] = [
  {
    words: 'ban address',
    operands: ['<address-or-network>'],
    flags: FLAGS,
    about: 'take no connection from an address any more, and end those of its devices',
    run: (given) => add(given, { address: given.operand(0) }),
  },
  {
    words: 'ban device',
    operands: ['<id>'],
    flags: FLAGS,
    about: 'refuse a device for a while, and end its session',
    run: (given) => add(given, { device: given.operand(0) }),
  },
  { words: 'ban list', operands: [], flags: {}, about: 'who is kept out', run: list },
  { words: 'ban lift', operands: ['<ban-id>'], flags: {}, about: 'lift a ban', run: lift },
]

async function add(given: Given, whom: object): Promise<number> {
  const body = { ...whom, ttl_s: given.seconds('for'), reason: given.text('reason') }
  const ban = (await askGateway(findConnection(given), { method: 'POST', path: PATH, body })).body as Ban
  const until = ban.ends_at === null ? 'until it is lifted' : `until ${timeText(ban.ends_at)}`
  if (given.isSet('json')) printJson(ban)
  else printLine(`${ban.address ?? ban.device} is kept out ${until}. Lift it with: fairlead ban lift ${ban.id}`)
  return EXIT.ok
}

async function list(given: Given): Promise<number> {
  const connection = findConnection(given)
  const items: Ban[] = []
  let after = ''
  for (;;) {
    const page = (await askGateway(connection, { method: 'GET', path: `${PATH}?limit=${PAGE}${after}` })).body as {
      items: Ban[]
      next: string | null
    }
    items.push(...page.items)
    if (page.next === null) break
    after = `&after=${encodeURIComponent(page.next)}`
  }
  if (given.isSet('json')) printJson({ items })
  else printTable(['ID', 'WHO', 'SINCE', 'UNTIL', 'WHY'], items.map(toRow))
  return EXIT.ok
}

function toRow({ id, address, device, reason, created_at, ends_at }: Ban): string[] {
  const who = address ?? `device ${device}`
  return [id, who, timeText(created_at) ?? '', timeText(ends_at) ?? 'lifted', reason ?? '']
}

async function lift(given: Given): Promise<number> {
  const id = given.operand(0)
  await askGateway(findConnection(given), { method: 'DELETE', path: `${PATH}/${encodeURIComponent(id)}` })
  if (given.isSet('json')) printJson({ id, lifted: true })
  else printLine(`Ban ${id} is lifted.`)
  return EXIT.ok
}
