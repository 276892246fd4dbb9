import * as wire from '../../protocol/limits.ts'

/** [C-20] Sessions in which a command is sent without any answer before it is given up. */
export const DELIVERIES_MAX = 10

/** The gateway's limits with their reasons; configuration may change some. Those of the wire are in protocol/limits.ts. */
export interface GatewayLimits {
  /** Sockets of this process: below a usual `ulimit -n` of 20,000 with room for files and the bus. */
  readonly maxConnections: number
  /**
   * Handshakes being checked at once, refused beyond: each holds a TLS socket before anyone proved who they are. More
   * than those that may be in their TLS handshake together, so that a storm waits in front of it and is not refused here.
   */
  readonly handshakesInFlight: number
  /** While more than these are being checked nobody begins a TLS handshake: the threads of the registry are behind. */
  readonly handshakesAtEase: number
  /** The ESP32's WebSocketsClient gives up on a handshake after 5 s; an answer must be sooner. */
  readonly handshakeTimeoutMs: number
  /** [H-9] [L-27] Failed handshakes of one address, of IPv6 of one /64; good ones never count: a whole site may share one. */
  readonly failedHandshakesPerMinute: number
  /** [H-11] [L-26] Connects with one token, then refused for connectBanMs. */
  readonly connectsPerMinute: number
  readonly connectBanMs: number
  /** [S-9] [L-23] Bytes queued towards one device before it is closed as a slow consumer. */
  readonly bufferedMaxBytes: number
  readonly messagesPerS: number
  readonly burst: number
  readonly bytesPerS: number
  readonly windowMessages: number
  readonly windowBytes: number
  /**
   * Unconfirmed bytes of all devices together: what an outage of the bus may cost in memory. Below what the
   * outbox takes at all, or it would refuse whoever comes next instead of the heaviest giving way.
   */
  readonly unconfirmedMaxBytes: number
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  readonly helloTimeoutMs: number
  /** [K-4] The one in use and the one that replaces it. */
  readonly liveTokensMax: number
  readonly commandsWaitingMax: number
  /** From SIGTERM to the end of the process, under the 30 s that container engines usually allow. */
  readonly stopGraceMs: number
}

export const DEFAULT_LIMITS: GatewayLimits = {
  maxConnections: 19_000,
  handshakesInFlight: 1_500,
  handshakesAtEase: 200,
  handshakeTimeoutMs: 4_500,
  failedHandshakesPerMinute: 60,
  connectsPerMinute: 15,
  connectBanMs: 300_000,
  bufferedMaxBytes: 64 * 1024,
  messagesPerS: wire.DEVICE_MESSAGES_PER_S,
  burst: wire.DEVICE_MESSAGES_BURST,
  bytesPerS: wire.DEVICE_BYTES_PER_S,
  windowMessages: wire.WINDOW_MAX_MESSAGES,
  windowBytes: wire.WINDOW_MAX_BYTES,
  unconfirmedMaxBytes: 48 * 1024 * 1024,
  pingIntervalMs: wire.PING_INTERVAL_MS,
  pongTimeoutMs: wire.PONG_TIMEOUT_MS,
  helloTimeoutMs: wire.HELLO_TIMEOUT_MS,
  liveTokensMax: 2,
  commandsWaitingMax: wire.COMMANDS_WAITING_MAX,
  stopGraceMs: 25_000,
}
