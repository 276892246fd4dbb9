import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REQUEST_LIMITS } from '../../gateway/adapters/http/rates.ts'
import type { Role } from '../../gateway/core/access/ports.ts'
import { type Answer, ask, expectProblem, OPERATOR_KEY, type RunningApi, runApi } from '../helpers/rest.ts'

const PASSWORD = 'quiet harbour lantern 7'
const NEW_PASSWORD = 'loud harbour lantern 8'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())

const cookieOf = (answer: Answer) => answer.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
const own = (on: RunningApi) => ({ origin: on.url, authorization: '' })

async function addUser(name: string, role: Role, on: RunningApi = api): Promise<string> {
  const { link } = await on.access.createUser(name, role)
  return `__Host-fairlead=${(await on.access.redeemLink(link.token, name, PASSWORD)).token}`
}
const logIn = (name: string, password: string) =>
  ask(api, 'POST', '/api/v1/session', { json: { name, password }, headers: own(api) })
const withCookie = (cookie: string, method: string, path: string, json?: unknown, on: RunningApi = api) =>
  ask(on, method, `/api/v1${path}`, { headers: { ...own(on), cookie }, json })
const isIn = async (cookie: string) => (await withCookie(cookie, 'GET', '/session')).status === 200
const audited = (action: string) => api.memory.audit.filter((entry) => entry.action === action)

describe('a user', () => {
  test('is removed with every login, and the name is free again', async () => {
    const cookie = await addUser('lena', 'operator')
    const link = await api.access.issueLink('lena')
    expect((await ask(api, 'DELETE', '/api/v1/users/lena')).status).toBe(204)
    expect(await isIn(cookie)).toBe(false)
    expectProblem(await logIn('lena', PASSWORD), 401, 'login_failed')
    const json = { token: link.token, name: 'lena', password: PASSWORD }
    expectProblem(
      await ask(api, 'POST', '/api/v1/session/link', { json, headers: own(api) }),
      401,
      'login_link_invalid',
    )
    expectProblem(await ask(api, 'DELETE', '/api/v1/users/lena'), 404, 'user_not_found')
    expect((await ask(api, 'POST', '/api/v1/users', { json: { name: 'lena', role: 'viewer' } })).status).toBe(201)
    expect(audited('deleteUser')).toMatchObject([
      { actor: 'key:admin', target: 'users/lena', outcome: 'ok' },
      { outcome: 'user_not_found' },
    ])
  })
})

describe('the last admin who can log in', () => {
  test('is neither removed nor disabled nor made less, also by an admin key; with a second one all is possible', async () => {
    await using fresh = await runApi()
    const cookie = await addUser('mia', 'admin', fresh)
    await fresh.access.createUser('no-password-yet', 'admin')
    await addUser('disabled', 'admin', fresh)
    await fresh.access.updateUser('disabled', { enabled: false })
    const attempts = [
      ['DELETE', undefined],
      ['PATCH', { enabled: false }],
      ['PATCH', { role: 'operator' }],
    ] as const
    for (const [method, json] of attempts) {
      expectProblem(await ask(fresh, method, '/api/v1/users/mia', { json }), 409, 'last_admin')
      expectProblem(await withCookie(cookie, method, '/users/mia', json, fresh), 409, 'last_admin')
    }
    expect((await ask(fresh, 'PATCH', '/api/v1/users/mia', { json: { role: 'admin' } })).status).toBe(200)
    expect((await ask(fresh, 'DELETE', '/api/v1/users/no-password-yet')).status).toBe(204)
    await addUser('otto', 'admin', fresh)
    expect((await withCookie(cookie, 'DELETE', '/users/mia', undefined, fresh)).status).toBe(204)
    expectProblem(await ask(fresh, 'DELETE', '/api/v1/users/otto'), 409, 'last_admin')
  })

  test('is one of two who remove each other at the same moment', async () => {
    await using fresh = await runApi()
    const cookies = { mia: await addUser('mia', 'admin', fresh), otto: await addUser('otto', 'admin', fresh) }
    const answers = await Promise.all([
      withCookie(cookies.mia, 'DELETE', '/users/otto', undefined, fresh),
      withCookie(cookies.otto, 'DELETE', '/users/mia', undefined, fresh),
    ])
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(await fresh.access.hasAdmin()).toBe(true)
  })
})

describe('a person', () => {
  const change = (cookie: string, current: string, next: string) =>
    withCookie(cookie, 'PUT', '/session/password', { current_password: current, new_password: next })

  test('changes the own password: the other logins end, this one goes on under a new secret', async () => {
    const first = await addUser('rosa', 'viewer')
    const other = cookieOf(await logIn('rosa', PASSWORD))
    const link = await api.access.issueLink('rosa')
    const answer = await change(first, PASSWORD, NEW_PASSWORD)
    expect(answer).toMatchObject({ status: 200, body: { name: 'rosa', kind: 'user', role: 'viewer' } })
    expect(cookieOf(answer)).toMatch(/^__Host-fairlead=[\w-]{43}$/)
    expect([await isIn(first), await isIn(other), await isIn(cookieOf(answer))]).toEqual([false, false, true])
    expectProblem(await logIn('rosa', PASSWORD), 401, 'login_failed')
    expect((await logIn('rosa', NEW_PASSWORD)).status).toBe(200)
    await expect(api.access.linkFor(link.token)).rejects.toMatchObject({ code: 'login_link_invalid' })
    expect(audited('changePassword')).toMatchObject([{ actor: 'user:rosa', target: 'session/password', outcome: 'ok' }])
    expect(JSON.stringify(audited('changePassword'))).not.toContain('harbour')
  })

  test('cannot without the present one, nor to one that is easy to guess', async () => {
    const cookie = await addUser('nils', 'viewer')
    expectProblem(await change(cookie, 'wrong', NEW_PASSWORD), 403, 'password_wrong')
    expectProblem(await change(cookie, PASSWORD, 'short'), 400, 'bad_request')
    expectProblem(await change(cookie, PASSWORD, 'nils likes long ones'), 400, 'bad_request')
    expect(await isIn(cookie)).toBe(true)
    expect(audited('changePassword').at(-3)).toMatchObject({ actor: 'user:nils', outcome: 'password_wrong' })
  })

  test('is stopped when somebody guesses at the page that was left open', async () => {
    await using limited = await runApi({ ...REQUEST_LIMITS, loginsPerMinute: 2 })
    const cookie = await addUser('otto', 'viewer', limited)
    const guess = () =>
      withCookie(cookie, 'PUT', '/session/password', { current_password: 'x', new_password: NEW_PASSWORD }, limited)
    for (let i = 0; i < 2; i++) expectProblem(await guess(), 403, 'password_wrong')
    expectProblem(await guess(), 429, 'rate_limited')
  })

  test('of two changes at the same moment one counts', async () => {
    const cookie = await addUser('jana', 'viewer')
    const wishes = ['first harbour lantern', 'second harbour lantern']
    const answers = await Promise.all(wishes.map((wish) => change(cookie, PASSWORD, wish)))
    expect(answers.map(({ status }) => status).sort()).not.toEqual([200, 200])
    const winner = wishes[answers.findIndex(({ status }) => status === 200)] ?? ''
    expect((await logIn('jana', winner)).status).toBe(200)
  })

  test('logs out the other pages and stays', async () => {
    const cookie = await addUser('emil', 'viewer')
    const others = [cookieOf(await logIn('emil', PASSWORD)), cookieOf(await logIn('emil', PASSWORD))]
    expect(await withCookie(cookie, 'DELETE', '/session/others')).toMatchObject({ status: 200, body: { ended: 2 } })
    expect(await isIn(cookie)).toBe(true)
    for (const other of others) expect(await isIn(other)).toBe(false)
    expect(await withCookie(cookie, 'DELETE', '/session/others')).toMatchObject({ status: 200, body: { ended: 0 } })
    expect(audited('logoutOthers')[0]).toMatchObject({ actor: 'user:emil', outcome: 'ok' })
  })

  test('does neither with a key: it has no password', async () => {
    const headers = { authorization: `Bearer ${OPERATOR_KEY}` }
    const json = { current_password: PASSWORD, new_password: NEW_PASSWORD }
    expectProblem(await ask(api, 'PUT', '/api/v1/session/password', { json, headers }), 403, 'forbidden')
    expectProblem(await ask(api, 'DELETE', '/api/v1/session/others', { headers }), 403, 'forbidden')
  })
})
