import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { DEVICE_FRAME_MAX_BYTES } from '../../../protocol/limits.ts'
import type { Admission } from '../../core/admission.ts'
import type { ConnectionEvents, Connections } from '../../core/connections.ts'
import type { GatewayLimits } from '../../core/limits.ts'
import type { DeviceClaims, DeviceLink, Log, Metrics } from '../../core/ports.ts'
import { type Refusal, SUBPROTOCOL } from '../../core/upgrade-rules.ts'
import { isLive } from './browsers.ts'
import { refuse } from './refusal.ts'

/** [L-24] Fragments of one message; a client that needs more is not sending telemetry. */
const FRAGMENTS_MAX = 64
/** Pieces of one frame kept before it is whole: TCP may deliver one byte at a time, an attacker certainly does. */
const BUFFERED_CHUNKS_MAX = 1_024
/** Pongs owed to a peer that does not read: after that the peer is hostile. */
const PENDING_PONGS_MAX = 60
/** [S-8] A peer that does not answer the close frame is destroyed after this. */
const CLOSE_TIMEOUT_MS = 2_000

export interface DeviceSocketOptions {
  readonly server: Server
  /** Decides before the 101. */
  readonly admission: Pick<Admission, 'admit'>
  readonly connections: Pick<Connections, 'open'>
  /** Where a request comes from, also through proxies. */
  readonly addressOf: (request: IncomingMessage) => string
  readonly log: Log
  readonly metrics: Metrics
  readonly limits: Pick<GatewayLimits, 'handshakeTimeoutMs' | 'bufferedMaxBytes'>
}

/** The WebSocket side of the HTTP server: handshakes, frames, and the end of each socket. */
export function serveDevices(options: DeviceSocketOptions): void {
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // a device has no RAM for it, and it leaks secrets by size
    maxPayload: DEVICE_FRAME_MAX_BYTES,
    maxFragments: FRAGMENTS_MAX,
    maxBufferedChunks: BUFFERED_CHUNKS_MAX,
    maxPendingAutoPongs: PENDING_PONGS_MAX,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: () => SUBPROTOCOL, // [H-2]
  } as ConstructorParameters<typeof WebSocketServer>[0])
  options.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isLive(request)) return // a browser: see browsers.ts
    const handshake = new Handshake(options, upgrader, request, socket, head)
    handshake.run().catch((error: unknown) => {
      options.log.error({ error }, 'handshake failed')
      socket.destroy()
    })
  })
}

/** One upgrade request, from its headers to the 101 or the refusal. The client may vanish at any moment. */
class Handshake {
  readonly #options: DeviceSocketOptions
  readonly #upgrader: WebSocketServer
  readonly #request: IncomingMessage
  readonly #socket: Duplex
  readonly #head: Buffer

  constructor(
    options: DeviceSocketOptions,
    upgrader: WebSocketServer,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ) {
    this.#options = options
    this.#upgrader = upgrader
    this.#request = request
    this.#socket = socket
    this.#head = head
  }

  async run(): Promise<void> {
    const { metrics, log } = this.#options
    const startedMs = performance.now()
    // Without a listener a reset while the token is being checked would be thrown and end the process.
    this.#socket.on('error', () => {})
    const answer = await this.#decide()
    metrics.observe('handshake_ms', performance.now() - startedMs)
    if (this.#socket.destroyed || !this.#socket.writable) {
      metrics.count('handshakes_refused', 'handshake_aborted')
      log.info({ address: this.#address, reason: 'handshake_aborted' }, 'client left during its handshake')
      this.#socket.destroy()
      return
    }
    if ('status' in answer) refuse(this.#socket, answer)
    else this.#upgrade(answer)
  }

  get #address(): string {
    return this.#options.addressOf(this.#request)
  }

  /** The answer, at the latest in time for a client that waits 5 s. */
  async #decide(): Promise<DeviceClaims | Refusal> {
    const { admission, limits } = this.#options
    const { method = '', url = '', headers } = this.#request
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Refusal>((resolve) => {
      const detail = 'The token could not be checked in time.'
      timer = setTimeout(
        () => resolve({ status: 503, code: 'handshake_timeout', detail, retryAfterS: 15 }),
        limits.handshakeTimeoutMs,
      )
    })
    const admitted = admission.admit({ method, target: url, headers, address: this.#address })
    try {
      return await Promise.race([admitted, late])
    } finally {
      clearTimeout(timer)
    }
  }

  #upgrade(claims: DeviceClaims): void {
    this.#upgrader.handleUpgrade(this.#request, this.#socket, this.#head, (socket) => {
      const link = new SocketLink(socket, this.#options.limits.bufferedMaxBytes)
      const facts = { address: this.#address, tokenId: claims.tokenId, tls: tlsVersion(this.#request) }
      const events = this.#options.connections.open(claims, link, facts)
      forward(socket, events)
    })
  }
}

/** Passes what ws reports to the session. */
function forward(socket: WebSocket, events: ConnectionEvents): void {
  let failure: string | undefined
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) events.binary(data)
    else events.text(data.toString('utf8'), data.length)
  })
  socket.on('ping', () => events.control('ping'))
  socket.on('pong', () => events.control('pong'))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= FRAME_ERRORS[error.code ?? ''] ?? 'connection_lost'
  })
  socket.on('close', (code: number) =>
    events.closed(failure ?? (code === 1006 ? 'connection_lost' : 'closed_by_device')),
  )
}

/** What ws closes by itself, in the words of presence, logs and metrics. */
const FRAME_ERRORS: Readonly<Record<string, string>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'too_big',
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 'too_big',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'too_many_fragments',
  WS_ERR_INVALID_UTF8: 'bad_utf8',
  WS_ERR_EXPECTED_FIN: 'protocol_error',
  WS_ERR_EXPECTED_MASK: 'protocol_error',
  WS_ERR_INVALID_CLOSE_CODE: 'protocol_error',
  WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH: 'protocol_error',
  WS_ERR_INVALID_OPCODE: 'protocol_error',
  WS_ERR_UNEXPECTED_MASK: 'protocol_error',
  WS_ERR_UNEXPECTED_RSV_1: 'protocol_error',
  WS_ERR_UNEXPECTED_RSV_2_3: 'protocol_error',
}

class SocketLink implements DeviceLink {
  readonly #socket: WebSocket
  readonly #bufferedMaxBytes: number

  constructor(socket: WebSocket, bufferedMaxBytes: number) {
    this.#socket = socket
    this.#bufferedMaxBytes = bufferedMaxBytes
  }

  send(frame: string): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return true // its end is reported by 'close', with its reason
    if (this.#socket.bufferedAmount > this.#bufferedMaxBytes) return false
    this.#socket.send(frame)
    return true
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  ping(): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }
}

function tlsVersion(request: IncomingMessage): string | undefined {
  const { socket } = request
  return 'getProtocol' in socket && typeof socket.getProtocol === 'function' ? socket.getProtocol() : undefined
}
