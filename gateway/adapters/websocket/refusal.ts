import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** An answer instead of the 101. */
export interface RefusedUpgrade {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly retryAfterS?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** A refused client gets this long to read its answer; a reset would lose it. */
const LINGER_MS = 1_000

/** [H-3] [H-14] The refusal as HTTP: the Arduino client sees the status, everybody else the reason too. */
export function refuse(socket: Duplex, refusal: RefusedUpgrade): void {
  const { status, code, detail, retryAfterS, headers } = refusal
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, code, detail })
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
  socket.resume() // what the client still sends is thrown away
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}
