import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { CLOSE } from '../protocol/close-codes.ts'
import { isJsonObject } from '../protocol/json.ts'
import { LIVE_PATH, type LiveMessage } from '../protocol/live.ts'
import { RefusedError } from './failures.ts'
import { checkKey, unreachable } from './request.ts'
import type { Connection } from './settings.ts'

/** The gateway speaks once a second; a line that is silent for so long is dead (docs/live.md). */
const SILENT_MAX_MS = 8_000
const HANDSHAKE_TIMEOUT_MS = 10_000
const FIRST_RETRY_MS = 500
const RETRY_MAX_MS = 15_000
/** A part of a snapshot is some hundred kilobytes; more is not a Fairlead gateway. */
const MESSAGE_MAX_BYTES = 16 * 1024 * 1024

export interface LiveReader {
  /** A line stands, the first time or again: subscribe to what is wanted. */
  opened(say: (message: object) => void, role: string): void
  message(message: LiveMessage): void
  /** The line broke and is tried again. */
  lost(why: string): void
}

/**
 * The gateway's live socket (docs/live.md), kept up until the signal. Rejects with UnreachableError when the first
 * connection does not come about, and with RefusedError when the gateway will not have us, or not any more.
 */
export async function watchLive(connection: Connection, reader: LiveReader, signal: AbortSignal): Promise<void> {
  checkKey(connection)
  let retryMs = FIRST_RETRY_MS
  let wasEverOpen = false
  while (!signal.aborted) {
    const end = await oneLine(connection, reader, signal)
    if (signal.aborted) return
    if (end.refusal !== undefined) throw end.refusal
    if (end.wasOpen) retryMs = FIRST_RETRY_MS
    wasEverOpen ||= end.wasOpen
    if (!wasEverOpen) throw unreachable(connection, end.error)
    reader.lost(end.error.code ?? end.error.message)
    await sleep(retryMs / 2 + (Math.random() * retryMs) / 2, undefined, { signal }).catch(() => {}) // the loop looks
    retryMs = Math.min(2 * retryMs, RETRY_MAX_MS)
  }
}

interface End {
  readonly wasOpen: boolean
  readonly error: NodeJS.ErrnoException
  /** Trying again would end in the same way. */
  readonly refusal?: RefusedError
}

/** From the handshake to the end of one socket. */
function oneLine(connection: Connection, reader: LiveReader, signal: AbortSignal): Promise<End> {
  const { promise, resolve } = Promise.withResolvers<End>()
  const socket = open(connection)
  let end: End = { wasOpen: false, error: new Error('the connection broke') }
  const watchdog = setTimeout(() => {
    end = { ...end, error: new Error('the gateway fell silent') }
    socket.terminate()
  }, SILENT_MAX_MS)
  const stop = () => socket.terminate()
  signal.addEventListener('abort', stop)
  socket.on('message', (data) => {
    watchdog.refresh()
    const message = parsed(String(data))
    if (message === undefined) {
      end = { ...end, error: new Error('what answers is not a Fairlead gateway') }
      return socket.terminate()
    }
    if (message.type === 'welcome') {
      end = { ...end, wasOpen: true }
      reader.opened((text) => socket.send(JSON.stringify(text)), message.role)
    }
    if (message.type === 'bye') end = { ...end, ...endOf(message) }
    reader.message(message)
  })
  socket.on('unexpected-response', (_request, response) => {
    end = { ...end, ...refused(connection, response.statusCode ?? 0) }
    socket.terminate()
  })
  socket.on('error', (error) => {
    if (!end.wasOpen && end.refusal === undefined) end = { ...end, error }
  })
  socket.on('close', () => {
    clearTimeout(watchdog)
    signal.removeEventListener('abort', stop)
    resolve(end)
  })
  return promise
}

function open({ url, ca, key }: Connection): WebSocket {
  const target = new URL(url.pathname.replace(/\/$/, '') + LIVE_PATH, url)
  target.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return new WebSocket(target, {
    ca,
    headers: { authorization: `Bearer ${key}` },
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MESSAGE_MAX_BYTES,
  })
}

/** An answer instead of the socket. Too many pages and a gateway that starts are tried again, once one was open. */
function refused({ keyFrom }: Connection, status: number): Partial<End> {
  const error = new Error(`it answers ${status}`)
  if (status !== 401 && status !== 403) return { error }
  const detail = `The gateway does not take the key (${status}). It is from ${keyFrom}.`
  return { error, refusal: new RefusedError(detail, { code: status === 401 ? 'unauthorized' : 'forbidden', detail }) }
}

function parsed(text: string): LiveMessage | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? (value as unknown as LiveMessage) : undefined
  } catch {
    return undefined
  }
}

/** The last word of the gateway. */
function endOf({ code, reason, reconnect }: LiveMessage & { readonly type: 'bye' }): Partial<End> {
  const error = new Error(`${reason} (${code})`)
  if (reconnect) return { error }
  const detail = code === CLOSE.forbidden.code ? 'The key may not see all of that; choose with --only.' : error.message
  return { error, refusal: new RefusedError(detail, { code: reason, detail }) }
}
