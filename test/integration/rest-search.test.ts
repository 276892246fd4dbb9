import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ask, expectProblem, type RunningApi, runApi } from '../helpers/rest.ts'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  api.operator.devices.clear()
  api.operator.tokens.clear()
  await api.operator.createDevice({ id: 'attic-1', model: 'esp32', tags: ['north', 'roof & eaves'] })
  await api.operator.createDevice({ id: 'attic-2', tags: ['north'] })
  await api.operator.createDevice({ id: 'cellar-1', model: 'esp32' })
  await api.operator.updateDevice('cellar-1', { enabled: false, firmware: '1.2.0' })
})
const found = async (query: string) => {
  const { status, body } = await ask(api, 'GET', `/api/v1/devices?${query}`)
  expect(status).toBe(200)
  return (body as { items: { id: string }[] }).items.map(({ id }) => id)
}

describe('finding devices', () => {
  test.each([
    ['prefix=attic', ['attic-1', 'attic-2']],
    ['search=TIC-2', ['attic-2']],
    ['tag=north', ['attic-1', 'attic-2']],
    ['tag=roof%20%26%20eaves', ['attic-1']],
    ['model=esp32', ['attic-1', 'cellar-1']],
    ['firmware=1.2.0', ['cellar-1']],
    ['state=offline', ['attic-1', 'attic-2', 'cellar-1']],
    ['state=online', []],
    ['enabled=false', ['cellar-1']],
    ['enabled=true&model=esp32', ['attic-1']],
    ['tag=north&after=attic-1', ['attic-2']],
    ['tag=north&limit=1', ['attic-1']],
  ])('?%s', async (query, ids) => {
    expect(await found(query)).toEqual(ids)
  })

  test.each([
    'prefix=',
    'prefix=a/b',
    'search=%25',
    'tag=',
    `tag=${'x'.repeat(65)}`,
    'state=here',
    'enabled=yes',
    'enabled=',
    'tag=a&tag=b',
    'tags=a',
  ])('?%s is 400', async (query) => {
    expectProblem(await ask(api, 'GET', `/api/v1/devices?${query}`), 400, 'bad_request')
  })
})

describe('notes', () => {
  test('are kept, change the ETag, and an empty text removes them', async () => {
    const notes = 'behind the second door'
    await ask(api, 'POST', '/api/v1/devices', { json: { id: 'n', notes } })
    const first = await ask(api, 'GET', '/api/v1/devices/n')
    expect(first.body).toMatchObject({ notes })
    const changed = await ask(api, 'PATCH', '/api/v1/devices/n', { json: { notes: '' } })
    expect(changed.body).not.toHaveProperty('notes')
    expect(changed.headers.get('etag')).not.toBe(first.headers.get('etag'))
    const tooLong = await ask(api, 'PATCH', '/api/v1/devices/n', { json: { notes: 'x'.repeat(2_001) } })
    expectProblem(tooLong, 400, 'bad_request')
  })
})

describe('removing', () => {
  test('with an ETag that is not the present one is 412 and removes nothing', async () => {
    const { headers } = await ask(api, 'GET', '/api/v1/devices/attic-1')
    const etag = headers.get('etag') ?? ''
    await ask(api, 'PATCH', '/api/v1/devices/attic-1', { json: { model: 'other' } })
    const remove = (ifMatch: string) =>
      ask(api, 'DELETE', '/api/v1/devices/attic-1', { headers: { 'if-match': ifMatch } })
    expectProblem(await remove(etag), 412, 'precondition_failed')
    expect(api.operator.devices.has('attic-1')).toBe(true)
    expect((await remove('*')).status).toBe(204)
    expectProblem(await remove('*'), 404, 'device_not_found')
  })

  test('a value that is none of those there are is told which there are', async () => {
    const { body } = await ask(api, 'GET', '/api/v1/devices?state=away')
    expect(body).toMatchObject({ detail: 'query.state is not one of online, offline, sleeping' })
  })
})
