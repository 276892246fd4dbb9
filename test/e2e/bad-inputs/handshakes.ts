import { expect } from 'vitest'
import { answerTo, handshakeText, type RawHandshake, shakeHands, statusOf } from '../../helpers/raw-handshake.ts'
import { connectPlain, connectTls, everything } from '../../helpers/raw-sockets.ts'
import { startTestGateway } from '../../helpers/start-gateway.ts'
import type { BadInput, World } from './world.ts'

/** A handshake that is answered with this status, and with this text somewhere in the answer. */
export const refused =
  (request: RawHandshake, status: number, text = '') =>
  async ({ gateway }: World) => {
    const answer = await shakeHands(gateway, request)
    expect(statusOf(answer), answer).toBe(status)
    expect(answer).toContain(text)
    expect(answer).toMatch(/connection: close/i)
  }

/** Bytes that are no proper HTTP. */
const bytes =
  (text: string, status: number) =>
  async ({ gateway }: World) =>
    expect(statusOf(await answerTo(gateway, text))).toBe(status)

const MALFORMED = ['handshakes_refused', 'malformed_http'] as const
const UPGRADE = ['handshakes_refused', 'upgrade_required'] as const
const BAD_REQUEST = ['handshakes_refused', 'bad_request'] as const
const IN_URL = ['handshakes_refused', 'token_in_url'] as const
const ORIGIN = ['handshakes_refused', 'foreign_origin'] as const
const CANARY = 'canary-of-the-query'

const get = (headers: string) => `GET /device/v1 HTTP/1.1\r\nHost: x\r\n${headers}\r\n`

export const handshakes: readonly BadInput[] = [
  {
    id: 'B01',
    sends: 'a reset while the token is checked',
    answer: 'counted',
    does: resetWhileChecked,
    counts: ['handshakes_refused', 'handshake_aborted'],
    logs: 'handshake_aborted',
  },
  { id: 'B01', sends: 'resets in every phase of the handshake', answer: 'nothing happens', does: resets },
  {
    id: 'B03',
    sends: '14 times 100 MB of junk without TLS',
    answer: 'cut',
    does: (world) => junk(world, 'plain'),
    counts: ['handshakes_refused', 'tls_failed'],
  },
  {
    id: 'B03',
    sends: '14 times 100 MB of junk inside TLS',
    answer: '400',
    does: (world) => junk(world, 'tls'),
    counts: MALFORMED,
  },
  {
    id: 'B04',
    sends: 'a header block of 9 KiB',
    answer: '431',
    does: bytes(get(`X-Long: ${'x'.repeat(9 * 1024)}\r\n`), 431),
    counts: ['handshakes_refused', 'header_too_large'],
  },
  {
    id: 'B04',
    sends: '1,500 tiny headers, 9 KiB in all',
    answer: '431',
    does: bytes(get('a: b\r\n'.repeat(1_500)), 431),
    counts: ['handshakes_refused', 'header_too_large'],
  },
  { id: 'B04', sends: '900 tiny headers, 5 KiB in all', answer: '101 as without them', does: tinyHeaders },
  {
    id: 'B05',
    sends: 'Content-Length and Transfer-Encoding',
    answer: '400',
    does: bytes(
      'POST /device/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ),
    counts: MALFORMED,
  },
  {
    id: 'B05',
    sends: 'Content-Length twice',
    answer: '400',
    does: bytes(get('Content-Length: 1\r\nContent-Length: 2\r\n'), 400),
    counts: MALFORMED,
  },
  {
    id: 'B05',
    sends: 'a Content-Length that is a list',
    answer: '400',
    does: bytes(get('Content-Length: 1, 2\r\n'), 400),
    counts: MALFORMED,
  },
  {
    id: 'B05',
    sends: 'bare line feeds',
    answer: '400',
    does: bytes('GET /device/v1 HTTP/1.1\nHost: x\n\n', 400),
    counts: MALFORMED,
  },
  { id: 'B05', sends: 'NUL in a header', answer: '400', does: bytes(get('X-Y: a\0b\r\n'), 400), counts: MALFORMED },
  { id: 'B05', sends: 'a folded header', answer: '400', does: bytes(get('X-Y: a\r\n b\r\n'), 400), counts: MALFORMED },
  {
    id: 'B06',
    sends: 'POST',
    answer: '405, Allow: GET',
    does: refused({ method: 'POST', headers: { 'Content-Length': '0' } }, 405, 'Allow: GET'),
    counts: ['handshakes_refused', 'method_not_allowed'],
  },
  {
    id: 'B06',
    sends: 'WebSocket version 12',
    answer: '426 with the right version',
    does: refused({ headers: { 'Sec-WebSocket-Version': '12' } }, 426, 'Sec-WebSocket-Version: 13'),
    counts: UPGRADE,
  },
  {
    id: 'B06',
    sends: 'WebSocket version 8',
    answer: '426',
    does: refused({ headers: { 'Sec-WebSocket-Version': '8' } }, 426),
    counts: UPGRADE,
  },
  {
    id: 'B06',
    sends: 'no subprotocol',
    answer: '426',
    does: refused({ headers: { 'Sec-WebSocket-Protocol': undefined } }, 426),
    counts: UPGRADE,
  },
  {
    id: 'B06',
    sends: "Arduino's default subprotocol",
    answer: '426',
    does: refused({ headers: { 'Sec-WebSocket-Protocol': 'arduino' } }, 426),
    counts: UPGRADE,
  },
  {
    id: 'B06',
    sends: 'another upgrade',
    answer: '426',
    does: refused({ headers: { Upgrade: 'h2c' } }, 426),
    counts: UPGRADE,
  },
  { id: 'B06', sends: 'a plain GET', answer: '426', does: plainGet },
  {
    id: 'B06',
    sends: 'a short key',
    answer: '400',
    does: refused({ headers: { 'Sec-WebSocket-Key': 'short' } }, 400),
    counts: BAD_REQUEST,
  },
  {
    id: 'B06',
    sends: 'no key',
    answer: '400',
    does: refused({ headers: { 'Sec-WebSocket-Key': undefined } }, 400),
    counts: BAD_REQUEST,
  },
  {
    id: 'B06',
    sends: 'a foreign path',
    answer: '404',
    does: refused({ target: '/device/v2' }, 404),
    counts: ['handshakes_refused', 'route_not_found'],
  },
  {
    id: 'B06',
    sends: 'a path with a slash behind it',
    answer: '404',
    does: refused({ target: '/device/v1/' }, 404),
    counts: ['handshakes_refused', 'route_not_found'],
  },
  {
    id: 'B08',
    sends: 'a token in the query',
    answer: '400, and the log does not show it',
    does: tokenInQuery,
    counts: IN_URL,
    logs: 'token_in_url',
  },
  {
    id: 'B08',
    sends: 'a JWT under any name in the query',
    answer: '400',
    does: refused({ target: '/device/v1?x=eyJhbGciOiJFUzI1NiJ9.e30.AA' }, 400),
    counts: IN_URL,
  },
  {
    id: 'B06',
    sends: "a browser's origin",
    answer: '403',
    does: refused({ headers: { Origin: 'https://evil.example' } }, 403, 'foreign_origin'),
    counts: ORIGIN,
  },
  {
    id: 'B06',
    sends: 'the null origin',
    answer: '403',
    does: refused({ headers: { Origin: 'null' } }, 403),
    counts: ORIGIN,
  },
  { id: 'B06', sends: "the Arduino client's own headers", answer: '101: they are not bad', does: arduino },
]

/** Until one falls into the moment between the request and its answer. */
async function resetWhileChecked(world: World): Promise<void> {
  const before = await world.metric('handshakes_refused', 'handshake_aborted')
  const resetOne = async () => {
    const { token } = await world.gateway.enrol()
    const socket = await connectTls(world.gateway.port, world.gateway.ca)
    await new Promise((resolve) => socket.write(handshakeText({ token }), resolve))
    socket.destroy()
    return world.metric('handshakes_refused', 'handshake_aborted')
  }
  await expect.poll(resetOne, { timeout: 30_000, interval: 1 }).toBeGreaterThan(before)
}

async function resets({ gateway }: World): Promise<void> {
  const { token } = await gateway.enrol()
  const request = handshakeText({ token })
  for (const sent of ['', request.slice(0, 30), request.slice(0, -2), request]) {
    for (let n = 0; n < 3; n++) {
      const socket = await connectTls(gateway.port, gateway.ca)
      if (sent) await new Promise((resolve) => socket.write(sent, resolve))
      socket.destroy()
    }
  }
  const plain = await connectPlain(gateway.port)
  plain.resetAndDestroy()
}

/** Each client is cut long before it has sent its 100 MB: what it could send is what lay in socket buffers. */
async function junk({ gateway }: World, how: 'plain' | 'tls'): Promise<void> {
  const TAKEN_MAX_BYTES = 16 * 1024 * 1024
  const chunk = Buffer.alloc(64 * 1024, 'j')
  const one = async () => {
    const socket = how === 'tls' ? await connectTls(gateway.port, gateway.ca) : await connectPlain(gateway.port)
    let sent = 0
    const ended = everything(socket)
    socket.once('end', () => socket.destroy())
    while (!socket.destroyed && socket.writable && sent < 100 * 1024 * 1024) {
      sent += chunk.length
      if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve))
    }
    const answer = await ended
    expect(sent).toBeLessThan(TAKEN_MAX_BYTES)
    if (how === 'tls' && answer !== '') expect(statusOf(answer)).toBe(400)
  }
  await Promise.all(Array.from({ length: 14 }, one))
}

async function tinyHeaders({ gateway }: World): Promise<void> {
  const { token } = await gateway.enrol()
  const request = handshakeText({ token }).replace('\r\n\r\n', `\r\n${'a: b\r\n'.repeat(900)}\r\n`)
  expect(statusOf(await answerTo(gateway, request))).toBe(101)
}

/** Not an upgrade at all: the REST side answers. */
async function plainGet({ gateway }: World): Promise<void> {
  const answer = await gateway.api('GET', '/device/v1')
  expect(answer).toMatchObject({ status: 426, headers: { upgrade: 'websocket', 'sec-websocket-version': '13' } })
}

async function tokenInQuery(world: World): Promise<void> {
  await refused({ target: `/device/v1?token=${CANARY}` }, 400, 'token_in_url')(world)
  expect(world.gateway.logLines.join('')).not.toContain(CANARY)
}

async function arduino({ gateway }: World): Promise<void> {
  const { token } = await gateway.enrol()
  const headers = { Origin: 'file://', Host: `gateway:${gateway.port}`, 'User-Agent': 'arduino-WebSocket-Client' }
  const answer = await shakeHands(gateway, { token, headers })
  expect(statusOf(answer), answer).toBe(101)
  expect(answer).toContain('Sec-WebSocket-Protocol: fairlead.v1')
  expect(answer).not.toContain('Sec-WebSocket-Extensions')
}

/** Of a gateway of its own, since the whole address is sent away. */
export async function addressBanned(): Promise<void> {
  const gateway = await startTestGateway()
  const { token } = await gateway.enrol()
  for (let n = 0; n < 60; n++) expect(statusOf(await shakeHands(gateway, { token: 'bad' }))).toBe(401)
  await shakeHands(gateway, { token: 'bad' })
  const answer = await shakeHands(gateway, { token })
  expect(statusOf(answer)).toBe(429)
  expect(Number(/Retry-After: (\d+)/.exec(answer)?.[1])).toBeGreaterThan(0)
}
