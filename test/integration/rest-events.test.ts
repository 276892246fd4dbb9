import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, expectProblem, type RunningApi, runApi, VIEWER_KEY } from '../helpers/rest.ts'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
const events = async (query: string) => {
  const headers = { authorization: `Bearer ${VIEWER_KEY}` }
  const { status, body } = await ask(api, 'GET', `/api/v1/events${query}`, { headers })
  expect(status).toBe(200)
  return body as { items: { id: number }[]; next: number | null }
}

test('what devices said lately, newest first', async () => {
  for (let i = 0; i < 3; i++) api.recent.event('a', { type: 'event', seq: 1, name: 'door', data: { n: i } })
  api.recent.log('b', { type: 'log', level: 'error', text: 'too hot' })
  const first = await events('?limit=3')
  expect(first.items).toMatchObject([
    { device: 'b', kind: 'log', level: 'error', text: 'too hot', at: expect.any(Number) },
    { device: 'a', kind: 'event', name: 'door', data: { n: 2 } },
    { data: { n: 1 } },
  ])
  expect(await events(`?before=${first.next}`)).toMatchObject({ items: [{ data: { n: 0 } }], next: null })
  expect((await events('?device=b')).items).toHaveLength(1)
  expect((await events('?kind=event&name=door')).items).toHaveLength(3)
  expect(await events('?name=none')).toEqual({ items: [], next: null })
})

test.each(['?kind=x', '?limit=0', '?before=0', '?device=a/b', '?name='])('%s is 400', async (query) => {
  expectProblem(await ask(api, 'GET', `/api/v1/events${query}`), 400, 'bad_request')
})
