import type { IncomingMessage } from 'node:http'
import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls'
import { type ClientOptions, WebSocket } from 'ws'
import { GATEWAY_FRAME_MAX_BYTES, PING_INTERVAL_MS, PONG_TIMEOUT_MS } from '../protocol/limits.ts'
import { unwatch, type Watched, watch } from './link-watch.ts'

export interface LinkOptions {
  /** With its path. */
  readonly url: string
  readonly token: string
  readonly ca?: string | Buffer | undefined
  readonly tlsMaxVersion?: SecureVersion | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export type LinkEnd =
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfter?: string | undefined }
  | { readonly kind: 'unreachable'; readonly error: string }
  | { readonly kind: 'closed'; readonly code: number }
  | { readonly kind: 'dropped'; readonly error?: string | undefined }

/** `ended` comes once and last, and not at all after `cut`. */
export interface LinkUser {
  opened(): void
  text(text: string): void
  binary(frame: Buffer): void
  ended(end: LinkEnd): void
}

/** The device's end of one connection. */
export interface DeviceLink {
  readonly isOpen: boolean
  /** Longer silence ends the link [S-11]. */
  silenceMaxMs: number
  /** Only while the link is open. */
  send(frame: string | Uint8Array): void
  /** A close frame with 1000; the end follows. */
  close(): void
  /** Destroys the TCP socket without a close frame; the user hears no more. */
  cut(): void
  /** Loses the link as a dead network does: the user hears `dropped`. */
  drop(error: string): void
}

export type OpenLink = (options: LinkOptions, user: LinkUser) => DeviceLink

export const openLink: OpenLink = (options, user) => new Link(options, user)

export const DEVICE_PATH = '/device/v1'
export const SUBPROTOCOL = 'fairlead.v1'
/** [L-11] A gateway pings; this much later than its last deadline the link is dead. */
export const SILENCE_SLACK_MS = 10_000
/** A firmware block is a 4 KiB frame with a header in front of it [L-5]. */
const FRAME_MAX_BYTES = GATEWAY_FRAME_MAX_BYTES + 64
/** What ws reports when the TCP connection ended without a close frame. */
const NO_CLOSE_FRAME = 1006

/** One WebSocket to the gateway. Pings are answered by ws; silence is noticed by the shared watch. */
class Link implements DeviceLink, Watched {
  heardAtMs = performance.now()
  silenceMaxMs = PING_INTERVAL_MS + PONG_TIMEOUT_MS + SILENCE_SLACK_MS
  readonly #socket: WebSocket
  readonly #user: LinkUser
  #end: LinkEnd | undefined
  #wasOpen = false
  #cut = false

  constructor(options: LinkOptions, user: LinkUser) {
    this.#user = user
    const authorization: Record<string, string> =
      options.token === '' ? {} : { Authorization: `Bearer ${options.token}` }
    const settings: ClientOptions & { secureContext: SecureContext } = {
      headers: { ...authorization, ...options.headers },
      perMessageDeflate: false,
      maxPayload: FRAME_MAX_BYTES,
      maxFragments: 1, // frames to devices are never fragmented [L-5]
      secureContext: secureContext(options.ca, options.tlsMaxVersion),
    }
    this.#socket = new WebSocket(options.url, [SUBPROTOCOL], settings)
    this.#listen(this.#socket)
  }

  #listen(socket: WebSocket): void {
    const heard = (): void => {
      this.heardAtMs = performance.now()
    }
    socket.on('open', () => {
      heard()
      if (this.#cut) return
      this.#wasOpen = true
      watch(this)
      this.#user.opened()
    })
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      heard()
      if (this.#cut) return
      if (isBinary) this.#user.binary(data)
      else this.#user.text(data.toString())
    })
    socket.on('ping', heard)
    socket.on('pong', heard)
    socket.on('unexpected-response', (_request, response: IncomingMessage) => {
      this.#end = { kind: 'refused', status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }
      socket.terminate()
    })
    socket.on('error', (error) => {
      this.#end ??= { kind: this.#wasOpen ? 'dropped' : 'unreachable', error: describe(error) }
    })
    socket.on('close', (code) => this.#closed(code))
  }

  #closed(code: number): void {
    unwatch(this)
    if (this.#cut) return
    if (code === NO_CLOSE_FRAME) this.#user.ended(this.#end ?? { kind: 'dropped' })
    else this.#user.ended({ kind: 'closed', code })
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  send(frame: string | Uint8Array): void {
    this.#socket.send(frame)
  }

  close(): void {
    this.#socket.close(1000)
  }

  cut(): void {
    this.#cut = true
    unwatch(this)
    this.#socket.terminate()
  }

  drop(error: string): void {
    this.#end ??= { kind: this.#wasOpen ? 'dropped' : 'unreachable', error }
    this.#socket.terminate()
  }

  onSilence(): void {
    this.drop(`nothing heard for ${this.silenceMaxMs} ms`)
  }
}

/** The message, or the code of an error that came from several addresses at once and has no message. */
function describe(error: Error & { code?: string }): string {
  return error.message || error.code || error.name
}

let shared:
  | { ca: string | Buffer | undefined; maxVersion: SecureVersion | undefined; context: SecureContext }
  | undefined

/** One context for all devices of a fleet: each costs tens of kilobytes. Only the last one is kept. */
function secureContext(ca: string | Buffer | undefined, maxVersion: SecureVersion | undefined): SecureContext {
  if (shared === undefined || shared.ca !== ca || shared.maxVersion !== maxVersion) {
    shared = { ca, maxVersion, context: createSecureContext({ ca, maxVersion }) }
  }
  return shared.context
}

/** The address of the device endpoint: `/device/v1` is added where the URL has no path. Throws TypeError. */
export function deviceUrl(address: string): string {
  const url = new URL(address)
  if (url.protocol === 'https:') url.protocol = 'wss:'
  if (url.protocol === 'http:') url.protocol = 'ws:'
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') throw new TypeError(`not a WebSocket address: ${address}`)
  if (url.pathname === '/') url.pathname = DEVICE_PATH
  return url.href
}
