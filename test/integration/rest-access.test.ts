import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { REQUEST_LIMITS } from '../../gateway/adapters/http/rates.ts'
import { GatewayError } from '../../gateway/core/errors.ts'
import { ADMIN_KEY, ask, expectProblem, OPERATOR_KEY, type RunningApi, runApi, VIEWER_KEY } from '../helpers/rest.ts'

const READS = [
  '/devices',
  '/devices/export',
  '/command-batches',
  '/bans',
  '/events',
  '/command-batches/none',
  '/command-batches/none/targets',
  '/devices/a',
  '/devices/a/state',
  '/devices/a/shadow',
  '/devices/a/connections',
  '/devices/a/commands',
  '/commands/command-1',
  '/commands',
  '/dead-letters',
]
const COMMANDING = [
  ['POST', '/devices/a/commands'],
  ['POST', '/commands/command-1/cancel'],
  ['POST', '/commands'],
  ['POST', '/command-batches/none/cancel'],
  ['DELETE', '/devices/a/quarantine'],
  ['PATCH', '/devices/a/shadow'],
] as const
const ADMIN_ONLY = [
  ['POST', '/devices'],
  ['POST', '/devices/import'],
  ['POST', '/bans'],
  ['DELETE', '/bans/none'],
  ['PATCH', '/devices/a'],
  ['DELETE', '/devices/none'],
  ['GET', '/audit'],
  ['GET', '/devices/a/tokens'],
  ['POST', '/devices/a/tokens'],
  ['POST', '/devices/a/tokens/rotate'],
  ['DELETE', '/devices/a/tokens/none'],
] as const

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
  await api.operator.createDevice({ id: 'a' })
})
afterAll(() => api.close())
beforeEach(() => {
  api.keysFailure = undefined
})
const as = (key: string, method: string, path: string) =>
  ask(api, method, `/api/v1${path}`, { headers: { authorization: `Bearer ${key}` } })

describe('without a key that counts', () => {
  const every = [...READS.map((path) => ['GET', path] as const), ...COMMANDING, ...ADMIN_ONLY]
  test.each(every)('%s %s is 401 with WWW-Authenticate', async (method, path) => {
    for (const authorization of [
      '',
      'Bearer flk_wrong',
      'Basic YTpi',
      `bearer${ADMIN_KEY}`,
      `Bearer ${'x'.repeat(600)}`,
    ]) {
      const answer = await ask(api, method, `/api/v1${path}`, { headers: { authorization } })
      expectProblem(answer, 401, 'unauthorized')
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm=/)
    }
  })

  test('a body is not even read: 401 comes before 400, 413 and 415', async () => {
    for (const text of ['{', 'x'.repeat(100_000)]) {
      const headers = { authorization: 'Bearer flk_wrong', 'content-type': 'text/plain' }
      expectProblem(await ask(api, 'POST', '/api/v1/devices', { text, headers }), 401, 'unauthorized')
    }
  })

  test.each(['token', 'access_token', 'api_key', 'Key'])('the key in ?%s= is 400 and not accepted', async (field) => {
    const answer = await ask(api, 'GET', `/api/v1/devices?${field}=${ADMIN_KEY}`, { headers: { authorization: '' } })
    expectProblem(answer, 400, 'bad_request')
    expect(JSON.stringify(answer.body)).not.toContain(ADMIN_KEY)
    expectProblem(await ask(api, 'GET', `/device/v1?${field}=x`), 400, 'bad_request')
  })

  test('a key that cannot be checked is 503, never 401', async () => {
    api.keysFailure = new GatewayError('registry_unavailable')
    expectProblem(await as(ADMIN_KEY, 'GET', '/devices'), 503, 'registry_unavailable')
  })

  test('the scheme is read in any case', async () => {
    const headers = { authorization: `bearer ${VIEWER_KEY}` }
    expect((await ask(api, 'GET', '/api/v1/devices', { headers })).status).toBe(200)
  })
})

describe('roles', () => {
  test.each(READS)('a viewer may GET %s', async (path) => {
    expect((await as(VIEWER_KEY, 'GET', path)).status).not.toBe(403)
    expect((await as(VIEWER_KEY, 'GET', path)).status).not.toBe(401)
  })

  test.each(COMMANDING)('%s %s needs an operator', async (method, path) => {
    expectProblem(await as(VIEWER_KEY, method, path), 403, 'forbidden')
    expect((await as(OPERATOR_KEY, method, path)).status).not.toBe(403)
  })

  test.each(ADMIN_ONLY)('%s %s needs an admin', async (method, path) => {
    expectProblem(await as(VIEWER_KEY, method, path), 403, 'forbidden')
    expectProblem(await as(OPERATOR_KEY, method, path), 403, 'forbidden')
    expect((await as(ADMIN_KEY, method, path)).status).not.toBe(403)
  })
})

describe('rates', () => {
  test('refused keys of one address are 429 after thirty a minute, and a good key still passes', async () => {
    await using limited = await runApi(REQUEST_LIMITS)
    const guess = () => ask(limited, 'GET', '/api/v1/devices', { headers: { authorization: 'Bearer flk_guess' } })
    for (let i = 0; i < REQUEST_LIMITS.refusedKeysPerMinute; i++) expectProblem(await guess(), 401, 'unauthorized')
    const answer = await guess()
    expectProblem(answer, 429, 'rate_limited')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ask(limited, 'GET', '/api/v1/devices')).status).toBe(200)
    expect(JSON.stringify(limited.lines)).not.toContain('flk_guess')
  })

  test('a wall clock that is set back makes nobody wait for longer', async () => {
    await using limited = await runApi({ ...REQUEST_LIMITS, requestsPerMinute: 1 })
    expect((await ask(limited, 'GET', '/api/v1/devices')).status).toBe(200)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 })
    onTestFinished(() => void vi.useRealTimers())
    const answer = await ask(limited, 'GET', '/api/v1/devices')
    expectProblem(answer, 429, 'rate_limited')
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60)
  })

  test('one key too busy is 429 with Retry-After; other keys and the probes are not concerned', async () => {
    await using limited = await runApi({ ...REQUEST_LIMITS, requestsPerMinute: 3, refusedKeysPerMinute: 3 })
    for (let i = 0; i < 3; i++) expect((await ask(limited, 'GET', '/api/v1/devices')).status).toBe(200)
    const answer = await ask(limited, 'GET', '/api/v1/devices')
    expectProblem(answer, 429, 'rate_limited')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    const headers = { authorization: `Bearer ${VIEWER_KEY}` }
    expect((await ask(limited, 'GET', '/api/v1/devices', { headers })).status).toBe(200)
    for (let i = 0; i < 5; i++) expect((await ask(limited, 'GET', '/healthz')).status).toBe(200)
  })
})
