import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { Environment } from './environment.ts'

export type BusConfig =
  | {
      readonly kind: 'embedded'
      readonly host: string
      /** 0: the system chooses. */
      readonly port: number
      /** What other programs must present; both or none. The password is a secret. */
      readonly username: string | undefined
      readonly password: string | undefined
    }
  | {
      readonly kind: 'external'
      /** mqtt:// or mqtts:// with host and port; the credentials stand beside it. */
      readonly url: string
      readonly username: string | undefined
      readonly password: string | undefined
      readonly caPath: string | undefined
    }

const EMBEDDED_ONLY = [
  'FAIRLEAD_BROKER_HOST',
  'FAIRLEAD_BROKER_PORT',
  'FAIRLEAD_BROKER_USERNAME',
  'FAIRLEAD_BROKER_PASSWORD',
]

/** The embedded broker, or the external one that FAIRLEAD_MQTT_URL names; settings of both together are a problem. */
export function readBus(env: Environment): BusConfig {
  const embedded = readEmbedded(env)
  const external = readExternal(env)
  if (env.text('FAIRLEAD_MQTT_URL') === undefined) {
    if (env.text('FAIRLEAD_MQTT_CA')) env.refuse('FAIRLEAD_MQTT_CA', 'has no use without FAIRLEAD_MQTT_URL')
    requireCredentials(env, embedded)
    return embedded
  }
  for (const name of EMBEDDED_ONLY) {
    if (env.text(name)) env.refuse(name, 'is for the embedded broker and has no use with FAIRLEAD_MQTT_URL')
  }
  return external ?? embedded
}

function readEmbedded(env: Environment): BusConfig & { kind: 'embedded' } {
  return {
    kind: 'embedded',
    host: env.parsed('FAIRLEAD_BROKER_HOST', 'an address or localhost', '127.0.0.1', (text) =>
      isIP(text) !== 0 || text === 'localhost' ? text : undefined,
    ),
    port: env.integer('FAIRLEAD_BROKER_PORT', 1883, 0, 65_535),
    username: env.text('FAIRLEAD_BROKER_USERNAME'),
    password: env.secret('FAIRLEAD_BROKER_PASSWORD'),
  }
}

/** Who reaches the broker can command every device, so off this machine nobody gets in without a password. */
function requireCredentials(env: Environment, { host, username, password }: BusConfig & { kind: 'embedded' }): void {
  if (!username && password) env.refuse('FAIRLEAD_BROKER_USERNAME', 'must be set too when FAIRLEAD_BROKER_PASSWORD is')
  if (username && !password) env.refuse('FAIRLEAD_BROKER_PASSWORD', 'must be set too when FAIRLEAD_BROKER_USERNAME is')
  if (username || password || isLoopback(host)) return
  const why = `must be set: FAIRLEAD_BROKER_HOST ${host} can be reached from other machines`
  env.refuse('FAIRLEAD_BROKER_USERNAME', why)
  env.refuse('FAIRLEAD_BROKER_PASSWORD', why)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\./i.test(host)
}

function readExternal(env: Environment): (BusConfig & { kind: 'external' }) | undefined {
  const caPath = env.text('FAIRLEAD_MQTT_CA')
  const expected = 'mqtt://host:port or mqtts://host:port, with user:password@ before the host where the broker asks'
  const url = env.parsed('FAIRLEAD_MQTT_URL', expected, undefined, brokerUrl)
  if (url === undefined) return undefined
  if (caPath && url.protocol !== 'mqtts:')
    env.refuse('FAIRLEAD_MQTT_CA', 'has no use without mqtts:// in FAIRLEAD_MQTT_URL')
  return {
    kind: 'external',
    url: `${url.protocol}//${url.host}`,
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    caPath: caPath && resolve(caPath),
  }
}

function brokerUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  if (url === null || !/^mqtts?:$/.test(url.protocol) || url.hostname === '') return undefined
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') return undefined
  try {
    decodeURIComponent(url.username + url.password)
    return url
  } catch {
    return undefined // a "%" that is not followed by two digits
  }
}
