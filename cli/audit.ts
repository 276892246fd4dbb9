import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { printPage } from './page.ts'
import { timeText } from './print.ts'

interface Entry {
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly target?: string
  readonly device?: string
  readonly outcome: string
  readonly address?: string
  readonly detail?: object
}

const LIST_DEFAULT = 20

export const auditCommand: Command = {
  words: 'audit',
  operands: [],
  flags: {
    limit: { type: 'string', short: 'n', value: 'n', about: `how many, newest first (${LIST_DEFAULT}, at most 200)` },
    before: { type: 'string', value: 'id', about: 'older than this entry: `next` of the page before' },
    device: { type: 'string', value: 'id', about: 'only what concerns this device' },
    actor: { type: 'string', value: 'who', about: 'only what this one did, such as key:first' },
    action: { type: 'string', value: 'what', about: 'only this action, such as revokeToken' },
    outcome: { type: 'string', value: 'word', about: 'only this outcome: ok, refused, or the code of an error' },
    since: { type: 'string', value: 'time', about: 'only of the last 10m, 2h, 7d' },
  },
  about: 'who did what, and what the gateway did for its safety',
  run: list,
}

async function list(given: Given): Promise<number> {
  const path = `/api/v1/audit?${query(given)}`
  return printPage<Entry>(given, path, ['AT', 'WHO', 'WHAT', 'TARGET', 'OUTCOME', 'FROM', 'DETAIL'], toRow)
}

function query(given: Given): string {
  const query = new URLSearchParams({ limit: String(given.integer('limit') ?? LIST_DEFAULT) })
  for (const name of ['device', 'actor', 'action', 'outcome']) {
    const value = given.text(name)
    if (value !== undefined) query.set(name, value)
  }
  const before = given.integer('before')
  if (before !== undefined) query.set('before', String(before))
  const sinceS = given.seconds('since')
  if (sinceS !== undefined) query.set('since', String(Date.now() - sinceS * 1000))
  return query.toString()
}

function toRow({ at, actor, action, target, device, outcome, address, detail }: Entry): string[] {
  const facts = detail === undefined ? '' : JSON.stringify(detail)
  return [timeText(at) ?? '', actor, action, target ?? device ?? '-', outcome, address ?? '-', facts]
}
