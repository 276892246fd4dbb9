import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectByHand } from '../helpers/hand-device.ts'
import { connectTls, everything } from '../helpers/raw-sockets.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'
import { base64url, foreignKey, forgeToken, gatewayKey, hs256 } from '../helpers/tokens.ts'

const GOOD: Readonly<Record<string, string>> = {
  Host: 'gateway',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol': 'fairlead.v1',
}

interface Request {
  readonly method?: string
  readonly target?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly token?: string
}

/** Sends a handshake byte by byte as written here, and returns the answer as text. */
async function handshake(gateway: TestGateway, request: Request): Promise<string> {
  const { method = 'GET', target = '/device/v1', headers = {}, token } = request
  const all = { ...GOOD, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }), ...headers }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  const socket = await connectTls(gateway.port)
  const answer = new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (text.includes(' 101 ')) socket.destroy()
    })
    socket.on('close', () => resolve(text))
  })
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  return answer
}

const statusOf = (answer: string) => Number(answer.split(' ')[1])

describe('[H-4] a bad handshake is answered before the 101, with its status', () => {
  test.each<[string, Request, number, string?]>([
    ['a foreign path', { target: '/device/v2' }, 404],
    ['a path with a trailing slash', { target: '/device/v1/' }, 404],
    ['POST', { method: 'POST', headers: { 'Content-Length': '0' } }, 405, 'Allow: GET'],
    ['WebSocket version 12', { headers: { 'Sec-WebSocket-Version': '12' } }, 426, 'Sec-WebSocket-Version: 13'],
    ['WebSocket version 8', { headers: { 'Sec-WebSocket-Version': '8' } }, 426],
    ['no subprotocol', { headers: { 'Sec-WebSocket-Protocol': undefined } }, 426],
    ["Arduino's default subprotocol", { headers: { 'Sec-WebSocket-Protocol': 'arduino' } }, 426],
    ['a key that is none', { headers: { 'Sec-WebSocket-Key': 'short' } }, 400],
    ['no key', { headers: { 'Sec-WebSocket-Key': undefined } }, 400],
    ['a token in the query', { target: '/device/v1?token=abc' }, 400, 'token_in_url'],
    ['a JWT under any name in the query', { target: '/device/v1?x=eyJhbGciOiJFUzI1NiJ9.e30.AA' }, 400],
    ["a browser's origin", { headers: { Origin: 'https://evil.example' } }, 403, 'foreign_origin'],
    ['the null origin', { headers: { Origin: 'null' } }, 403],
    ['no token', {}, 401, 'WWW-Authenticate: Bearer error="invalid_token"'],
    ['Basic instead of Bearer', { headers: { Authorization: 'Basic YTpi' } }, 401],
    ['a token that is none', { token: 'abc' }, 401],
    ['Content-Length twice', { headers: { 'Content-Length': '1, 2' } }, 400],
    ['a header block of 9 KiB', { headers: { 'X-Long': 'x'.repeat(9 * 1024) } }, 431],
  ])('%s', async (_name, request, status, contains) => {
    const gateway = await startTestGateway()
    const answer = await handshake(gateway, request)
    expect(statusOf(answer), answer).toBe(status)
    if (contains !== undefined) expect(answer).toContain(contains)
    expect((await gateway.api('GET', '/healthz')).status).toBe(200)
  })

  test('both Content-Length and Transfer-Encoding, a bare line feed, and NUL in a header', async () => {
    const gateway = await startTestGateway()
    for (const bytes of [
      'POST /device/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'GET /device/v1 HTTP/1.1\nHost: x\n\n',
      'GET /device/v1 HTTP/1.1\r\nHost: x\r\nX-Y: a\0b\r\n\r\n',
    ]) {
      const socket = await connectTls(gateway.port)
      const answer = everything(socket)
      socket.write(bytes)
      expect(statusOf(await answer), JSON.stringify(bytes)).toBe(400)
    }
  })

  test("the Arduino client's own headers are welcome: Origin file://, Host with port, extra User-Agent", async () => {
    const gateway = await startTestGateway()
    const { token } = await gateway.enrol('greenhouse-1')
    const headers = { Origin: 'file://', Host: `gateway:${gateway.port}`, 'User-Agent': 'arduino-WebSocket-Client' }
    const answer = await handshake(gateway, { token, headers })
    expect(statusOf(answer), answer).toBe(101)
    expect(answer).toContain('Sec-WebSocket-Protocol: fairlead.v1')
    expect(answer).not.toContain('Sec-WebSocket-Extensions')
  })
})

describe('[H-8] every bad token gets the same 401, and the log says why', () => {
  test('forged, foreign, expired, revoked and unknown tokens', async () => {
    const gateway = await startTestGateway()
    const { tokenId } = await gateway.enrol('greenhouse-1')
    const key = await gatewayKey(join(gateway.dataDir, 'keys'))
    const good = { sub: 'greenhouse-1', jti: tokenId }
    const forge = (forgery: Parameters<typeof forgeToken>[2] = {}) =>
      forgeToken(key, Date.now(), { ...forgery, claims: { ...good, ...forgery.claims } })
    expect(statusOf(await handshake(gateway, { token: forge() }))).toBe(101) // the forger knows how
    const parts = forge().split('.')
    const none = base64url(JSON.stringify({ alg: 'none', typ: 'fairlead-device+jwt' }))
    const hs = `${base64url(JSON.stringify({ alg: 'HS256', kid: key.keyId, typ: 'fairlead-device+jwt' }))}.${parts[1]}`
    const bad = {
      'alg none': `${none}.${parts[1]}.`,
      'HS256 with the public key': `${hs}.${hs256(key, hs)}`,
      'a foreign key under our key id': forge({ key: foreignKey(key.keyId) }),
      'an unknown key id': forge({ header: { kid: 'x'.repeat(43) } }),
      'another audience': forge({ claims: { aud: 'fairlead-operator' } }),
      'another issuer': forge({ claims: { iss: 'evil' } }),
      'another type': forge({ header: { typ: 'JWT' } }),
      expired: forge({ claims: { exp: Math.floor(Date.now() / 1000) - 3600 } }),
      "another device's name": forge({ claims: { sub: 'greenhouse-2' } }),
      'a name with a slash': forge({ claims: { sub: '../greenhouse-1' } }),
      'a list of names': forge({ claims: { sub: ['greenhouse-1'] } }),
      'a token id nobody issued': forge({ claims: { jti: 'nobody' } }),
      'a changed signature': `${parts[0]}.${parts[1]}.${'A'.repeat(86)}`,
      'four parts': `${forge()}.AA`,
      'a very long token': `${parts[0]}.${'A'.repeat(3_900)}.${parts[2]}`,
    }
    const answers = new Set<string>()
    for (const [name, token] of Object.entries(bad)) {
      const answer = await handshake(gateway, { token })
      expect(statusOf(answer), name).toBe(401)
      answers.add(answer)
    }
    expect(answers.size).toBe(1)
    const refusals = gateway.logLines.filter((line) => line.includes('token refused'))
    expect(refusals).toHaveLength(Object.keys(bad).length)
    expect(new Set(refusals.map((line) => JSON.parse(line).reason)).size).toBeGreaterThan(5)
  })
})

describe('[H-9] [H-11] too many of them', () => {
  test('an address with too many failed handshakes waits a minute; Retry-After says so', async () => {
    const gateway = await startTestGateway()
    const { token } = await gateway.enrol('greenhouse-1')
    for (let n = 0; n < 60; n++) expect(statusOf(await handshake(gateway, { token: 'bad' }))).toBe(401)
    await handshake(gateway, { token: 'bad' })
    const answer = await handshake(gateway, { token })
    expect(statusOf(answer)).toBe(429)
    expect(Number(/Retry-After: (\d+)/.exec(answer)?.[1])).toBeGreaterThan(0)
  })

  test('a device that connects more often than it may gets 429 for five minutes', async () => {
    const gateway = await startTestGateway({ env: { FAIRLEAD_CONNECTS_PER_MINUTE: '3' } })
    const { token } = await gateway.enrol('greenhouse-1')
    for (let n = 0; n < 3; n++) expect(statusOf(await handshake(gateway, { token }))).toBe(101)
    const answer = await handshake(gateway, { token })
    expect(statusOf(answer)).toBe(429)
    expect(Number(/Retry-After: (\d+)/.exec(answer)?.[1])).toBeGreaterThan(290)
  })

  test('[H-10] a registry that cannot answer is 503 with Retry-After, never 401', async () => {
    const gateway = await startTestGateway()
    const { token } = await gateway.enrol('greenhouse-1')
    const device = gateway.device(token)
    const stopped = gateway.gateway.stop()
    device.start()
    await device.until('backoff')
    expect([503, undefined]).toContain(device.httpStatus) // refused while stopping, or the listener is gone already
    await stopped
  })
})

describe('clients that vanish or say nothing', () => {
  test('[B01] resets in every phase of the handshake leave the gateway whole', async () => {
    const gateway = await startTestGateway()
    const { token } = await gateway.enrol('greenhouse-1')
    const head = 'GET /device/v1 HTTP/1.1\r\nHost: x\r\n'
    const rest = Object.entries({ ...GOOD, Authorization: `Bearer ${token}` })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    for (const sent of ['', head, head + rest, `${head}${rest}\r\n`]) {
      for (let n = 0; n < 10; n++) {
        const socket = await connectTls(gateway.port)
        if (sent) await new Promise((resolve) => socket.write(sent, resolve))
        socket.destroy()
      }
    }
    const { device } = await gateway.readyDevice('greenhouse-2')
    expect(await device.telemetry({ alive: true }).settled).toBe('acked')
    expect(gateway.logLines.filter((line) => JSON.parse(line).level === 'error')).toEqual([])
  })

  test('[B02] a client that sends one header byte a second is cut with 408', async () => {
    const gateway = await startTestGateway()
    const socket = await connectTls(gateway.port)
    const answer = everything(socket)
    socket.write('GET /device/v1 HTTP/1.1\r\nX-Slow: ')
    const drip = setInterval(() => socket.write('x'), 1_000)
    onTestFinished(() => clearInterval(drip))
    expect(statusOf(await answer)).toBe(408)
  })

  test('[S-2] a device that says nothing after the 101 is closed with 4015', async () => {
    const gateway = await startTestGateway({ env: { FAIRLEAD_HELLO_TIMEOUT_MS: '1000' } })
    const { token } = await gateway.enrol('greenhouse-1')
    const device = await connectByHand(gateway, token)
    expect(await device.next('bye')).toMatchObject({ code: 4015, reason: 'no_hello', reconnect: true })
    expect((await device.closed).code).toBe(4015)
  })
})
