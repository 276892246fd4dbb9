import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AREAS, AREAS_TO_ADD_TO, type Area, SCOPES, type Scope } from '../../gateway/core/access/scopes.ts'
import { type Answer, ask, expectProblem, runApi } from '../helpers/rest.ts'

/** What makes something new and changes nothing that exists: for these `:add` is enough. */
const ADDS = ['createDevice', 'importDevices', 'issueToken', 'sendCommand', 'sendCommands']
/** What lets somebody in to everything that a role allows: no key with scopes may do it. */
const GIVES_ALL = ['createUser', 'updateUser', 'createUserLoginLink', 'createLoginLink']

interface Operation {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly tags: readonly string[]
}

const api = await runApi()
afterAll(() => api.close())
const { body } = await ask(api, 'GET', '/api/v1/openapi.json')
const document = body as { tags: { name: string }[]; paths: Record<string, Record<string, Documented>> }
interface Documented {
  readonly operationId: string
  readonly tags: string[]
  readonly security: object[]
}
const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, { operationId: id, tags, security }]) =>
    security.length === 0 ? [] : [{ id, method: method.toUpperCase(), path, tags }],
  ),
)
const scoped = operations.filter(({ tags }) => tags[0] !== 'session')

const keys = new Map<string, string>()
beforeAll(async () => {
  const make = async (name: string, scopes: Scope[]) => {
    keys.set(name, (await api.access.createApiKey({ name, role: 'admin', scopes })).text)
  }
  for (const scope of SCOPES) await make(scope.replace(':', '.'), [scope])
  for (const area of AREAS)
    await make(
      `not-${area}`,
      AREAS.filter((one) => one !== area),
    )
})

/** What is addressed does not exist, so that whoever may is told 404 or 400 and nothing changes. */
function send({ method, path }: Operation, key: string): Promise<Answer> {
  const json = method === 'GET' || method === 'DELETE' ? undefined : { unknown_field: true }
  const headers = { authorization: `Bearer ${keys.get(key)}` }
  return ask(api, method, path.replaceAll(/\{\w+\}/g, 'none'), { json, headers })
}

function expectRefused(answer: Answer, scope: string): void {
  expectProblem(answer, 403, 'forbidden')
  expect((answer.body as { detail: string }).detail).toContain(`needs the scope ${scope};`)
}

describe('the areas', () => {
  test('are the tags of the OpenAPI document, one for each operation', () => {
    expect(document.tags.map(({ name }) => name).sort()).toEqual([...AREAS, 'session'].sort())
    for (const { id, tags } of operations) expect([...AREAS, 'session'], id).toContain(tags.join())
  })

  test('to add to are those with an operation that only adds', () => {
    const areas = scoped.filter(({ id }) => ADDS.includes(id)).map(({ tags }) => tags[0])
    expect([...new Set(areas)].sort()).toEqual([...AREAS_TO_ADD_TO].sort())
  })
})

describe.each(scoped)('$id', (operation) => {
  const area = operation.tags[0] as Area
  const isRead = operation.method === 'GET'
  const least = isRead ? `${area}:read` : ADDS.includes(operation.id) ? `${area}:add` : area

  test(`is for a key with ${least}`, async () => {
    for (const key of [area, least.replace(':', '.')]) {
      const answer = await send(operation, key)
      if (GIVES_ALL.includes(operation.id)) expectProblem(answer, 403, 'forbidden')
      else expect([200, 201, 202, 204, 400, 404, 415], key).toContain(answer.status)
    }
  })

  test('is refused to a key with less, and to one with every other area', async () => {
    expectRefused(await send(operation, `not-${area}`), least)
    if (!isRead) expectRefused(await send(operation, `${area}.read`), least)
    if (!least.endsWith(':add') && keys.has(`${area}.add`)) expectRefused(await send(operation, `${area}.add`), least)
  })
})

describe('a key with scopes', () => {
  const make = (json: object, key?: string) =>
    ask(api, 'POST', '/api/v1/api-keys', {
      json: { role: 'admin', ...json },
      headers: key === undefined ? {} : { authorization: `Bearer ${keys.get(key)}` },
    })

  test('is made, shown and seen with them, and logs out nobody', async () => {
    const made = await make({ name: 'workbench', scopes: ['devices:add', 'tokens:add'] })
    expect(made).toMatchObject({ status: 201, body: { scopes: ['devices:add', 'tokens:add'] } })
    const { key } = made.body as { key: string }
    const headers = { authorization: `Bearer ${key}` }
    expect(await ask(api, 'GET', '/api/v1/session', { headers })).toMatchObject({
      status: 200,
      body: { name: 'workbench', role: 'admin', scopes: ['devices:add', 'tokens:add'] },
    })
    const list = await ask(api, 'GET', '/api/v1/api-keys')
    const shown = (list.body as { items: { name: string; scopes?: string[] }[] }).items
    expect(shown.find(({ name }) => name === 'workbench')?.scopes).toEqual(['devices:add', 'tokens:add'])
    expect(shown.find(({ name }) => name === 'admin')).not.toHaveProperty('scopes')
  })

  test('of a provisioning station adds devices and issues tokens, and does nothing else', async () => {
    const made = await make({ name: 'station', scopes: ['devices:add', 'tokens:add'] })
    const headers = { authorization: `Bearer ${(made.body as { key: string }).key}` }
    const as = (method: string, path: string, json?: object) => ask(api, method, `/api/v1${path}`, { json, headers })
    expect(await as('POST', '/devices', { id: 'fresh-1' })).toMatchObject({ status: 201, body: { id: 'fresh-1' } })
    expect(await as('POST', '/devices/fresh-1/tokens')).toMatchObject({ status: 201 })
    expectRefused(await as('GET', '/devices'), 'devices:read')
    expectRefused(await as('DELETE', '/devices/fresh-1'), 'devices')
    expectRefused(await as('DELETE', '/devices/fresh-1/tokens'), 'tokens')
    expectRefused(await as('POST', '/devices/fresh-1/commands', { name: 'reboot' }), 'commands:add')
  })

  test('never does what its role does not allow', async () => {
    const { text } = await api.access.createApiKey({ name: 'looker', role: 'viewer', scopes: ['devices'] })
    const answer = await ask(api, 'POST', '/api/v1/devices', { headers: { authorization: `Bearer ${text}` }, json: {} })
    expectProblem(answer, 403, 'forbidden')
    expect((answer.body as { detail: string }).detail).toContain('needs the role admin')
  })

  test('makes only keys that reach no further than itself', async () => {
    expectProblem(await make({ name: 'escaped' }, 'access'), 403, 'forbidden')
    expectProblem(await make({ name: 'escaped', scopes: ['access', 'devices:read'] }, 'access'), 403, 'forbidden')
    expect(await make({ name: 'smaller', scopes: ['access:read'] }, 'access')).toMatchObject({ status: 201 })
  })

  test.each([
    ['no scope at all', []],
    ['an unknown area', ['everything']],
    ['an unknown verb', ['devices:write']],
    ['the same twice', ['devices', 'devices']],
    ['one in which nothing is added', ['audit:add']],
  ])('is not made with %s', async (_name, scopes) => {
    expectProblem(await make({ name: 'odd', scopes }), 400, 'bad_request')
  })
})
