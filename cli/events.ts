import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { UsageError } from './failures.ts'
import { printPage } from './page.ts'
import { timeText } from './print.ts'

interface Entry {
  readonly at: number
  readonly device: string
  readonly kind: 'event' | 'log'
  readonly name?: string
  readonly data?: unknown
  readonly level?: string
  readonly text?: string
}

const LIST_DEFAULT = 20

export const eventsCommand: Command = {
  words: 'events',
  operands: ['[device]'],
  flags: {
    limit: { type: 'string', short: 'n', value: 'n', about: `how many, newest first (${LIST_DEFAULT}, at most 200)` },
    kind: { type: 'string', value: 'kind', about: 'only event or log' },
    name: { type: 'string', value: 'name', about: 'only events of this name' },
    level: { type: 'string', value: 'level', about: 'only log lines of debug, info, warn or error, or worse' },
  },
  about: 'what devices said lately: events and log lines',
  run: list,
}

async function list(given: Given): Promise<number> {
  const kind = given.text('kind')
  if (kind !== undefined && kind !== 'event' && kind !== 'log') {
    throw new UsageError(`--kind is event or log, not "${kind}"`)
  }
  const query = new URLSearchParams({ limit: String(given.integer('limit') ?? LIST_DEFAULT) })
  const [name, level] = [given.text('name'), given.text('level')]
  for (const [key, value] of Object.entries({ kind, name, level, device: given.operands[0] })) {
    if (value !== undefined) query.set(key, value)
  }
  return printPage<Entry>(given, `/api/v1/events?${query}`, ['AT', 'DEVICE', 'WHAT', 'CONTENT'], toRow)
}

function toRow({ at, device, kind, name, data, level, text }: Entry): string[] {
  const [what, content] = kind === 'log' ? [`log ${level}`, text ?? ''] : [name ?? '', JSON.stringify(data)]
  return [timeText(at) ?? '', device, what, content]
}
