import { networkInterfaces } from 'node:os'
import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { DEVICE_FILTERS, deviceFilterQuery } from './device-filters.ts'
import { EXIT, UsageError } from './failures.ts'
import { printPage } from './page.ts'
import { printFields, printJson, printLine, printTable, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { type Connection, findConnection } from './settings.ts'

interface Device {
  readonly id: string
  readonly model?: string
  readonly firmware?: string
  readonly tags: readonly string[]
  readonly notes?: string
  readonly enabled: boolean
  readonly created_at: number
  readonly presence: {
    readonly state: string
    readonly session: number
    readonly since: number
    readonly reason: string
    readonly node: string
    readonly wake_at?: number
  }
  readonly quarantine?: { readonly until: number }
  readonly counters: Readonly<Record<string, number>>
}
interface ConnectionView {
  readonly session: number
  readonly connected_at: number
  readonly ended_at?: number
  readonly reason?: string
  readonly address?: string
  readonly firmware?: string
  readonly messages: number
}
interface Created extends Device {
  readonly token: string
}

const PAGE = 200
const CONNECTIONS_DEFAULT = 20

export const devicePath = (id: string): string => `/api/v1/devices/${encodeURIComponent(id)}`

export const deviceCommands: readonly Command[] = [
  {
    words: 'device add',
    operands: ['<id>'],
    flags: {
      model: { type: 'string', value: 'model', about: 'what kind of board it is' },
      tag: { type: 'string', multiple: true, value: 'tag', about: 'to find it by; may be given more than once' },
      notes: { type: 'string', value: 'text', about: 'what people should know about it' },
    },
    about: 'add a device and print its token, this once',
    run: add,
  },
  {
    words: 'device list',
    operands: ['[part-of-id]'],
    flags: DEVICE_FILTERS,
    about: 'every device with its presence, or those that match',
    run: list,
  },
  { words: 'device show', operands: ['<id>'], flags: {}, about: 'one device with its counters', run: show },
  {
    words: 'device change',
    operands: ['<id>'],
    flags: {
      model: { type: 'string', value: 'model', about: 'what kind of board it is' },
      tag: { type: 'string', multiple: true, value: 'tag', about: 'its tags from now on; one --tag "" for none' },
      notes: { type: 'string', value: 'text', about: 'what people should know about it; "" for nothing' },
    },
    about: 'change the model, all tags or the notes of a device',
    run: change,
  },
  {
    words: 'device remove',
    operands: ['<id>'],
    flags: {},
    about: 'remove a device, its tokens and its commands; closes its socket',
    run: remove,
  },
  {
    words: 'device enable',
    operands: ['<id>'],
    flags: {},
    about: 'let a disabled device connect again',
    run: (given) => setEnabled(given, true),
  },
  {
    words: 'device disable',
    operands: ['<id>'],
    flags: {},
    about: 'close its socket and refuse it, but keep its tokens',
    run: (given) => setEnabled(given, false),
  },
  {
    words: 'device release',
    operands: ['<id>'],
    flags: {},
    about: 'end a quarantine: let it connect again, once two devices no longer share its token',
    run: release,
  },
  {
    words: 'device connections',
    operands: ['<id>'],
    flags: {
      limit: { type: 'string', short: 'n', value: 'n', about: `how many, newest first (${CONNECTIONS_DEFAULT})` },
    },
    about: 'when it was connected, and why that ended',
    run: connections,
  },
]

async function add(given: Given): Promise<number> {
  const connection = findConnection(given)
  const tags = given.texts('tag')
  const about = { model: given.text('model'), notes: given.text('notes') }
  const body = { id: given.operand(0), ...about, ...(tags.length > 0 ? { tags } : {}) }
  const answer = await askGateway(connection, { method: 'POST', path: '/api/v1/devices', body })
  const created = answer.body as Created
  if (given.isSet('json')) printJson(created)
  else {
    printLine(`Device ${created.id} is added. Its token is shown this once.`)
    printConsoleLines(connection, created.token)
  }
  return EXIT.ok
}

/** What to type on the serial console of a device. */
export function printConsoleLines(connection: Connection, token: string): void {
  const { url, caPath } = connection
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  printLine(`On the device's console:\n\n  gateway ${hostForDevices(url)} ${port}\n  token ${token}\n`)
  if (caPath !== undefined) printLine(`The CA that the device must trust: ${caPath}`)
}

/** A device cannot use this machine's own "localhost": it gets the public name or an address on the LAN. */
function hostForDevices(url: URL): string {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (host !== 'localhost' && host !== '::1' && !host.startsWith('127.')) return host
  const named = process.env.FAIRLEAD_PUBLIC_HOST?.split(',')[0]?.trim()
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const lan = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
  return named || lan || host
}

async function list(given: Given): Promise<number> {
  const connection = findConnection(given)
  const filters = deviceFilterQuery(given)
  const items: Device[] = []
  let after = ''
  for (;;) {
    const path = `/api/v1/devices?limit=${PAGE}${after}${filters}`
    const page = (await askGateway(connection, { method: 'GET', path })).body as {
      items: Device[]
      next: string | null
    }
    items.push(...page.items)
    if (page.next === null) break
    after = `&after=${encodeURIComponent(page.next)}`
  }
  if (given.isSet('json')) printJson({ items })
  else printTable(['ID', 'STATE', 'SINCE', 'MODEL', 'FIRMWARE', 'TAGS'], items.map(toRow))
  return EXIT.ok
}

function toRow({ id, presence, model, firmware, tags, enabled }: Device): string[] {
  const state = enabled ? presence.state : 'disabled'
  return [id, state, timeText(presence.since) ?? '', model ?? '-', firmware ?? '-', tags.join(',') || '-']
}

async function show(given: Given): Promise<number> {
  const { body } = await askGateway(findConnection(given), { method: 'GET', path: devicePath(given.operand(0)) })
  if (given.isSet('json')) printJson(body)
  else printDevice(body as Device)
  return EXIT.ok
}

function printDevice(device: Device): void {
  const { presence, counters } = device
  printFields({
    id: device.id,
    state: `${presence.state}, ${presence.reason}`,
    since: timeText(presence.since),
    'back at': timeText(presence.wake_at),
    session: `${presence.session} on ${presence.node}`,
    quarantine: device.quarantine && `until ${timeText(device.quarantine.until)}: two devices use its token`,
    enabled: device.enabled ? 'yes' : 'no',
    model: device.model,
    firmware: device.firmware,
    tags: device.tags.join(', ') || undefined,
    notes: device.notes,
    added: timeText(device.created_at),
    ...Object.fromEntries(Object.entries(counters).map(([name, count]) => [name, String(count)])),
  })
}

async function change(given: Given): Promise<number> {
  const tags = given.texts('tag')
  const body = {
    model: given.text('model'),
    notes: given.text('notes'),
    ...(tags.length > 0 ? { tags: tags.filter((tag) => tag !== '') } : {}),
  }
  if (Object.values(body).every((value) => value === undefined)) {
    throw new UsageError('say what to change: --model, --tag or --notes')
  }
  const path = devicePath(given.operand(0))
  const answer = await askGateway(findConnection(given), { method: 'PATCH', path, body })
  if (given.isSet('json')) printJson(answer.body)
  else printDevice(answer.body as Device)
  return EXIT.ok
}

async function remove(given: Given): Promise<number> {
  const id = given.operand(0)
  await askGateway(findConnection(given), { method: 'DELETE', path: devicePath(id) })
  if (given.isSet('json')) printJson({ id, removed: true })
  else printLine(`Device ${id} is removed.`)
  return EXIT.ok
}

async function release(given: Given): Promise<number> {
  const id = given.operand(0)
  await askGateway(findConnection(given), { method: 'DELETE', path: `${devicePath(id)}/quarantine` })
  if (given.isSet('json')) printJson({ id, released: true })
  else printLine(`Device ${id} may connect.`)
  return EXIT.ok
}

async function connections(given: Given): Promise<number> {
  const path = `${devicePath(given.operand(0))}/connections?limit=${given.integer('limit') ?? CONNECTIONS_DEFAULT}`
  return printPage<ConnectionView>(
    given,
    path,
    ['FROM', 'TO', 'REASON', 'SESSION', 'ADDRESS', 'FIRMWARE', 'MESSAGES'],
    connectionRow,
  )
}

function connectionRow(view: ConnectionView): string[] {
  const { session, connected_at, ended_at, reason, address, firmware, messages } = view
  const isOpen = ended_at === undefined
  const times = [timeText(connected_at) ?? '', timeText(ended_at) ?? '-']
  const facts = [String(session), address ?? '-', firmware ?? '-', isOpen ? '-' : String(messages)]
  return [...times, isOpen ? 'open' : (reason ?? '-'), ...facts]
}

async function setEnabled(given: Given, enabled: boolean): Promise<number> {
  const path = devicePath(given.operand(0))
  const { body } = await askGateway(findConnection(given), { method: 'PATCH', path, body: { enabled } })
  const { id } = body as Device
  if (given.isSet('json')) printJson(body)
  else printLine(`Device ${id} is ${enabled ? 'enabled' : 'disabled'}.`)
  return EXIT.ok
}
