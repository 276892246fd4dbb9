import { type CommandState, isFinal } from '../protocol/command-request.ts'
import type { Given } from './arguments.ts'
import { askOnce } from './ask-once.ts'
import { sendToMany } from './batches.ts'
import type { Command } from './command.ts'
import { devicePath } from './devices.ts'
import { EXIT, UsageError } from './failures.ts'
import { printPage } from './page.ts'
import { printFields, printJson, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { findConnection } from './settings.ts'

interface CommandView {
  readonly id: string
  readonly device: string
  readonly name: string
  readonly params: object
  readonly state: CommandState
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
  readonly late_result?: unknown
  readonly due_at?: number
  readonly deliveries: number
  readonly cancel_requested_at?: number
  readonly created_at: number
  readonly history: readonly { readonly state: string; readonly at: number }[]
}

/** The gateway holds an answer back no longer. */
const WAIT_MAX_S = 60
const LIST_DEFAULT = 20

export const commandCommands: readonly Command[] = [
  {
    words: 'command send',
    operands: ['[device]', '<name>', '[json-params]'],
    flags: {
      tag: { type: 'string', value: 'tag', about: 'to every device with this tag, instead of one' },
      devices: { type: 'string', value: 'a,b', about: 'to each of these devices, instead of one' },
      ttl: { type: 'string', value: 'time', about: 'until the device must have accepted it (1h)' },
      timeout: { type: 'string', value: 'time', about: 'how long it may run then (30s)' },
      wait: {
        type: 'string',
        value: 'time',
        about: 'wait for its end, up to 60s (for many devices longer); exit 1 unless it succeeded',
      },
    },
    about: 'send a command; it is kept for a device that is away',
    run: send,
  },
  { words: 'command show', operands: ['<id>'], flags: {}, about: 'one command with its history', run: show },
  {
    words: 'command list',
    operands: ['[device]'],
    flags: {
      limit: { type: 'string', short: 'n', value: 'n', about: `how many, newest first (${LIST_DEFAULT}, at most 200)` },
      state: { type: 'string', value: 'state', about: 'only in this state; open is every one that has not ended' },
      since: { type: 'string', value: 'time', about: 'only of the last 10m, 2h, 7d' },
    },
    about: 'the latest commands, of one device or of all',
    run: list,
  },
  { words: 'command cancel', operands: ['<id>'], flags: {}, about: 'cancel a command that waits', run: cancel },
]

const commandPath = (id: string): string => `/api/v1/commands/${encodeURIComponent(id)}`

async function send(given: Given): Promise<number> {
  const waitS = given.seconds('wait')
  const times = { ttl_s: given.seconds('ttl'), timeout_s: given.seconds('timeout') }
  if (given.text('tag') !== undefined || given.text('devices') !== undefined) {
    if (given.operands.length > 2) throw new UsageError('with --tag or --devices no device is named before the command')
    return sendToMany(given, { name: given.operand(0), params: readParams(given.operands[1]), ...times }, waitS)
  }
  if (waitS !== undefined && waitS > WAIT_MAX_S) throw new UsageError(`--wait is at most ${WAIT_MAX_S}s`)
  if (given.operands.length < 2) throw new UsageError('<name> is missing: fairlead command send <device> <name>')
  const body = { name: given.operand(1), params: readParams(given.operands[2]), ...times }
  const query = waitS === undefined ? '' : `?wait=${waitS}s`
  const answer = await askOnce(findConnection(given), {
    method: 'POST',
    path: `${devicePath(given.operand(0))}/commands${query}`,
    body,
    extraWaitMs: (waitS ?? 0) * 1000,
  })
  const command = answer.body as CommandView
  print(given, command)
  if (waitS === undefined) return EXIT.ok
  if (!isFinal(command.state)) {
    process.stderr.write(`fairlead: not ended within ${waitS}s; look again: fairlead command show ${command.id}\n`)
  }
  return command.state === 'succeeded' ? EXIT.ok : EXIT.refused
}

function readParams(text: string | undefined): object | undefined {
  if (text === undefined) return undefined
  try {
    const params: unknown = JSON.parse(text)
    if (typeof params === 'object' && params !== null && !Array.isArray(params)) return params
  } catch {
    // said below
  }
  throw new UsageError(`the params are not a JSON object such as '{"on":true}': ${text}`)
}

async function show(given: Given): Promise<number> {
  const { body } = await askGateway(findConnection(given), { method: 'GET', path: commandPath(given.operand(0)) })
  print(given, body as CommandView)
  return EXIT.ok
}

async function cancel(given: Given): Promise<number> {
  const path = `${commandPath(given.operand(0))}/cancel`
  const { body } = await askGateway(findConnection(given), { method: 'POST', path })
  print(given, body as CommandView)
  return EXIT.ok
}

async function list(given: Given): Promise<number> {
  return printPage<CommandView>(given, listPath(given), ['ID', 'DEVICE', 'STATE', 'NAME', 'CREATED'], toRow)
}

/** Without a filter the device's own list: it says when there is no such device. */
function listPath(given: Given): string {
  const query = new URLSearchParams({ limit: String(given.integer('limit') ?? LIST_DEFAULT) })
  const [device] = given.operands
  const state = given.text('state')
  const sinceS = given.seconds('since')
  if (device !== undefined && state === undefined && sinceS === undefined) {
    return `${devicePath(device)}/commands?${query}`
  }
  if (device !== undefined) query.set('device', device)
  if (state !== undefined) query.set('state', state)
  if (sinceS !== undefined) query.set('since', String(Date.now() - sinceS * 1000))
  return `/api/v1/commands?${query}`
}

function toRow({ id, device, state, name, created_at }: CommandView): string[] {
  return [id, device, state, name, timeText(created_at) ?? '']
}

function print(given: Given, command: CommandView): void {
  if (given.isSet('json')) return printJson(command)
  const { error } = command
  printFields({
    id: command.id,
    device: command.device,
    command: `${command.name} ${JSON.stringify(command.params)}`,
    state: command.state,
    result: command.result === undefined ? undefined : JSON.stringify(command.result),
    error: error && `${error.message} (${error.code})`,
    'late result': command.late_result === undefined ? undefined : JSON.stringify(command.late_result),
    until: timeText(command.due_at),
    deliveries: command.deliveries > 1 ? String(command.deliveries) : undefined,
    'to be cancelled': timeText(command.cancel_requested_at),
    history: command.history.map(({ state, at }) => `${state} ${timeText(at)}`).join(', '),
  })
}
