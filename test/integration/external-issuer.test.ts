import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../gateway/adapters/system-clock.ts'
import { openDeviceTokens } from '../../gateway/adapters/tokens/device-tokens.ts'
import { temporaryDirectory } from '../helpers/certificates.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'
import { type Forgery, foreignKey, forgeToken, hs256, seconds, type TestKey } from '../helpers/tokens.ts'

const ISSUER = 'https://issuer.example'
type Behaviour = (response: ServerResponse) => void

/** An issuer of tokens with a key set that behaves as the test wants. */
async function startIssuer() {
  const key = foreignKey('issuer-1')
  const { x, y, crv } = key.privateKey.export({ format: 'jwk' })
  const keySet = JSON.stringify({ keys: [{ kty: 'EC', crv, x, y, kid: key.keyId, alg: 'ES256', use: 'sig' }] })
  const issuer = { key, keySet, fetches: 0, url: '', behave: ((response) => response.end(keySet)) as Behaviour }
  const server = createServer((_request, response) => {
    issuer.fetches += 1
    issuer.behave(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  return issuer
}

const inAnHour = () => seconds(Date.now()) + 3_600

/** As the issuer signs it, good unless the forgery changes something. */
function theirToken(key: TestKey, forgery: Forgery = {}): string {
  const header = { typ: 'JWT', ...forgery.header }
  const claims = { iss: ISSUER, aud: 'fairlead-device', jti: undefined, exp: inAnHour(), ...forgery.claims }
  return forgeToken(key, Date.now(), { ...forgery, header, claims })
}

async function open() {
  const issuer = await startIssuer()
  const time = { nowMs: 0 }
  const clock = { ...systemClock, monotonicMs: () => time.nowMs }
  const externalIssuer = { jwksUrl: issuer.url, issuer: ISSUER, audience: 'fairlead-device' }
  const tokens = await openDeviceTokens({ directory: await temporaryDirectory(), clock, externalIssuer })
  return { issuer, tokens, time }
}

test('a token of the issuer is taken for the device that its subject names, and ours are as before', async () => {
  const { issuer, tokens } = await open()
  const claims = { exp: inAnHour(), aud: ['other', 'fairlead-device'], scope: 'devices' }
  expect(await tokens.verify(theirToken(issuer.key, { claims }))).toEqual({
    claims: { device: 'device-1', tokenId: 'external', isExternal: true, expiresAtMs: claims.exp * 1000 },
  })
  const ours = await tokens.sign({ id: 't1', device: 'd1', createdAtMs: Date.now() })
  expect(await tokens.verify(ours)).toEqual({ claims: { device: 'd1', tokenId: 't1' } })
  expect(issuer.fetches).toBe(1)
})

test.each<[string, string, (key: TestKey) => Forgery]>([
  ['another issuer', 'bad_iss', () => ({ claims: { iss: 'https://evil.example' } })],
  ['another audience', 'bad_aud', () => ({ claims: { aud: 'other' } })],
  ['no end', 'bad_exp', () => ({ claims: { exp: undefined } })],
  ['an end that is over', 'expired', () => ({ claims: { exp: seconds(Date.now()) - 1 } })],
  ['a beginning in two minutes', 'bad_nbf', () => ({ claims: { nbf: seconds(Date.now()) + 120 } })],
  ['a list as subject', 'bad_sub', () => ({ claims: { sub: ['device-1'] } })],
  ['a subject that is no device id', 'bad_sub', () => ({ claims: { sub: 'a/b' } })],
  ['another type', 'bad_typ', () => ({ header: { typ: 'dpop+jwt' } })],
  ['our type with their key', 'unknown_key', () => ({ header: { typ: 'fairlead-device+jwt' } })],
  ['alg none', 'bad_alg', () => ({ header: { alg: 'none' }, signature: () => '' })],
  ['a MAC', 'bad_alg', (key) => ({ header: { alg: 'HS256' }, signature: (input) => hs256(key, input) })],
  ['an address of other keys', 'foreign_header', () => ({ header: { jku: 'http://127.0.0.1/keys' } })],
  ['a foreign signature', 'bad_signature', (key) => ({ key: foreignKey(key.keyId) })],
  ['a key that the issuer does not have', 'unknown_key', () => ({ key: foreignKey('nobody') })],
])('with %s it is refused: %s', async (_what, reason, forge) => {
  const { issuer, tokens } = await open()
  expect(await tokens.verify(theirToken(issuer.key, forge(issuer.key)))).toMatchObject({ refused: reason })
})

test('key ids that nobody has do not make the gateway ask more often than every 30 s', async () => {
  const { issuer, tokens } = await open()
  await tokens.verify(theirToken(issuer.key))
  const strangers = Array.from({ length: 100 }, (_, n) => theirToken(foreignKey(`stranger-${n}`)))
  const answers = await Promise.all(strangers.map((token) => tokens.verify(token)))
  expect(new Set(answers.map((answer) => ('refused' in answer ? answer.refused : 'taken')))).toEqual(
    new Set(['unknown_key']),
  )
  expect(issuer.fetches).toBe(1)
})

test.each<[string, Behaviour]>([
  ['is refused', (response) => response.writeHead(500).end()],
  ['is somewhere else', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['is too large', (response) => response.end(JSON.stringify({ keys: [], fill: 'x'.repeat(1024 * 1024) }))],
  ['is garbage', (response) => response.end('garbage')],
  ['is no key set', (response) => response.end('{"keys":7}')],
  ['breaks off', (response) => void response.write('{', () => response.destroy())],
])(
  'a key set that %s is nobody else’s fault: it rejects, once in 30 s, and recovers by itself',
  async (_what, behave) => {
    const { issuer, tokens, time } = await open()
    const good = issuer.behave
    issuer.behave = behave
    for (let n = 0; n < 3; n++) await expect(tokens.verify(theirToken(issuer.key))).rejects.toThrow()
    expect(issuer.fetches).toBe(1)
    issuer.behave = good
    time.nowMs += 30_000
    expect(await tokens.verify(theirToken(issuer.key))).toHaveProperty('claims')
  },
)

test('known keys go on while the issuer is away, for a day', async () => {
  const { issuer, tokens, time } = await open()
  await tokens.verify(theirToken(issuer.key))
  issuer.behave = (response) => response.destroy()
  time.nowMs += 23 * 3_600_000
  expect(await tokens.verify(theirToken(issuer.key))).toHaveProperty('claims')
  await expect.poll(() => issuer.fetches).toBe(2) // asked beside it
  time.nowMs += 2 * 3_600_000
  await expect(tokens.verify(theirToken(issuer.key))).rejects.toThrow()
})

test('at the gateway: the device must exist; disabling it closes the socket; a key set that hangs is 503', async () => {
  const issuer = await startIssuer()
  const env = { FAIRLEAD_TOKEN_JWKS_URL: issuer.url, FAIRLEAD_TOKEN_ISSUER: ISSUER }
  const gateway = await startTestGateway({ env })
  const nobody = gateway.device(theirToken(issuer.key, { claims: { sub: 'nobody' } }))
  issuer.behave = () => {} // hangs
  nobody.start()
  await nobody.until('backoff')
  expect(nobody.httpStatus).toBe(503)
  expect(issuer.fetches).toBe(1)

  const second = await startTestGateway({ env })
  issuer.behave = (response) => response.end(issuer.keySet)
  await second.enrol('greenhouse-1')
  const device = second.device(theirToken(issuer.key, { claims: { sub: 'greenhouse-1' } }))
  device.start()
  await device.ready
  expect(await device.telemetry({ n: 1 }).settled).toBe('acked')
  const stranger = second.device(theirToken(issuer.key, { claims: { sub: 'nobody' } }))
  stranger.start()
  await stranger.until('backoff')
  expect(stranger.httpStatus).toBe(401)
  await second.api('PATCH', 'devices/greenhouse-1', { enabled: false })
  await device.until('backoff')
  expect(device.closeCode).toBe(4503)
})
