import { once } from 'node:events'
import https from 'node:https'
import type tls from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Entrance, type EntranceRefusal } from '../../gateway/adapters/entrance.ts'
import {
  createListener,
  LISTENER_LIMITS,
  type Listener,
  type ListenerOptions,
  type ListenerRefusal,
  listen,
  replaceCertificate,
} from '../../gateway/adapters/https-listener.ts'
import { ensureCertificates, type PrivateCertificates } from '../../gateway/adapters/tls/private-certificates.ts'
import { temporaryDirectory } from '../helpers/certificates.ts'
import { recordClientHello, withServerName } from '../helpers/client-hello.ts'
import { askOn, connectPlain, connectTls, everything } from '../helpers/raw-sockets.ts'

/** Short enough to be waited for; where nobody is to be late, the limits are those of the gateway. */
const QUICK = {
  ...LISTENER_LIMITS,
  tlsHandshakeTimeoutMs: 1_000,
  headersTimeoutMs: 1_000,
  requestTimeoutMs: 2_000,
  checkIntervalMs: 200,
}
const HELLO = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const NAMES = ['localhost', '127.0.0.1', '::1']

interface Running {
  readonly server: Listener
  readonly port: number
  readonly refusals: (ListenerRefusal | EntranceRefusal)[]
  readonly certificates: PrivateCertificates
}

async function start(options: Partial<ListenerOptions> = {}, maxSockets = 50): Promise<Running> {
  const certificates = await ensureCertificates({ directory: await temporaryDirectory(), names: NAMES })
  const refusals: Running['refusals'] = []
  const onRefused = (reason: Running['refusals'][number]) => void refusals.push(reason)
  const server = createListener({
    tls: certificates,
    onRefused,
    ...options,
  })
  server.on('request', (request, response) => {
    request.resume().on('end', () => response.end(`hello ${request.url}`))
  })
  const isSecure = options.tls !== 'off'
  const entrance = new Entrance({ server, isSecure, maxSockets, hasRoom: () => true, isBanned: () => false, onRefused })
  const { port } = await listen(entrance.door, 0, '127.0.0.1')
  onTestFinished(async () => {
    entrance.dismissAll()
    server.closeAllConnections()
    server.close()
    entrance.door.close()
    await once(entrance.door, 'close')
  })
  return { server, port, refusals, certificates }
}

const startPlain = (options: Partial<ListenerOptions> = {}, maxSockets = 50) =>
  start({ tls: 'off', ...options }, maxSockets)

function fingerprint(socket: tls.TLSSocket): string {
  return socket.getPeerCertificate().fingerprint256
}

describe('handshake', () => {
  test.each(['localhost', '127.0.0.1'])('is verified against the private CA under the name %s', async (host) => {
    const { port, certificates } = await start()
    const body = await new Promise<string>((resolve, reject) => {
      https
        .get({ host, port, ca: certificates.caPem, rejectUnauthorized: true, path: '/x', agent: false, family: 4 })
        .on('error', reject)
        .on('response', (response) => response.on('data', (data) => resolve(String(data))))
    })
    expect(body).toBe('hello /x')
  })

  test('is verified by a client that compares an address with DNS names only, as the ESP32 does', async () => {
    const { port, certificates } = await start()
    const socket = await connectTls(port, certificates.caPem, {
      checkServerIdentity: (_host, { subjectaltname = '' }) =>
        subjectaltname.split(', ').includes('DNS:127.0.0.1') ? undefined : new Error('not named'),
    })
    expect(socket.authorized).toBe(true)
  })

  test('fails for a client that trusts another CA or asks for another name', async () => {
    const { port, certificates } = await start()
    const foreign = await ensureCertificates({ directory: await temporaryDirectory(), names: NAMES })
    await expect(connectTls(port, foreign.caPem)).rejects.toThrow(/unable to verify|issuer/)
    await expect(connectTls(port, certificates.caPem, { servername: 'other.example' })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('works with %s and forward secrecy', async (version) => {
    const { port, certificates } = await start()
    const socket = await connectTls(port, certificates.caPem, { minVersion: version, maxVersion: version })
    expect(socket.getProtocol()).toBe(version)
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: expect.stringMatching(/X25519|P-256|prime256v1/) })
    expect(socket.getCipher().name).toMatch(/GCM|CHACHA20/)
  })

  test.each<[string, tls.ConnectionOptions]>([
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['a CBC cipher', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }],
    ['RSA key exchange', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }],
  ])('is refused for %s, and the server stays', async (_what, options) => {
    const { port, refusals, certificates } = await start()
    await expect(connectTls(port, certificates.caPem, options)).rejects.toThrow()
    expect(refusals).toEqual(['tls_failed'])
    await askOn(await connectTls(port, certificates.caPem), '/after')
  })

  test('resumes a session by its ticket, as a fleet does after a restart of its network', async () => {
    const { port, certificates } = await start()
    const first = await connectTls(port, certificates.caPem, { maxVersion: 'TLSv1.2' })
    const session = first.getSession()
    first.end()
    const second = await connectTls(port, certificates.caPem, { maxVersion: 'TLSv1.2', session })
    expect(second.isSessionReused()).toBe(true)
  })

  test.each([
    ['300 characters', 'a'.repeat(300)],
    ['a NUL', 'a\0b'],
    ['dots', '...'],
    ['bytes', 'ü\r\n'],
  ])('survives a server name of %s [B35]', async (_what, servername) => {
    const { port, certificates } = await start()
    const socket = await connectPlain(port)
    socket.end(withServerName(await recordClientHello(), servername))
    await everything(socket)
    await askOn(await connectTls(port, certificates.caPem), '/after')
  })

  test('is cut when the client stays silent [B02]', async () => {
    const { port, refusals } = await start({ limits: QUICK })
    const silent = await connectPlain(port)
    await once(silent, 'close')
    expect(refusals).toEqual(['tls_failed'])
  })

  test('survives plain HTTP, junk and a reset in its middle [B03]', async () => {
    const { port, refusals, certificates } = await start()
    for (const junk of [HELLO, Buffer.alloc(100_000, 0xff)]) {
      const socket = await connectPlain(port)
      socket.write(junk)
      await everything(socket)
    }
    const reset = await connectPlain(port)
    reset.write((await recordClientHello()).subarray(0, 20))
    reset.resetAndDestroy()
    await expect.poll(() => refusals.length).toBe(3)
    await askOn(await connectTls(port, certificates.caPem), '/after')
  })
})

describe('request', () => {
  test('with slow headers is answered 408 and closed [B02]', async () => {
    const { port, refusals, certificates } = await start({ limits: QUICK })
    const socket = await connectTls(port, certificates.caPem)
    const drip = setInterval(() => socket.write('a'), 100)
    onTestFinished(() => clearInterval(drip))
    socket.write('GET / HTTP/1.1\r\nX-Slow: ')
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n/)
    expect(refusals).toEqual(['request_timeout'])
  })

  test('that never comes on an open socket is answered 408', async () => {
    const { port } = await startPlain({ limits: QUICK })
    expect(await everything(await connectPlain(port))).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('with a body that never ends is answered 408', async () => {
    const { port } = await startPlain({ limits: QUICK })
    const socket = await connectPlain(port)
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345')
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('with a header block over 8 KiB is answered 431 and closed [B04]', async () => {
    const { port, refusals, certificates } = await start()
    const socket = await connectTls(port, certificates.caPem)
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(9 * 1024)}\r\n\r\n`)
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 431 .*\r\nConnection: close\r\n/)
    expect(refusals).toEqual(['header_too_large'])
  })

  test('with a header block just under 8 KiB, or of many tiny headers, is served [B04]', async () => {
    const { port } = await startPlain()
    for (const headers of [`X-Big: ${'a'.repeat(8_000)}\r\n`, 'a: b\r\n'.repeat(900)]) {
      const socket = await connectPlain(port)
      socket.write(`GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`)
      expect(await everything(socket)).toMatch(/^HTTP\/1\.1 200 /)
    }
  })

  test.each([
    [
      'two ways to say its length',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
    ['bare line feeds', 'GET / HTTP/1.1\nHost: x\n\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00 hello\r\n\r\n'],
  ])('with %s is answered 400 and closed [B05]', async (_what, request) => {
    const { port } = await startPlain()
    const socket = await connectPlain(port)
    socket.write(request)
    const answer = await everything(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toMatch(/\r\nConnection: close\r\n/i)
  })

  test('is refused once, however much junk follows it', async () => {
    const { port, refusals } = await startPlain()
    const socket = await connectPlain(port)
    socket.write('junk\r\n\r\n')
    const more = setInterval(() => socket.write('junk'.repeat(1000)), 10)
    onTestFinished(() => clearInterval(more))
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 400 /)
    expect(refusals).toEqual(['malformed_http'])
  })

  test('may follow another on the same connection', async () => {
    const { port, certificates } = await start()
    const socket = await connectTls(port, certificates.caPem)
    await askOn(socket, '/one')
    await askOn(socket, '/two')
  })
})

describe('listener', () => {
  test('takes no more sockets than it may', async () => {
    const { port, refusals } = await startPlain({}, 2)
    const kept = [await connectPlain(port), await connectPlain(port)]
    for (const [i, socket] of kept.entries()) await askOn(socket, `/${i}`)
    await everything(await connectPlain(port))
    expect(refusals).toEqual(['too_many_sockets'])
    for (const [i, socket] of kept.entries()) await askOn(socket, `/again/${i}`)
  })

  test('changes its certificate without closing a socket; new handshakes get the new one', async () => {
    const { server, port, certificates } = await start()
    const renewed = await ensureCertificates({ directory: await temporaryDirectory(), names: NAMES })
    const old = await connectTls(port, certificates.caPem)
    expect(fingerprint(old)).toBe(certificates.fingerprint)
    replaceCertificate(server, renewed)
    await askOn(old, '/still-here')
    const fresh = await connectTls(port, renewed.caPem)
    expect(fingerprint(fresh)).toBe(renewed.fingerprint)
    await expect(connectTls(port, renewed.caPem, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow()
    await askOn(fresh, '/new')
  })

  test('keeps its certificate when the new one is garbage [B35]', async () => {
    const { server, port, certificates } = await start()
    expect(() => replaceCertificate(server, { cert: 'garbage', key: 'garbage' })).toThrow()
    expect(fingerprint(await connectTls(port, certificates.caPem))).toBe(certificates.fingerprint)
  })

  test('listens on all addresses when none is given', async () => {
    const server = createListener({ tls: 'off' })
    server.on('request', (_request, response) => response.end('hello /any'))
    const { address, port } = await listen(server, 0)
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    expect(['::', '0.0.0.0']).toContain(address)
    await askOn(await connectPlain(port), '/any')
  })

  test('rejects when the port is taken', async () => {
    const { port } = await startPlain()
    const second = createListener({ tls: 'off' })
    await expect(listen(second, port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
