import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, expectProblem, OPERATOR_KEY, type RunningApi, runApi, VIEWER_KEY } from '../helpers/rest.ts'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
const events = async (query: string, key = OPERATOR_KEY) => {
  const headers = { authorization: `Bearer ${key}` }
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
  expect((await events('?level=error')).items).toHaveLength(1)
  api.recent.log('b', { type: 'log', level: 'debug', text: 'tick' })
  expect((await events('?level=warn')).items).toMatchObject([{ text: 'too hot' }])
  expect((await events('?level=debug')).items).toHaveLength(2)
})

test('a viewer sees events and no log lines, also not by asking for them', async () => {
  api.recent.event('c', { type: 'event', seq: 1, name: 'door', data: {} })
  api.recent.log('c', { type: 'log', level: 'error', text: 'too hot' })
  expect((await events('?device=c', VIEWER_KEY)).items).toMatchObject([{ kind: 'event' }])
  const headers = { authorization: `Bearer ${VIEWER_KEY}` }
  for (const query of ['?kind=log', '?level=error'])
    expectProblem(await ask(api, 'GET', `/api/v1/events${query}`, { headers }), 403, 'forbidden')
})

test.each(['?kind=x', '?limit=0', '?before=0', '?device=a/b', '?level=loud', '?name='])('%s is 400', async (query) => {
  expectProblem(await ask(api, 'GET', `/api/v1/events${query}`), 400, 'bad_request')
})
