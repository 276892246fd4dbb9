import http from 'node:http'
import { expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

interface Asked {
  readonly forwardedFor?: string
  readonly localAddress?: string
  readonly path?: string
  readonly upgrade?: boolean
}

/** One request in plain text, as a proxy that ends TLS would pass it on. Resolves with the status. */
function ask(
  gateway: TestGateway,
  { forwardedFor, localAddress = '127.0.0.1', path, upgrade }: Asked,
): Promise<number> {
  const headers: Record<string, string> = { authorization: 'Bearer nonsense' }
  if (forwardedFor !== undefined) headers['x-forwarded-for'] = forwardedFor
  const wanted = {
    ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
    ...{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-protocol': 'fairlead.v1' },
  }
  return new Promise((resolve, reject) => {
    const options = { port: gateway.port, host: '127.0.0.1', localAddress, agent: false }
    const all = upgrade ? { ...headers, ...wanted } : headers
    const request = http.get({ ...options, path: path ?? '/device/v1', headers: all }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', reject)
  })
}

const behindProxy = (proxies: string) =>
  startTestGateway({ env: { FAIRLEAD_TLS: 'off', FAIRLEAD_TRUSTED_PROXIES: proxies } })

const refusedFrom = (gateway: TestGateway, message: string) =>
  gateway.logLines
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === message)
    .map(({ address }) => address)

test('what a trusted proxy says of a device is believed: in the log, and by the limit of failed handshakes', async () => {
  const gateway = await behindProxy('127.0.0.1')
  for (let n = 0; n <= 60; n++) await ask(gateway, { upgrade: true, forwardedFor: '203.0.113.7' })
  expect(await ask(gateway, { upgrade: true, forwardedFor: '203.0.113.7' })).toBe(429)
  expect(await ask(gateway, { upgrade: true, forwardedFor: '203.0.113.8' })).toBe(401)
  expect(new Set(refusedFrom(gateway, 'token refused'))).toEqual(new Set(['203.0.113.7', '203.0.113.8']))
})

test('what anybody else writes there counts for nothing', async () => {
  const gateway = await behindProxy('127.0.0.1')
  for (let n = 0; n <= 60; n++)
    await ask(gateway, { upgrade: true, localAddress: '127.0.0.2', forwardedFor: `203.0.113.${n}` })
  expect(await ask(gateway, { upgrade: true, localAddress: '127.0.0.2', forwardedFor: '198.51.100.1' })).toBe(429)
  expect(new Set(refusedFrom(gateway, 'token refused'))).toEqual(new Set(['127.0.0.2']))
})

test.each([
  ['what the client itself wrote before it', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
  ['trusted proxies one behind the other', '203.0.113.7, 10.1.2.3, 10.9.9.9', '203.0.113.7'],
  ['a chain of trusted ones alone', '10.1.2.3, 10.9.9.9', '10.1.2.3'],
  ['IPv6', '2001:db8::7', '2001:db8::7'],
  ['an IPv4 address in IPv6 form', '203.0.113.7, ::ffff:10.1.2.3', '203.0.113.7'],
  ['garbage', '203.0.113.7, what?', '127.0.0.1'],
  ['nothing', '', '127.0.0.1'],
])('X-Forwarded-For with %s', async (_what, forwardedFor, address) => {
  const gateway = await behindProxy('127.0.0.1, 10.0.0.0/8')
  expect(await ask(gateway, { upgrade: true, forwardedFor })).toBe(401)
  expect(refusedFrom(gateway, 'token refused')).toEqual([address])
})

test('REST believes the same proxies and nobody else', async () => {
  const gateway = await behindProxy('127.0.0.1')
  await ask(gateway, { path: '/api/v1/devices', forwardedFor: '198.51.100.1, 203.0.113.7' })
  await ask(gateway, { path: '/api/v1/devices', forwardedFor: '203.0.113.8', localAddress: '127.0.0.2' })
  expect(refusedFrom(gateway, 'credential refused')).toEqual(['203.0.113.7', '127.0.0.2'])
})
