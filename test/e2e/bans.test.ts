import { connect as connectTcp } from 'node:net'
import { connect } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'

/** How a TLS client at this address of the loopback network fares: `secure`, or the error. */
function knock(gateway: TestGateway, localAddress: string): Promise<string> {
  const tcp = connectTcp({ host: '127.0.0.1', port: gateway.port, localAddress })
  const socket = connect({ socket: tcp, host: '127.0.0.1', ca: gateway.ca })
  return new Promise((resolve) => {
    socket.once('secureConnect', () => {
      socket.destroy()
      resolve('secure')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.once('close', () => resolve('closed'))
  })
}

describe('a banned address', () => {
  test('is cut off before TLS, also by the next gateway, until the ban ends or is lifted', async () => {
    const dataDir = await temporaryDirectory()
    const first = await startTestGateway({ dataDir })
    expect(await knock(first, '127.0.0.7')).toBe('secure')
    const ban = await first.api('POST', 'bans', { address: '127.0.0.7', reason: 'guesses' })
    expect(ban).toMatchObject({ status: 201, body: { address: '127.0.0.7', ends_at: null, reason: 'guesses' } })
    expect(await knock(first, '127.0.0.7')).not.toBe('secure')
    expect(await knock(first, '127.0.0.8')).toBe('secure')
    expect((await first.api('GET', '/metrics')).body).toMatch(/handshakes_refused_total\{reason="banned"\} 1\n/)
    await first.gateway.stop()

    const second = await startTestGateway({ dataDir })
    expect(await knock(second, '127.0.0.7')).not.toBe('secure')
    expect((await second.api('DELETE', `bans/${ban.body.id}`)).status).toBe(204)
    expect(await knock(second, '127.0.0.7')).toBe('secure')
    await second.api('POST', 'bans', { address: '127.0.0.7', ttl_s: 1 })
    await expect.poll(() => knock(second, '127.0.0.7')).toBe('secure')
    expect((await second.api('GET', 'bans')).body).toEqual({ items: [], next: null })
    const { items } = (await second.api('GET', 'audit?action=addBan')).body
    expect(items).toMatchObject([{ detail: { address: '127.0.0.7', ttl_s: 1 } }, { outcome: 'ok' }])
  })

  test('cannot be that of who asks, or of the machine itself', async () => {
    const gateway = await startTestGateway()
    for (const address of ['127.0.0.1', '127.0.0.0/8', '::1', '::/1']) {
      expect(await gateway.api('POST', 'bans', { address })).toMatchObject({
        status: 400,
        body: { code: 'bad_request' },
      })
    }
  })
})

describe('a banned device', () => {
  test('loses its session and is refused with 403 until the ban is lifted', async () => {
    const gateway = await startTestGateway()
    const { id, token } = await gateway.readyDevice('pump')
    const ban = await gateway.api('POST', 'bans', { device: id, ttl_s: 3600 })
    expect(ban).toMatchObject({ status: 201, body: { device: id, ends_at: expect.any(Number) } })
    const presence = async () => (await gateway.api('GET', `devices/${id}`)).body.presence
    await expect.poll(presence).toMatchObject({ state: 'offline', reason: 'device_disabled' })
    const headers = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' }
    const handshake = {
      ...headers,
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'fairlead.v1',
    }
    const refused = await gateway.api('GET', '/device/v1', undefined, token, handshake)
    expect(refused).toMatchObject({ status: 403, body: { code: 'device_banned' } })
    await gateway.api('DELETE', `bans/${ban.body.id}`)
    const again = gateway.device(token)
    again.start()
    await again.ready
  })
})

test.each([
  [{}, 400],
  [{ address: '10.0.0.1', device: 'a' }, 400],
  [{ address: 'somewhere' }, 400],
  [{ device: 'a/b' }, 400],
  [{ device: 'a', ttl_s: 0 }, 400],
])('%j is %d', async (body, status) => {
  const gateway = await startTestGateway()
  expect(await gateway.api('POST', 'bans', body)).toMatchObject({ status })
})
