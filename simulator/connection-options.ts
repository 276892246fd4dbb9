import type { SecureVersion } from 'node:tls'
import type { GatewayMessage, Hello, Welcome } from '../protocol/messages.ts'
import type { Problem } from '../protocol/problem.ts'
import type { BackoffTable } from './backoff.ts'
import type { DeviceClock } from './device-clock.ts'
import type { OpenLink } from './link.ts'

/** Offline -> Opening -> Hello -> Ready -> Leaving -> Offline, and Backoff after every end that was not wanted. */
export type DeviceState = 'offline' | 'backoff' | 'opening' | 'hello' | 'ready' | 'leaving'

export interface ConnectionOptions {
  /** `wss://host:port`, or `ws:` behind a proxy that ends TLS; `/device/v1` is added where it has no path. */
  readonly url: string
  /** The CA's certificate as PEM; without it those of Node. */
  readonly ca?: string | Buffer | undefined
  /** Empty: no `Authorization` is sent. */
  readonly token: string
  /** The second slot, tried once when the first is refused with 401. */
  readonly otherToken?: string | undefined
  /** Uniform in [0, 1); for the waits alone. */
  readonly random?: (() => number) | undefined
  readonly backoff?: Partial<BackoffTable> | undefined
  /** The wait before the first connection of a device that started, or got its power back; by default none. */
  readonly startAs?: 'start' | 'power_on' | undefined
  /** All waits and `stableMs` times this: 0.001 makes minutes of waiting into milliseconds. */
  readonly timeScale?: number | undefined
  /** An ESP32 cannot see `Retry-After`, so by default it is not read. */
  readonly honourRetryAfter?: boolean | undefined
  /** A link is dead this much after the gateway's latest ping and pong were due; 10 s by default. */
  readonly silenceSlackMs?: number | undefined
  /** Further headers of the handshake, for example `Origin`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** `TLSv1.2` is what an ESP32 speaks. */
  readonly tlsMaxVersion?: SecureVersion | undefined
  /** Another network than the real one, and another time: for tests that cannot wait. */
  readonly openLink?: OpenLink | undefined
  readonly clock?: DeviceClock | undefined
}

export interface ConnectionFacts {
  readonly lastError: string | undefined
  /** From the start of the attempt to `welcome`, of the latest session. */
  readonly connectMs: number | undefined
  readonly sessions: number
  /** Attempts that ended before `welcome`. */
  readonly failedConnects: number
}

export interface ConnectionUser {
  hello(): Hello
  changed(from: DeviceState, to: DeviceState, why: string): void
  welcomed(welcome: Welcome): void
  /** Everything else that comes between `welcome` and the end. */
  message(message: GatewayMessage): void
  binary(frame: Buffer): void
  /** A frame that did not parse, or that came out of turn. */
  strange(problem: Problem | undefined): void
  /** The link is gone; what was not acknowledged must be sent again. */
  lost(): void
}
