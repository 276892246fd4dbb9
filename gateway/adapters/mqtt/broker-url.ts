import { isIPv6 } from 'node:net'

/** Where the broker is and who we are there. */
export interface BrokerAddress {
  readonly protocol: 'mqtt' | 'mqtts'
  readonly host: string
  readonly port: number
  readonly username?: string
  readonly password?: string
}

/** Reads `mqtt[s]://[user[:password]@]host[:port]`. Throws an error that never repeats the text: it holds a password. */
export function parseBrokerUrl(text: string): BrokerAddress {
  const url = URL.parse(text)
  if (url === null) throw new Error('the MQTT URL is not a URL')
  if (url.protocol !== 'mqtt:' && url.protocol !== 'mqtts:') {
    throw new Error(`the MQTT URL must begin with mqtt:// or mqtts://, not ${url.protocol}//`)
  }
  if (url.hostname === '') throw new Error('the MQTT URL names no host')
  const secure = url.protocol === 'mqtts:'
  const bare = url.hostname.replace(/^\[|\]$/g, '')
  return {
    protocol: secure ? 'mqtts' : 'mqtt',
    host: isIPv6(bare) ? bare : url.hostname,
    port: url.port === '' ? (secure ? 8883 : 1883) : Number(url.port),
    username: decoded(url.username),
    password: decoded(url.password),
  }
}

function decoded(part: string): string | undefined {
  if (part === '') return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error('the user or password in the MQTT URL is not percent-encoded')
  }
}
