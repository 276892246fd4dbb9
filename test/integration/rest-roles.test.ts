import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_KEY, type Answer, ask, OPERATOR_KEY, type RunningApi, runApi, VIEWER_KEY } from '../helpers/rest.ts'

/** Who may use each operation. An operation that is not here fails the test: nobody adds one without saying. */
const NEEDED = {
  'GET /healthz': 'nobody',
  'GET /metrics': 'nobody',
  'GET /readyz': 'nobody',
  'POST /api/v1/session': 'nobody',
  'POST /api/v1/session/link': 'nobody',
  'POST /api/v1/session/link/check': 'nobody',
  'GET /api/v1/session': 'viewer',
  'DELETE /api/v1/session': 'viewer',
  'PUT /api/v1/session/password': 'viewer',
  'DELETE /api/v1/session/others': 'viewer',
  'GET /api/v1/devices': 'viewer',
  'GET /api/v1/devices/{id}': 'viewer',
  'GET /api/v1/devices/{id}/state': 'viewer',
  'GET /api/v1/devices/{id}/shadow': 'viewer',
  'GET /api/v1/devices/{id}/commands': 'viewer',
  'GET /api/v1/commands': 'viewer',
  'GET /api/v1/commands/{cid}': 'viewer',
  'GET /api/v1/dead-letters': 'viewer',
  'GET /api/v1/bans': 'viewer',
  'GET /api/v1/command-batches': 'viewer',
  'GET /api/v1/command-batches/{bid}': 'viewer',
  'GET /api/v1/command-batches/{bid}/targets': 'viewer',
  'GET /api/v1/devices/export': 'viewer',
  'GET /api/v1/events': 'viewer',
  'GET /api/v1/alarms': 'viewer',
  'GET /api/v1/node': 'viewer',
  'GET /api/v1/quarantines': 'viewer',
  'POST /api/v1/commands': 'operator',
  'POST /api/v1/command-batches/{bid}/cancel': 'operator',
  'POST /api/v1/bans': 'admin',
  'DELETE /api/v1/bans/{ban}': 'admin',
  'POST /api/v1/devices/import': 'admin',
  'GET /api/v1/devices/{id}/connections': 'viewer',
  'DELETE /api/v1/devices/{id}/quarantine': 'operator',
  'PATCH /api/v1/devices/{id}/shadow': 'operator',
  'POST /api/v1/devices/{id}/commands': 'operator',
  'POST /api/v1/commands/{cid}/cancel': 'operator',
  'POST /api/v1/devices': 'admin',
  'PATCH /api/v1/devices/{id}': 'admin',
  'DELETE /api/v1/devices/{id}': 'admin',
  'GET /api/v1/devices/{id}/tokens': 'admin',
  'POST /api/v1/devices/{id}/tokens': 'admin',
  'POST /api/v1/devices/{id}/tokens/rotate': 'admin',
  'DELETE /api/v1/devices/{id}/tokens/{tid}': 'admin',
  'DELETE /api/v1/devices/{id}/tokens': 'admin',
  'GET /api/v1/signing-keys': 'admin',
  'POST /api/v1/signing-keys': 'admin',
  'DELETE /api/v1/signing-keys/{kid}': 'admin',
  'POST /api/v1/signing-keys/{kid}/reissue': 'admin',
  'GET /api/v1/audit': 'admin',
  'GET /api/v1/users': 'admin',
  'POST /api/v1/users': 'admin',
  'PATCH /api/v1/users/{name}': 'admin',
  'DELETE /api/v1/users/{name}': 'admin',
  'POST /api/v1/users/{name}/login-link': 'admin',
  'POST /api/v1/login-link': 'admin',
  'GET /api/v1/api-keys': 'admin',
  'POST /api/v1/api-keys': 'admin',
  'DELETE /api/v1/api-keys/{name}': 'admin',
} as const

/** A key has no password and no other logins: it is refused, whatever its role. */
const FOR_PEOPLE = ['DELETE /api/v1/session/others']

const RANKS = ['nobody', 'viewer', 'operator', 'admin'] as const
type Rank = (typeof RANKS)[number]
const PASSWORD = 'quiet harbour lantern 7'
const KEYS = { nobody: '', viewer: VIEWER_KEY, operator: OPERATOR_KEY, admin: ADMIN_KEY }
const cookies: Record<Rank, string> = { nobody: '', viewer: '', operator: '', admin: '' }

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    const { link } = await api.access.createUser(`user-${role}`, role)
    cookies[role] = (await api.access.redeemLink(link.token, `user-${role}`, PASSWORD)).token
  }
})
afterAll(() => api.close())

const cells = Object.entries(NEEDED).flatMap(([operation, needed]) =>
  RANKS.map((rank) => ({ operation, needed, rank })),
)

/** What is addressed does not exist, so that who may is told 404 or 400 and nothing changes. */
function send(operation: string, headers: Record<string, string>): Promise<Answer> {
  const [method = '', path = ''] = operation.split(' ')
  const json = method === 'GET' || method === 'DELETE' ? undefined : { unknown_field: true }
  return ask(api, method, path.replaceAll(/\{\w+\}/g, 'none'), { json, headers })
}

function expectVerdict(status: number, needed: Rank, rank: Rank): void {
  if (RANKS.indexOf(rank) >= RANKS.indexOf(needed)) expect([200, 201, 202, 204, 400, 404, 415]).toContain(status)
  else expect(status).toBe(rank === 'nobody' ? 401 : 403)
}

describe('who may do what', () => {
  test('is said here of every operation of the OpenAPI document', async () => {
    const { body } = await ask(api, 'GET', '/api/v1/openapi.json')
    const { paths } = body as { paths: Record<string, Record<string, unknown>> }
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(documented.sort()).toEqual(Object.keys(NEEDED).sort())
  })

  test.each(cells)('$operation needs $needed: with the key of $rank', async ({ operation, needed, rank }) => {
    const authorization = KEYS[rank] === '' ? '' : `Bearer ${KEYS[rank]}`
    const { status } = await send(operation, { authorization })
    if (FOR_PEOPLE.includes(operation) && rank !== 'nobody') expect(status).toBe(403)
    else expectVerdict(status, needed, rank)
  })

  test.each(cells.filter(({ operation }) => operation !== 'DELETE /api/v1/session'))(
    '$operation needs $needed: with the login of $rank',
    async ({ operation, needed, rank }) => {
      const cookie = cookies[rank] === '' ? '' : `__Host-fairlead=${cookies[rank]}`
      const answer = await send(operation, { authorization: '', origin: api.url, cookie })
      expectVerdict(answer.status, needed, rank)
    },
  )

  test.each(Object.keys(NEEDED).filter((operation) => !/^GET|\/session/.test(operation)))(
    '%s with the login of an admin, asked by another site, is refused',
    async (operation) => {
      const headers = { authorization: '', cookie: `__Host-fairlead=${cookies.admin}` }
      for (const origin of ['https://evil.example', 'null']) {
        expect((await send(operation, { ...headers, origin })).status).toBe(403)
      }
    },
  )
})
