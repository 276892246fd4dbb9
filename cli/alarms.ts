import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT, UsageError } from './failures.ts'
import { printJson, printLine, printTable, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

export interface AlarmList {
  readonly items: readonly Alarm[]
  /** Of all, also those that a filter left out. */
  readonly counts: { readonly warning: number; readonly critical: number }
}
interface Alarm {
  readonly kind: string
  readonly severity: 'warning' | 'critical'
  readonly device?: string
  readonly since: number
  readonly text: string
}

export const PATH = '/api/v1/alarms'
const SEVERITIES = ['warning', 'critical']

export const alarmsCommand: Command = {
  words: 'alarms',
  operands: ['[device]'],
  flags: {
    severity: { type: 'string', value: 'severity', about: 'only warning or critical' },
    kind: { type: 'string', value: 'kind', about: 'only this kind, such as device_overslept' },
  },
  about: 'what needs a person now; exit 1 if one that is shown is critical',
  run: list,
}

async function list(given: Given): Promise<number> {
  const severity = given.text('severity')
  if (severity !== undefined && !SEVERITIES.includes(severity)) {
    throw new UsageError(`--severity is warning or critical, not "${severity}"`)
  }
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ severity, kind: given.text('kind'), device: given.operands[0] })) {
    if (value !== undefined) query.set(name, value)
  }
  const path = query.size === 0 ? PATH : `${PATH}?${query}`
  const alarms = (await askGateway(findConnection(given), { method: 'GET', path })).body as AlarmList
  if (given.isSet('json')) printJson(alarms)
  else if (alarms.items.length === 0 && process.stdout.isTTY) printLine('Nothing needs you.')
  else printTable(['SEVERITY', 'SINCE', 'KIND', 'DEVICE', 'WHAT TO DO'], alarms.items.map(toRow))
  return alarms.items.some((alarm) => alarm.severity === 'critical') ? EXIT.refused : EXIT.ok
}

function toRow({ severity, since, kind, device, text }: Alarm): string[] {
  return [severity, timeText(since) ?? '', kind, device ?? '', text]
}
