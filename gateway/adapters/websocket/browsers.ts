import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { LIVE_PATH, LIVE_REQUEST_MAX_BYTES } from '../../../protocol/live.ts'
import type { Caller } from '../../core/access/ports.ts'
import { GatewayError, RateRefusal } from '../../core/errors.ts'
import type { ViewerLink } from '../../core/live/viewer.ts'
import type { Viewers } from '../../core/live/viewers.ts'
import type { Log } from '../../core/ports.ts'
import { refuse } from './refusal.ts'

/** A peer that does not answer the close frame is destroyed after this. */
const CLOSE_TIMEOUT_MS = 2_000
const RETRY_AFTER_S = 5

export interface BrowserSocketOptions {
  readonly server: Server
  readonly viewers: Viewers
  /** Who asks; rejects with unauthorized, foreign_origin, rate_limited or registry_unavailable. */
  readonly admit: (request: IncomingMessage) => Promise<Caller>
  /** Who sent these headers, asked again later; rejects as `admit`. */
  readonly identify: (headers: IncomingHttpHeaders) => Promise<Caller | undefined>
  readonly log: Log
}

/** Whether the request is for `/live/v1`. */
export function isLive(request: IncomingMessage): boolean {
  return request.url?.split('?', 1)[0] === LIVE_PATH
}

/** The WebSocket of browsers, on the port of everything else. */
export function serveBrowsers(options: BrowserSocketOptions): void {
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // it leaks secrets by size, and costs more than loopback or a LAN gains
    maxPayload: LIVE_REQUEST_MAX_BYTES,
    maxFragments: 1,
    closeTimeout: CLOSE_TIMEOUT_MS,
  } as ConstructorParameters<typeof WebSocketServer>[0])
  options.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isLive(request)) return
    socket.on('error', () => {}) // a reset while we ask who this is
    letIn(options, request)
      .then((caller) => {
        if (socket.destroyed) return
        // In the same breath as it is counted: many may have been asked about together.
        const refusal = options.viewers.refusal(caller)
        if (refusal) throw refusal
        upgrader.handleUpgrade(request, socket, head, (browser) => serve(options, browser, caller, request.headers))
      })
      .catch((error: unknown) => turnAway(options, socket, error))
  })
}

async function letIn({ viewers, admit }: BrowserSocketOptions, request: IncomingMessage): Promise<Caller> {
  if (request.url !== LIVE_PATH) throw new GatewayError('bad_request', 'The address takes no query.')
  const full = viewers.refusal()
  if (full) throw full
  return admit(request)
}

function turnAway({ log }: BrowserSocketOptions, socket: Duplex, error: unknown): void {
  const { status, code, message, retry } = error instanceof GatewayError ? error : new GatewayError('internal')
  if (code === 'internal') log.error({ error }, 'live handshake failed')
  else log.info({ code }, 'live page refused')
  const waitS = error instanceof RateRefusal ? error.retryAfterS : RETRY_AFTER_S
  refuse(socket, { status, code, detail: message, retryAfterS: retry ? waitS : undefined })
}

function serve(
  { viewers, identify, log }: BrowserSocketOptions,
  socket: WebSocket,
  caller: Caller,
  headers: IncomingHttpHeaders,
): void {
  const who = async () => {
    try {
      return await identify(headers)
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'unauthorized') return undefined
      throw error
    }
  }
  const viewer = viewers.open(caller, new BrowserLink(socket), who)
  socket.on('message', (data: Buffer, isBinary: boolean) => viewer.text(isBinary ? '' : data.toString('utf8')))
  socket.on('pong', () => viewer.heard())
  socket.on('error', (error) => log.debug({ error }, 'live socket failed')) // its close follows
  socket.on('close', () => viewers.close(viewer))
}

class BrowserLink implements ViewerLink {
  readonly #socket: WebSocket

  constructor(socket: WebSocket) {
    this.#socket = socket
  }

  send(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text)
  }
  buffered(): number {
    return this.#socket.bufferedAmount
  }
  ping(): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }
  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }
}
