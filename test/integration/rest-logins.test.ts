import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REQUEST_LIMITS } from '../../gateway/adapters/http/rates.ts'
import { ADMIN_KEY, type Answer, ask, expectProblem, type RunningApi, runApi } from '../helpers/rest.ts'

const PASSWORD = 'quiet harbour lantern 7'
let api: RunningApi
beforeAll(async () => {
  api = await runApi()
  await api.operator.createDevice({ id: 'a' })
})
afterAll(() => api.close())

/** As a browser on our own page sends it. */
const own = (on: RunningApi = api) => ({ origin: on.url, 'sec-fetch-site': 'same-origin', authorization: '' })
const setCookie = (answer: Answer) => answer.headers.get('set-cookie') ?? ''
const cookieOf = (answer: Answer) => setCookie(answer).split(';', 1)[0] ?? ''
const logIn = (name: string, password: string, headers = {}) =>
  ask(api, 'POST', '/api/v1/session', { json: { name, password }, headers: { ...own(), ...headers } })
const withCookie = (cookie: string, method: string, path: string, headers = {}, json?: unknown) =>
  ask(api, method, `/api/v1${path}`, { headers: { ...own(), cookie, ...headers }, json })

async function addUser(name: string, role: 'viewer' | 'operator' | 'admin'): Promise<string> {
  const { link } = await api.access.createUser(name, role)
  const json = { token: link.token, name, password: PASSWORD }
  const answer = await ask(api, 'POST', '/api/v1/session/link', { json, headers: own() })
  expect(answer.status).toBe(201)
  return cookieOf(answer)
}

describe('a login link', () => {
  test('is named in the audit log, however its address is written', async () => {
    const { link } = await api.access.createUser('ulla', 'viewer')
    const json = { token: link.token, name: 'ulla', password: PASSWORD }
    expect((await ask(api, 'POST', '/api/v1/session/link?', { json, headers: own() })).status).toBe(201)
    expect(api.memory.audit.at(-1)).toMatchObject({ actor: 'user:ulla', action: 'loginByLink', outcome: 'ok' })
  })

  test('makes the first admin, who is logged in with it, and works once', async () => {
    const { token } = await api.access.issueLink()
    const check = () => ask(api, 'POST', '/api/v1/session/link/check', { json: { token }, headers: own() })
    expect(await check()).toMatchObject({ status: 200, body: { name: null } })
    const redeem = (name: string, password: string) =>
      ask(api, 'POST', '/api/v1/session/link', { json: { token, name, password }, headers: own() })
    expectProblem(await redeem('mia', 'short'), 400, 'bad_request')
    expectProblem(await redeem('mia', 'mia likes long ones'), 400, 'bad_request')
    expectProblem(await redeem('two words', PASSWORD), 400, 'bad_request')
    const answer = await redeem('mia', PASSWORD)
    expect(answer).toMatchObject({ status: 201, body: { name: 'mia', kind: 'user', role: 'admin' } })
    expect(await withCookie(cookieOf(answer), 'GET', '/users')).toMatchObject({ status: 200 })
    expectProblem(await redeem('eve', PASSWORD), 401, 'login_link_invalid')
    expectProblem(await check(), 401, 'login_link_invalid')
  })

  test('of a user sets the password of that user alone, and ends earlier logins', async () => {
    const before = await addUser('lena', 'viewer')
    const made = await ask(api, 'POST', '/api/v1/users/lena/login-link')
    const { token } = made.body as { token: string }
    const redeem = (name: string, password: string) =>
      ask(api, 'POST', '/api/v1/session/link', { json: { token, name, password }, headers: own() })
    expectProblem(await redeem('mia', 'another long secret 1'), 401, 'login_link_invalid')
    expect((await redeem('lena', 'another long secret 1')).status).toBe(201)
    expectProblem(await withCookie(before, 'GET', '/session'), 401, 'unauthorized')
    expectProblem(await logIn('lena', PASSWORD), 401, 'login_failed')
    expect((await logIn('lena', 'another long secret 1')).status).toBe(200)
  })
})

describe('a login', () => {
  test('gives a cookie that scripts cannot read, under a new secret each time; the one before ends', async () => {
    const planted = `__Host-fairlead=${'p'.repeat(43)}`
    await addUser('otto', 'operator')
    const first = await logIn('otto', PASSWORD, { cookie: planted })
    expect(setCookie(first)).toMatch(/^__Host-fairlead=[\w-]{43}; /)
    for (const part of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict']) expect(setCookie(first)).toContain(part)
    expect(setCookie(first)).not.toMatch(/Domain/i)
    expect(cookieOf(first)).not.toBe(planted)
    const second = await logIn('otto', PASSWORD, { cookie: cookieOf(first) })
    expect(cookieOf(second)).not.toBe(cookieOf(first))
    expectProblem(await withCookie(cookieOf(first), 'GET', '/session'), 401, 'unauthorized')
    expect((await withCookie(cookieOf(second), 'GET', '/session')).status).toBe(200)
  })

  test('fails alike for a wrong password, an unknown name, and a user who is disabled or has no password', async () => {
    await addUser('rosa', 'viewer')
    await api.access.updateUser('rosa', { enabled: false })
    await api.access.createUser('new', 'viewer')
    const answers = [
      await logIn('otto', 'wrong'),
      await logIn('nobody', PASSWORD),
      await logIn('rosa', PASSWORD),
      await logIn('new', ''.padEnd(12, 'x')),
    ]
    for (const answer of answers) {
      expectProblem(answer, 401, 'login_failed')
      expect(answer.body).toEqual(answers[0]?.body)
      expect(setCookie(answer)).toBe('')
    }
  })

  test('ends with the logout, which forgets the cookie', async () => {
    const cookie = cookieOf(await logIn('otto', PASSWORD))
    const out = await withCookie(cookie, 'DELETE', '/session')
    expect(out.status).toBe(204)
    expect(setCookie(out)).toMatch(/^__Host-fairlead=; Max-Age=0/)
    expectProblem(await withCookie(cookie, 'GET', '/session'), 401, 'unauthorized')
  })

  test('ends when the user is disabled; a new role counts at the next request', async () => {
    const cookie = await addUser('nils', 'operator')
    expect((await withCookie(cookie, 'POST', '/devices/a/commands', {}, { name: 'x' })).status).toBe(202)
    const patch = (json: object) => ask(api, 'PATCH', '/api/v1/users/nils', { json })
    expect(await patch({ role: 'viewer' })).toMatchObject({ status: 200, body: { role: 'viewer' } })
    expectProblem(await withCookie(cookie, 'POST', '/devices/a/commands', {}, { name: 'x' }), 403, 'forbidden')
    expect(await patch({ enabled: false })).toMatchObject({ status: 200, body: { enabled: false } })
    expectProblem(await withCookie(cookie, 'GET', '/devices'), 401, 'unauthorized')
  })

  test('is tried ten times a minute for one name from one address; other names go on', async () => {
    await using limited = await runApi({ ...REQUEST_LIMITS, loginsPerMinute: 2 })
    const attempt = (name: string) =>
      ask(limited, 'POST', '/api/v1/session', { json: { name, password: 'x' }, headers: own(limited) })
    for (let i = 0; i < 2; i++) expectProblem(await attempt('mia'), 401, 'login_failed')
    const answer = await attempt('mia')
    expectProblem(answer, 429, 'rate_limited')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expectProblem(await attempt('otto'), 401, 'login_failed')
    expect(REQUEST_LIMITS.loginsPerMinute).toBeLessThanOrEqual(10)
  })

  test('a flood of them waits in a short line, and the rest is told to come later', async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => logIn('otto', 'wrong')))
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].sort()).toEqual([401, 429])
    expect((await ask(api, 'GET', '/healthz')).status).toBe(200)
  })
})

describe('another site', () => {
  test.each([
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['an Origin of null', { origin: 'null' }],
    ['no Origin', { origin: '', 'sec-fetch-site': '' }],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour of the host', { 'sec-fetch-site': 'same-site' }],
    ['the same host at another port', { origin: 'http://127.0.0.1:1' }],
  ])('with %s changes nothing, though the cookie is good', async (_name, headers) => {
    const cookie = await cookieOf(await logIn('otto', PASSWORD))
    const sent = Object.fromEntries(Object.entries({ ...own(), ...headers }).filter(([, value]) => value !== ''))
    const answer = await ask(api, 'POST', '/api/v1/devices/a/commands', {
      json: { name: 'x' },
      headers: { ...sent, authorization: '', cookie },
    })
    expectProblem(answer, 403, 'foreign_origin')
  })

  test('cannot log somebody in', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      expectProblem(await logIn('otto', PASSWORD, headers), 403, 'foreign_origin')
    }
  })

  test('cannot hide a change in text/plain', async () => {
    const cookie = cookieOf(await logIn('otto', PASSWORD))
    const headers = { ...own(), cookie, 'content-type': 'text/plain' }
    const answer = await ask(api, 'POST', '/api/v1/devices/a/commands', { text: '{"name":"x"}', headers })
    expectProblem(answer, 415, 'unsupported_media_type')
  })
})

describe('API keys', () => {
  test('are made with a role and an end, shown once, used, and revoked', async () => {
    const made = await ask(api, 'POST', '/api/v1/api-keys', { json: { name: 'grafana', role: 'viewer' } })
    expect(made).toMatchObject({ status: 201, body: { name: 'grafana', role: 'viewer', expires_at: null } })
    const { key } = made.body as { key: string }
    expect(key).toMatch(/^flk_[\w-]{43}$/)
    const headers = { authorization: `Bearer ${key}` }
    expect(await ask(api, 'GET', '/api/v1/session', { headers })).toMatchObject({
      body: { name: 'grafana', kind: 'key', role: 'viewer' },
    })
    const list = await ask(api, 'GET', '/api/v1/api-keys')
    expect(JSON.stringify(list.body)).not.toContain(key)
    expect(list.body).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ name: 'grafana' })]) })
    const again = await ask(api, 'POST', '/api/v1/api-keys', { json: { name: 'grafana', role: 'admin' } })
    expectProblem(again, 409, 'api_key_exists')
    expect((await ask(api, 'DELETE', '/api/v1/api-keys/grafana')).status).toBe(204)
    expectProblem(await ask(api, 'GET', '/api/v1/session', { headers }), 401, 'unauthorized')
    expectProblem(await ask(api, 'DELETE', '/api/v1/api-keys/grafana'), 404, 'api_key_not_found')
  })

  test('end by themselves', async () => {
    const { text } = await api.access.createApiKey({ name: 'short', role: 'viewer', expiresInS: 4 })
    const status = async () =>
      (await ask(api, 'GET', '/api/v1/session', { headers: { authorization: `Bearer ${text}` } })).status
    expect(await status()).toBe(200)
    await expect.poll(status).toBe(401)
  })
})

test('no password, cookie, link or key is in a log line', () => {
  const lines = JSON.stringify(api.lines)
  for (const secret of [PASSWORD, ADMIN_KEY, '__Host-fairlead', 'flk_']) expect(lines).not.toContain(secret)
})
