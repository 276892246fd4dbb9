import type { Command } from './command.ts'
import { printPage } from './page.ts'
import { timeText } from './print.ts'

interface Quarantine {
  readonly device: string
  readonly since: number
  readonly until: number
  readonly addresses: readonly string[]
}

const PAGE = 200

export const quarantined: Command = {
  words: 'device quarantined',
  operands: [],
  flags: { after: { type: 'string', value: 'id', about: `go on after this one; ${PAGE} are shown` } },
  about: 'those that are kept apart, since two use one token',
  run: (given) => {
    const after = given.text('after')
    const query = new URLSearchParams({ limit: String(PAGE), ...(after === undefined ? {} : { after }) })
    return printPage<Quarantine>(given, `/api/v1/quarantines?${query}`, ['DEVICE', 'SINCE', 'UNTIL', 'FROM'], toRow)
  },
}

function toRow({ device, since, until, addresses }: Quarantine): string[] {
  return [device, timeText(since) ?? '', timeText(until) ?? '', addresses.join(', ')]
}
