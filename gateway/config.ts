import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { LOG_LEVELS } from '../protocol/messages.ts'
import { isName } from '../protocol/names.ts'
import { type BusConfig, readBus } from './config-bus.ts'
import { readHomeAssistant } from './config-home-assistant.ts'
import {
  readTokenIssuer,
  readTrustedProxies,
  requireProxy,
  type TokenIssuerConfig,
  type TrustedProxy,
} from './config-network.ts'
import type { HomeAssistantSettings } from './core/home-assistant/ports.ts'
import { DEFAULT_LIMITS, type GatewayLimits } from './core/limits.ts'
import { Environment } from './environment.ts'

export type TlsConfig =
  | { readonly mode: 'private' }
  | { readonly mode: 'own'; readonly certPath: string; readonly keyPath: string }
  | { readonly mode: 'off' }

/** Everything that can be set from outside, checked. Frozen, all the way down. */
export interface Config {
  /** Undefined: all addresses, also on a machine without IPv6. */
  readonly host: string | undefined
  /** 0: the system chooses. */
  readonly port: number
  /** Further names and addresses under which devices reach this gateway. */
  readonly publicHosts: readonly string[]
  /** Absolute. */
  readonly dataDir: string
  readonly tls: TlsConfig
  readonly bus: BusConfig
  readonly baseTopic: string
  /** Absolute path of the SQLite file. */
  readonly databasePath: string
  readonly nodeId: string
  /** Who else signs device tokens. */
  readonly tokenIssuer: TokenIssuerConfig | undefined
  /** Peers whose word on where a request comes from is taken. */
  readonly trustedProxies: readonly TrustedProxy[]
  /** Undefined: Home Assistant is told of nothing. */
  readonly homeAssistant: HomeAssistantSettings | undefined
  /** The first API key, when the operator chose it. A secret. */
  readonly adminKey: string | undefined
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** Time over which sessions are closed at a stop. */
  readonly drainMs: number
  readonly limits: GatewayLimits
}

/** Every problem of an environment, each on its own line of the message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`the configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/** Set for the command line and the simulator, often in the same shell. */
const VARIABLES_OF_CLIENTS = ['FAIRLEAD_URL', 'FAIRLEAD_API_KEY', 'FAIRLEAD_CA']
const HOST = /^[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/i
const NAME_RULE = '1 to 64 letters, digits, ".", "_" or "-", the first a letter or digit'
/** With the five levels below it a topic has eight, which is what strict brokers allow. */
const BASE_TOPIC_LEVELS_MAX = 3
const API_KEY = /^flk_[A-Za-z0-9_-]{43}$/
/** A key of a person's own making; printable, since it travels in a header. */
const LONG_KEY = /^[!-~]{32,512}$/

/** The configuration that the environment asks for. Throws ConfigError with all that is wrong at once. */
export function loadConfig(source: Readonly<Record<string, string | undefined>>): Config {
  const env = new Environment(source)
  const config = readConfig(env)
  env.refuseUnknown('FAIRLEAD_', VARIABLES_OF_CLIENTS)
  if (env.problems.length > 0) throw new ConfigError(env.problems)
  return deepFreeze(config)
}

/** Every variable that the gateway reads. */
export function variableNames(): string[] {
  const env = new Environment({})
  readConfig(env)
  return env.names()
}

function readConfig(env: Environment): Config {
  const dataDir = resolve(env.text('FAIRLEAD_DATA_DIR') ?? './data')
  const host = env.parsed('FAIRLEAD_HOST', 'a host name or an address', undefined, hostOf)
  const tls = readTls(env)
  const trustedProxies = readTrustedProxies(env)
  if (tls.mode === 'off') requireProxy(env, host, trustedProxies)
  return {
    host,
    port: env.integer('FAIRLEAD_PORT', 8443, 0, 65_535),
    publicHosts: env.parsed('FAIRLEAD_PUBLIC_HOST', 'host names or addresses, separated by commas', [], hostsOf),
    dataDir,
    tls,
    bus: readBus(env),
    baseTopic: env.parsed('FAIRLEAD_BASE_TOPIC', BASE_TOPIC_RULE, 'fairlead', baseTopicOf),
    databasePath: readDatabasePath(env, dataDir),
    nodeId: env.parsed('FAIRLEAD_NODE_ID', NAME_RULE, defaultNodeId(), (text) => (isName(text) ? text : undefined)),
    tokenIssuer: readTokenIssuer(env),
    trustedProxies,
    homeAssistant: readHomeAssistant(env),
    adminKey: readAdminKey(env),
    logLevel: env.choice('FAIRLEAD_LOG_LEVEL', LOG_LEVELS, 'info'),
    drainMs: env.integer('FAIRLEAD_DRAIN_S', 5, 0, 25) * 1000,
    limits: readLimits(env),
  }
}

const BASE_TOPIC_RULE = `1 to ${BASE_TOPIC_LEVELS_MAX} topic levels separated by "/", each ${NAME_RULE}`

function readTls(env: Environment): TlsConfig {
  const mode = env.choice('FAIRLEAD_TLS', ['on', 'off'], 'on')
  const certPath = env.text('FAIRLEAD_TLS_CERT')
  const keyPath = env.text('FAIRLEAD_TLS_KEY')
  if (certPath && !keyPath) env.refuse('FAIRLEAD_TLS_KEY', 'must be set too when FAIRLEAD_TLS_CERT is')
  if (keyPath && !certPath) env.refuse('FAIRLEAD_TLS_CERT', 'must be set too when FAIRLEAD_TLS_KEY is')
  if (mode === 'off') {
    if (certPath) env.refuse('FAIRLEAD_TLS_CERT', 'has no use with FAIRLEAD_TLS=off')
    return { mode }
  }
  return certPath && keyPath
    ? { mode: 'own', certPath: resolve(certPath), keyPath: resolve(keyPath) }
    : { mode: 'private' }
}

function readDatabasePath(env: Environment, dataDir: string): string {
  const fallback = join(dataDir, 'fairlead.db')
  const url = env.text('FAIRLEAD_DATABASE_URL')
  if (url === undefined) return fallback
  const path = /^sqlite:(?:\/\/)?(.+)$/.exec(url)?.[1]
  if (path !== undefined) return resolve(path)
  const postgres = /^postgres(ql)?:/.test(url)
  env.refuse(
    'FAIRLEAD_DATABASE_URL',
    postgres ? 'names PostgreSQL, which is not yet supported' : 'must be sqlite:<path>',
  )
  return fallback
}

function readAdminKey(env: Environment): string | undefined {
  const key = env.secret('FAIRLEAD_ADMIN_KEY')
  if (key === undefined || API_KEY.test(key) || LONG_KEY.test(key)) return key
  env.refuse('FAIRLEAD_ADMIN_KEY', 'must be "flk_" and 43 base64url characters, or 32 to 512 printable ones (no space)')
  return undefined
}

function readLimits(env: Environment): GatewayLimits {
  const d = DEFAULT_LIMITS
  const messagesPerS = env.integer('FAIRLEAD_MESSAGES_PER_S', d.messagesPerS, 1, 10_000)
  return {
    ...d,
    maxConnections: env.integer('FAIRLEAD_MAX_CONNECTIONS', d.maxConnections, 1, 1_000_000),
    pingIntervalMs: env.integer('FAIRLEAD_PING_INTERVAL_MS', d.pingIntervalMs, 1_000, 600_000),
    pongTimeoutMs: env.integer('FAIRLEAD_PONG_TIMEOUT_MS', d.pongTimeoutMs, 1_000, 600_000),
    helloTimeoutMs: env.integer('FAIRLEAD_HELLO_TIMEOUT_MS', d.helloTimeoutMs, 1_000, 600_000),
    connectsPerMinute: env.integer('FAIRLEAD_CONNECTS_PER_MINUTE', d.connectsPerMinute, 1, 10_000),
    messagesPerS,
    burst: Math.max(d.burst, 4 * messagesPerS), // an outbox must empty faster than it fills, at any rate
  }
}

function hostOf(text: string): string | undefined {
  return isIP(text) !== 0 || (text.length <= 253 && HOST.test(text)) ? text : undefined
}

function hostsOf(text: string): string[] | undefined {
  const hosts = text.split(',').map((part) => hostOf(part.trim()))
  return hosts.every((host) => host !== undefined) ? hosts : undefined
}

function baseTopicOf(text: string): string | undefined {
  const levels = text.split('/')
  return levels.length <= BASE_TOPIC_LEVELS_MAX && levels.every(isName) ? text : undefined
}

/** The host's name as a name [N-1]: the same after each start, and different on each machine. */
function defaultNodeId(): string {
  const name = hostname()
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 64)
  return isName(name) ? name : 'node'
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const child of Object.values(value)) deepFreeze(child)
  return Object.freeze(value)
}
