import { afterAll, beforeAll, expect, test } from 'vitest'
import { ACTIONS, actionWords } from '../../dashboard/src/parts/audit-words.ts'
import { ask, type RunningApi, runApi } from '../helpers/rest.ts'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())

/** Looked at with a POST, since it holds a secret; nobody is let in by it and nothing changes. */
const NOT_AUDITED = ['checkLoginLink']

test('the dashboard has words for every operation that stands in the audit log', async () => {
  const { body } = await ask(api, 'GET', '/api/v1/openapi.json')
  const { paths } = body as { paths: Record<string, Record<string, { operationId: string }>> }
  const audited = Object.values(paths).flatMap((methods) =>
    Object.entries(methods).flatMap(([method, { operationId }]) => (method === 'get' ? [] : [operationId])),
  )
  const worded = Object.values(ACTIONS).flatMap((group) => Object.keys(group))
  expect(audited.filter((id) => !worded.includes(id) && !NOT_AUDITED.includes(id))).toEqual([])
})

test('an action without words is shown by its own, taken apart', () => {
  expect(actionWords('revokeToken')).toBe('Revoke token')
  expect(actionWords('paintFence')).toBe('Paint fence')
  expect(actionWords('key_lost')).toBe('Key lost')
})
