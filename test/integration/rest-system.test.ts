import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LISTENER_LIMITS } from '../../gateway/adapters/https-listener.ts'
import { ask, expectProblem, type RunningApi, runApi } from '../helpers/rest.ts'

const READY = { ready: true, stopping: false, parts: { bus: { ready: true } } }
const NO_KEY = { headers: { authorization: '' } }
let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
beforeEach(() => {
  api.health = READY
})

describe('probes', () => {
  test('/healthz is 200 while the process works, also when nothing else does', async () => {
    api.health = { ready: false, stopping: false, parts: { bus: { ready: false, reason: 'away' } } }
    expect(await ask(api, 'GET', '/healthz', NO_KEY)).toMatchObject({ status: 200, body: { status: 'ok' } })
  })

  test('/readyz is 200 when every part is ready', async () => {
    expect(await ask(api, 'GET', '/readyz', NO_KEY)).toMatchObject({ status: 200, body: READY })
  })

  test('/readyz is 503 and names the part that is not, with its reason', async () => {
    api.health = { ready: false, stopping: false, parts: { bus: { ready: false, reason: 'no connection' } } }
    expect(await ask(api, 'GET', '/readyz', NO_KEY)).toMatchObject({ status: 503, body: api.health })
  })

  test('/readyz is 503 as soon as the gateway stops', async () => {
    api.health = { ...READY, stopping: true }
    expect(await ask(api, 'GET', '/readyz', NO_KEY)).toMatchObject({
      status: 503,
      body: { ready: false, stopping: true },
    })
  })

  test('/metrics is the Prometheus text', async () => {
    const answer = await ask(api, 'GET', '/metrics', NO_KEY)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(answer.body).toContain('fairlead_sessions 0')
  })

  test('/ says where everything is', async () => {
    const answer = await ask(api, 'GET', '/', NO_KEY)
    const { name, devices, ...links } = answer.body as Record<string, string>
    expect([name, devices]).toEqual(['fairlead', '/device/v1'])
    for (const path of Object.values(links)) expect((await ask(api, 'GET', path, NO_KEY)).status).toBe(200)
  })
})

describe('addresses and methods', () => {
  test('an address that is not there is 404, with and without a key, also with a broken body', async () => {
    for (const path of ['/nope', '/api/v1', '/api/v2/devices', '/device/v2', '/API/V1/devices']) {
      expectProblem(await ask(api, 'GET', path, NO_KEY), 404, 'route_not_found')
      expectProblem(await ask(api, 'POST', path, { text: '{' }), 404, 'route_not_found')
    }
  })

  test.each([
    ['PUT', '/api/v1/devices', 'GET, HEAD, POST'],
    ['POST', '/api/v1/devices/a', 'GET, HEAD, PATCH, DELETE'],
    ['GET', '/api/v1/devices/a/tokens/t', 'DELETE'],
    ['GET', '/api/v1/commands/c/cancel', 'POST'],
    ['OPTIONS', '/healthz', 'GET, HEAD'],
    ['POST', '/device/v1', 'GET'],
    ['HEAD', '/device/v1', 'GET'],
  ])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
    const answer = await ask(api, method, path)
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe(allow)
    if (method !== 'HEAD') expectProblem(answer, 405, 'method_not_allowed')
  })

  test('the device address without an upgrade is 426 and says what it wants', async () => {
    const answer = await ask(api, 'GET', '/device/v1', NO_KEY)
    expectProblem(answer, 426, 'upgrade_required')
    expect(answer.headers.get('upgrade')).toBe('websocket')
    expect(answer.headers.get('sec-websocket-version')).toBe('13')
  })

  test('an upgrade goes past the REST adapter to whoever listens for it', async () => {
    await using own = await runApi()
    own.server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 418 Mine\r\nConnection: close\r\n\r\n'))
    const status = await new Promise((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'websocket' }
      const upgrade = request(`${own.url}/device/v1`, { headers }, (response) => resolve(response.statusCode))
      upgrade.on('error', reject)
      upgrade.end()
    })
    expect(status).toBe(418)
  })
})

describe('the server that others own', () => {
  test('keeps its time-outs', () => {
    expect(api.server).toMatchObject({
      requestTimeout: LISTENER_LIMITS.requestTimeoutMs,
      headersTimeout: LISTENER_LIMITS.headersTimeoutMs,
      keepAliveTimeout: LISTENER_LIMITS.keepAliveTimeoutMs,
      timeout: 0,
    })
  })

  test('listens on after close(), and every request is then 503; who waits is answered first', async () => {
    await using own = await runApi()
    await own.operator.createDevice({ id: 'a' })
    const waiting = ask(own, 'POST', '/api/v1/devices/a/commands?wait=60s', { json: { name: 'x' } })
    await expect.poll(() => own.operator.commands.length).toBe(1)
    const closing = own.closeApi()
    expect(await waiting).toMatchObject({ status: 202, body: { state: 'queued' } })
    await closing
    const answer = await ask(own, 'GET', '/api/v1/devices')
    expectProblem(answer, 503, 'stopping')
    expect(answer.headers.get('retry-after')).not.toBeNull()
  })
})
