import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { devicePath } from './devices.ts'
import { EXIT, UsageError } from './failures.ts'
import { printFields, printJson, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface Shadow {
  readonly desired: object
  readonly desired_version: number
  readonly desired_at?: number
  readonly reported: object
  readonly reported_version: number
  readonly reported_at?: number
}

export const settingsCommands: readonly Command[] = [
  {
    words: 'settings show',
    operands: ['<device>'],
    flags: {},
    about: 'what a device should run with, and what it does run with',
    run: show,
  },
  {
    words: 'settings set',
    operands: ['<device>', '<key=json...>'],
    flags: {},
    about: 'change settings, such as interval_s=30; null removes one; kept for a device that is away',
    run: set,
  },
]

const shadowPath = (given: Given): string => `${devicePath(given.operand(0))}/shadow`

async function show(given: Given): Promise<number> {
  const { body } = await askGateway(findConnection(given), { method: 'GET', path: shadowPath(given) })
  print(given, body as Shadow)
  return EXIT.ok
}

async function set(given: Given): Promise<number> {
  const desired = Object.fromEntries(given.operands.slice(1).map(readSetting))
  const ask = { method: 'PATCH', path: shadowPath(given), body: { desired } }
  const { body } = await askGateway(findConnection(given), ask)
  print(given, body as Shadow)
  return EXIT.ok
}

function readSetting(text: string): [string, unknown] {
  const at = text.indexOf('=')
  try {
    if (at > 0) return [text.slice(0, at), JSON.parse(text.slice(at + 1))]
  } catch {
    // said below
  }
  throw new UsageError(`not a key and JSON such as interval_s=30 or 'name="north"': ${text}`)
}

function print(given: Given, shadow: Shadow): void {
  if (given.isSet('json')) return printJson(shadow)
  printFields({
    desired: JSON.stringify(shadow.desired),
    version: stateText(shadow.desired_version, shadow.desired_at),
    reported: JSON.stringify(shadow.reported),
    'its version': stateText(shadow.reported_version, shadow.reported_at),
  })
}

function stateText(version: number, at: number | undefined): string {
  return at === undefined ? 'none yet' : `${version}, ${timeText(at)}`
}
