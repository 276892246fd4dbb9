import { signal } from '@preact/signals'
import { type FleetFigures, LIVE_PATH, type LiveMessage } from '../../../protocol/live.ts'
import type { Role } from './api.ts'
import { askWho, followRole } from './session.ts'

export type Line =
  | { readonly state: 'off' }
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'lost'; readonly sinceMs: number; readonly nextTryMs: number }

export interface ChannelReader {
  /** All there is, perhaps in parts: `isFirst` of the first, which replaces what was known. */
  snapshot(items: readonly unknown[], isFirst: boolean): void
  changes(items: readonly unknown[]): void
}

interface Channel {
  readonly reader: ChannelReader
  cursor?: string
  inSnapshot: boolean
}

/** The gateway speaks once a second; a line that is silent for so long is dead, whatever the browser believes. */
const SILENT_MAX_MS = 8_000
const FIRST_RETRY_MS = 500
const RETRY_MAX_MS = 15_000

/** The state of the line, for the pill in the corner. */
export const line = signal<Line>({ state: 'off' })
/** Figures of the last seconds, the newest last, for rates. */
export const figures = signal<readonly { readonly at: number; readonly fleet: FleetFigures }[]>([])
const FIGURES_KEPT = 120

const channels = new Map<string, Channel>()
let socket: WebSocket | undefined
let retryTimer: ReturnType<typeof setTimeout> | undefined
let watchdog: ReturnType<typeof setTimeout> | undefined
let retryMs = FIRST_RETRY_MS
let lostSinceMs = 0
/** Rises with each try, and when nobody is there any more: what an earlier one brings late is passed over. */
let attempt = 0
/** Gateway's clock minus ours, so that "3 s ago" is true on a machine whose clock is wrong. */
let clockOffsetMs = 0

export const gatewayNow = (): number => Date.now() + clockOffsetMs

/** Reads the channel from now on, also over lost connections, until the returned function is called. */
export function subscribe(name: string, reader: ChannelReader): () => void {
  const channel: Channel = { reader, inSnapshot: false }
  channels.set(name, channel)
  ask(name, channel)
  return () => {
    if (channels.get(name) !== channel) return
    channels.delete(name)
    say({ type: 'unsubscribe', channel: name })
  }
}

export function connect(): void {
  if (socket !== undefined || retryTimer !== undefined) return
  open()
}

export function disconnect(): void {
  clearTimeout(retryTimer)
  retryTimer = undefined
  attempt += 1
  drop()
  for (const channel of channels.values()) channel.cursor = undefined
  line.value = { state: 'off' }
}

function open(): void {
  retryTimer = undefined
  if (line.value.state !== 'lost') line.value = { state: 'connecting' }
  const opening = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${LIVE_PATH}`)
  socket = opening
  opening.onmessage = ({ data }) => socket === opening && hear(JSON.parse(String(data)) as LiveMessage)
  opening.onclose = () => socket === opening && lost()
  watch()
}

/** Forgets the socket; what it still says is not heard. */
function drop(): void {
  clearTimeout(watchdog)
  const old = socket
  socket = undefined
  old?.close()
}

function watch(): void {
  clearTimeout(watchdog)
  watchdog = setTimeout(lost, SILENT_MAX_MS)
}

function lost(): void {
  drop()
  if (line.value.state !== 'lost') lostSinceMs = Date.now()
  const delayMs = retryMs / 2 + (Math.random() * retryMs) / 2
  retryMs = Math.min(2 * retryMs, RETRY_MAX_MS)
  line.value = { state: 'lost', sinceMs: lostSinceMs, nextTryMs: Date.now() + delayMs }
  retryTimer = setTimeout(tryAgain, delayMs)
}

/** A socket that is refused does not say why: the API does. */
function tryAgain(): void {
  const mine = ++attempt
  askWho()
    .then((isIn) => mine === attempt && (isIn ? open() : disconnect()))
    .catch(() => mine === attempt && lost())
}

function hear(message: LiveMessage): void {
  watch()
  switch (message.type) {
    case 'welcome':
      retryMs = FIRST_RETRY_MS
      clockOffsetMs = message.now - Date.now()
      line.value = { state: 'live' }
      followRole(message.role as Role)
      for (const [name, channel] of channels) ask(name, channel)
      return
    case 'tick':
      clockOffsetMs = message.now - Date.now()
      figures.value = [...figures.value, { at: message.now, fleet: message.fleet }].slice(-FIGURES_KEPT)
      return
    case 'role':
      return followRole(message.role as Role)
    case 'snapshot':
    case 'changes':
      return deliver(message)
    default:
      return // an error speaks of a channel that is gone; after a bye the socket closes
  }
}

function deliver(message: LiveMessage & { type: 'snapshot' | 'changes' }): void {
  const channel = channels.get(message.channel)
  if (channel === undefined) return
  if (message.type === 'changes' || message.recovered) channel.reader.changes(message.items)
  else {
    channel.reader.snapshot(message.items, !channel.inSnapshot)
    channel.inSnapshot = message.more
  }
  if (!channel.inSnapshot) channel.cursor = message.cursor // half a snapshot cannot be resumed
}

function ask(name: string, channel: Channel): void {
  channel.inSnapshot = false
  say({ type: 'subscribe', channel: name, cursor: channel.cursor })
}

function say(message: object): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
}

addEventListener('online', () => {
  if (line.value.state !== 'lost') return
  clearTimeout(retryTimer)
  tryAgain()
})
