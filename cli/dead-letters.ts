import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { printPage } from './page.ts'
import { timeText } from './print.ts'

interface Letter {
  readonly at: number
  readonly topic: string
  readonly reason: string
  readonly detail: string
  readonly payload: string
}

const LIST_DEFAULT = 20
/** As much of a payload as fits beside the rest on a line. */
const PAYLOAD_SHOWN = 40

export const deadLetters: Command = {
  words: 'dead-letters',
  operands: ['[device]'],
  flags: {
    limit: { type: 'string', short: 'n', value: 'n', about: `how many, newest first (${LIST_DEFAULT}, at most 200)` },
  },
  about: 'requests from the bus that could not be taken, and commands that were given up',
  run: list,
}

async function list(given: Given): Promise<number> {
  const query = new URLSearchParams({ limit: String(given.integer('limit') ?? LIST_DEFAULT) })
  const [device] = given.operands
  if (device !== undefined) query.set('device', device)
  return printPage<Letter>(
    given,
    `/api/v1/dead-letters?${query}`,
    ['AT', 'REASON', 'DETAIL', 'TOPIC', 'PAYLOAD'],
    toRow,
  )
}

function toRow({ at, reason, detail, topic, payload }: Letter): string[] {
  return [timeText(at) ?? '', reason, detail, topic, payload.slice(0, PAYLOAD_SHOWN)]
}
