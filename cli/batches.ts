import { setTimeout as sleep } from 'node:timers/promises'
import type { Given } from './arguments.ts'
import { askOnce } from './ask-once.ts'
import type { Command } from './command.ts'
import { EXIT, UsageError } from './failures.ts'
import { printPage } from './page.ts'
import { printFields, printJson, printTable, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { type Connection, findConnection } from './settings.ts'

interface Batch {
  readonly id: string
  readonly name: string
  readonly params: object
  readonly tag?: string
  readonly created_at: number
  readonly cancelled_at?: number
  readonly done: boolean
  readonly total: number
  readonly counts: Readonly<Record<string, number>>
}
interface Target {
  readonly device: string
  readonly state: string
  readonly command?: string
  readonly error?: { readonly code: string; readonly message: string }
}

const POLL_MS = 500
const PAGE = 200
const LIST_DEFAULT = 20

export const batchCommands: readonly Command[] = [
  {
    words: 'batch list',
    operands: [],
    flags: {
      limit: { type: 'string', short: 'n', value: 'n', about: `how many, newest first (${LIST_DEFAULT}, at most 200)` },
    },
    about: 'the latest commands to many devices',
    run: list,
  },
  { words: 'batch show', operands: ['<id>'], flags: {}, about: 'how far a command to many devices has got', run: show },
  {
    words: 'batch devices',
    operands: ['<id>'],
    flags: { state: { type: 'string', value: 'state', about: 'only those in this state, such as failed' } },
    about: 'what became of each device of a batch',
    run: devices,
  },
  {
    words: 'batch cancel',
    operands: ['<id>'],
    flags: {},
    about: 'cancel what has not ended; devices that have it already are asked to stop',
    run: cancel,
  },
]

const batchPath = (id: string): string => `/api/v1/command-batches/${encodeURIComponent(id)}`

/** Sends one command to many devices. With `waitS` it shows how far it gets; then only success everywhere is success. */
export async function sendToMany(given: Given, command: object, waitS: number | undefined): Promise<number> {
  const connection = findConnection(given)
  const devices = given.text('devices')?.split(',')
  const body = { ...command, tag: given.text('tag'), devices }
  let batch = (await askOnce(connection, { method: 'POST', path: '/api/v1/commands', body })).body as Batch
  if (waitS !== undefined) batch = await follow(connection, batch, waitS)
  print(given, batch)
  if (waitS === undefined) return EXIT.ok
  if (!batch.done)
    process.stderr.write(`fairlead: not ended within ${waitS}s; look again: fairlead batch show ${batch.id}\n`)
  return batch.counts.succeeded === batch.total ? EXIT.ok : EXIT.refused
}

async function follow(connection: Connection, sent: Batch, waitS: number): Promise<Batch> {
  const untilMs = performance.now() + waitS * 1000
  let batch = sent
  let shown = ''
  for (;;) {
    const line = progressOf(batch)
    if (line !== shown) process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
    shown = line
    if (batch.done || performance.now() >= untilMs) break
    await sleep(Math.min(POLL_MS, Math.max(0, untilMs - performance.now())))
    batch = (await askGateway(connection, { method: 'GET', path: batchPath(batch.id) })).body as Batch
  }
  if (process.stderr.isTTY) process.stderr.write('\n')
  return batch
}

const OPEN = ['pending', 'queued', 'sent', 'accepted', 'running']

/** `7 of 12 ended: 6 succeeded, 1 failed, 5 queued` */
function progressOf({ counts, total }: Batch): string {
  const open = OPEN.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
  return `${total - open} of ${total} ended: ${countsText(counts)}`
}

function countsText(counts: Batch['counts']): string {
  return Object.entries(counts)
    .map(([state, n]) => `${n} ${state}`)
    .join(', ')
}

function print(given: Given, batch: Batch): void {
  if (given.isSet('json')) return printJson(batch)
  printFields({
    id: batch.id,
    command: `${batch.name} ${JSON.stringify(batch.params)}`,
    tag: batch.tag,
    devices: String(batch.total),
    state: `${batch.done ? 'ended' : 'not ended'}: ${countsText(batch.counts)}`,
    sent: timeText(batch.created_at),
    cancelled: timeText(batch.cancelled_at),
  })
}

async function show(given: Given): Promise<number> {
  const { body } = await askGateway(findConnection(given), { method: 'GET', path: batchPath(given.operand(0)) })
  print(given, body as Batch)
  return EXIT.ok
}

async function cancel(given: Given): Promise<number> {
  const path = `${batchPath(given.operand(0))}/cancel`
  const { body } = await askGateway(findConnection(given), { method: 'POST', path })
  print(given, body as Batch)
  return EXIT.ok
}

async function list(given: Given): Promise<number> {
  const path = `/api/v1/command-batches?limit=${given.integer('limit') ?? LIST_DEFAULT}`
  return printPage<Batch>(given, path, ['ID', 'NAME', 'DEVICES', 'STATES', 'SENT'], toRow)
}

function toRow({ id, name, total, counts, created_at }: Batch): string[] {
  return [id, name, String(total), countsText(counts), timeText(created_at) ?? '']
}

async function devices(given: Given): Promise<number> {
  const connection = findConnection(given)
  const state = given.text('state')
  if (state === '') throw new UsageError('--state needs a state, such as failed')
  const filter = state === undefined ? '' : `&state=${encodeURIComponent(state)}`
  const items: Target[] = []
  let after = ''
  for (;;) {
    const path = `${batchPath(given.operand(0))}/targets?limit=${PAGE}${filter}${after}`
    const page = (await askGateway(connection, { method: 'GET', path })).body as {
      items: Target[]
      next: string | null
    }
    items.push(...page.items)
    if (page.next === null) break
    after = `&after=${encodeURIComponent(page.next)}`
  }
  if (given.isSet('json')) printJson({ items })
  else printTable(['DEVICE', 'STATE', 'COMMAND', 'WHY'], items.map(targetRow))
  return EXIT.ok
}

function targetRow({ device, state, command, error }: Target): string[] {
  return [device, state, command ?? '-', error === undefined ? '' : `${error.message} (${error.code})`]
}
