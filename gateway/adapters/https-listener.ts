import { constants } from 'node:crypto'
import { once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import https from 'node:https'
import { type AddressInfo, type Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions, TlsOptions } from 'node:tls'

/** [L-25] What a client may cost before it has said anything worth hearing. */
export interface ListenerLimits {
  /** A silent client holds a socket and a TLS state; Node's own default is two minutes. */
  readonly tlsHandshakeTimeoutMs: number
  /** From the first byte (or the end of the TLS handshake) to the end of the header block. */
  readonly headersTimeoutMs: number
  /** From the first byte to the end of the body. 0 would also switch off headersTimeoutMs, so at least 1. */
  readonly requestTimeoutMs: number
  /** How long an idle HTTP connection is kept for a next request. */
  readonly keepAliveTimeoutMs: number
  /** A device's header block with a 4 KiB token fits; more is 431. */
  readonly headersMaxBytes: number
  /** How often the times above are looked at, so how late they may be noticed. */
  readonly checkIntervalMs: number
}

export const LISTENER_LIMITS: ListenerLimits = {
  tlsHandshakeTimeoutMs: 10_000,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
  headersMaxBytes: 8 * 1024,
  checkIntervalMs: 1_000,
}

/** Closed enum: a label of a metric. */
export type ListenerRefusal = 'tls_failed' | 'request_timeout' | 'header_too_large' | 'malformed_http' | 'aborted'

export interface ListenerOptions {
  /** PEM texts; 'off' is plain HTTP, for a proxy that ends TLS in front. */
  readonly tls: { readonly cert: string; readonly key: string } | 'off'
  readonly limits?: ListenerLimits
  /** Called once for each client that never got as far as a request. */
  readonly onRefused?: (reason: ListenerRefusal, address: string | undefined) => void
}

export type Listener = http.Server | https.Server

/** Mozilla "intermediate" 5.8 as far as ESP32 (TLS 1.2) and browsers need it: AEAD and forward secrecy only. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** After the answer to a bad request the client gets this long to read it and close; a reset would lose the answer. */
const LINGER_MS = 1_000

/** The HTTP server, not yet listening and without a request handler. Every limit is set here; leave them alone. */
export function createListener(options: ListenerOptions): Listener {
  const limits = options.limits ?? LISTENER_LIMITS
  const settings: http.ServerOptions = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: Math.max(1, limits.requestTimeoutMs),
    connectionsCheckingInterval: limits.checkIntervalMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    maxHeaderSize: limits.headersMaxBytes,
    insecureHTTPParser: false,
  }
  const tlsSettings: TlsOptions = { handshakeTimeout: limits.tlsHandshakeTimeoutMs, ALPNProtocols: ['http/1.1'] }
  const server =
    options.tls === 'off'
      ? http.createServer(settings)
      : https.createServer({ ...settings, ...tlsSettings, ...contextOptions(options.tls) })
  refusePolitely(server, options.onRefused ?? (() => {}))
  return server
}

/** New handshakes get the new certificate; open sockets stay. Throws when the pair is not usable; the old one stays. */
export function replaceCertificate(server: Listener, pair: { cert: string; key: string }): void {
  if (server instanceof https.Server) server.setSecureContext(contextOptions(pair))
}

/** Connections that the kernel keeps while the process is busy; it takes no more than net.core.somaxconn. */
const BACKLOG = 4_096

/**
 * Starts to listen and says where. Without a host on all addresses: IPv6 and IPv4 together, IPv4 alone on a machine
 * that has no IPv6. Rejects when the address cannot be used.
 */
export async function listen(server: Server, port: number, host?: string): Promise<AddressInfo> {
  server.listen(host === undefined ? { port, backlog: BACKLOG } : { port, host, backlog: BACKLOG })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the listener has no port')
  return address
}

function contextOptions(pair: { cert: string; key: string }): SecureContextOptions {
  return {
    cert: pair.cert,
    key: pair.key,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: false, // all of them are good; an ESP32 knows best what its hardware does fast
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  }
}

function refusePolitely(server: Listener, onRefused: NonNullable<ListenerOptions['onRefused']>): void {
  const answering = new WeakMap<Duplex, ServerResponse>()
  const settled = new WeakSet<Duplex>()
  // Before Node's own listener, which would report the same failure as a 'clientError'.
  server.prependListener('tlsClientError', (_error: Error, socket: Socket) => {
    settled.add(socket)
    onRefused('tls_failed', socket.remoteAddress)
    socket.destroy()
  })
  server.on('request', (request, response) => answering.set(request.socket, response))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (settled.has(socket)) return // the parser reports again for every chunk that follows
    settled.add(socket)
    const { status, reason } = answerFor(error)
    onRefused(reason, socket instanceof Socket ? socket.remoteAddress : undefined)
    const response = answering.get(socket)
    const busy = response?.headersSent === true && !response.writableFinished
    if (status === undefined || !socket.writable || busy) socket.destroy()
    else endWith(socket, status)
  })
}

function answerFor(error: NodeJS.ErrnoException): { status?: string; reason: ListenerRefusal } {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: '431 Request Header Fields Too Large', reason: 'header_too_large' }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: '408 Request Timeout', reason: 'request_timeout' }
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ETIMEDOUT':
      return { reason: 'aborted' }
    default:
      return { status: '400 Bad Request', reason: 'malformed_http' }
  }
}

function endWith(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}
