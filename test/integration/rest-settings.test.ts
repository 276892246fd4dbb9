import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ask, expectProblem, OPERATOR_KEY, type RunningApi, runApi, VIEWER_KEY } from '../helpers/rest.ts'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  api.operator.devices.clear()
  api.operator.tokens.clear()
  api.operator.shadows.clear()
  await api.operator.createDevice({ id: 'a' })
})

const SHADOW = '/api/v1/devices/a/shadow'
const ROTATE = '/api/v1/devices/a/tokens/rotate'
const patch = (desired: unknown, headers: Record<string, string> = {}) =>
  ask(api, 'PATCH', SHADOW, { json: { desired }, headers })

describe('settings', () => {
  test('are empty and of version 0 before anything was set', async () => {
    const answer = await ask(api, 'GET', SHADOW)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ desired: {}, desired_version: 0, reported: {}, reported_version: 0 })
    expect(answer.headers.get('etag')).toBe('"0"')
  })

  test('are changed by a merge patch: what is not named stays, null removes', async () => {
    await patch({ interval_s: 30, name: 'north', led: { on: true, level: 3 } })
    const answer = await patch({ name: null, led: { level: 5 } })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      desired: { interval_s: 30, led: { on: true, level: 5 } },
      desired_version: 2,
      desired_at: expect.any(Number),
      reported: {},
      reported_version: 0,
    })
    expect(answer.headers.get('etag')).toBe('"2"')
    expect((await ask(api, 'GET', SHADOW)).body).toEqual(answer.body)
  })

  test('show what the device reported', async () => {
    const shadow = await api.operator.shadow('a')
    const told = { reported: { a: [1, null] }, reportedVersion: 3, reportedAtMs: 1000, reportedSession: 9 }
    api.operator.shadows.set('a', { ...shadow, ...told })
    expect((await ask(api, 'GET', SHADOW)).body).toEqual({
      desired: {},
      desired_version: 0,
      reported: { a: [1, null] },
      reported_version: 3,
      reported_at: 1000,
    })
  })

  test('with the ETag that was read are changed once; the second writer learns of it by 412', async () => {
    await patch({ n: 0 })
    const etag = (await ask(api, 'GET', SHADOW)).headers.get('etag') ?? ''
    expect((await patch({ n: 1 }, { 'if-match': etag })).status).toBe(200)
    expectProblem(await patch({ n: 2 }, { 'if-match': etag }), 412, 'precondition_failed')
    expect((await ask(api, 'GET', SHADOW)).body).toMatchObject({ desired: { n: 1 } })
  })

  test.each([
    ['*', 200],
    ['"7", "1"', 200],
    ['"2"', 412],
    ['W/"1"', 412],
    ['1', 412],
    ['"1', 412],
    ['', 412],
    ['"99999999999999999999"', 412],
  ])('If-Match: %s for version 1 is %i', async (header, status) => {
    await patch({ n: 0 })
    expect((await patch({ n: 1 }, { 'if-match': header })).status).toBe(status)
  })

  test.each([
    ['no desired', {}],
    ['a list', { desired: [] }],
    ['null', { desired: null }],
    ['a field that is not theirs to set', { desired: {}, reported: {} }],
  ])('%s is 400', async (_, json) => {
    expectProblem(await ask(api, 'PATCH', SHADOW, { json }), 400, 'bad_request')
  })

  test('over 3 KiB as a whole are 413, and nothing is changed', async () => {
    await patch({ text: 'x'.repeat(2_000) })
    expectProblem(await patch({ more: 'x'.repeat(2_000) }), 413, 'too_large')
    expect((await ask(api, 'GET', SHADOW)).body).toMatchObject({ desired_version: 1 })
  })

  test('are changed by operators, and read by viewers', async () => {
    const as = (key: string) => ({ authorization: `Bearer ${key}` })
    expect((await patch({ a: 1 }, as(OPERATOR_KEY))).status).toBe(200)
    expectProblem(await patch({ a: 2 }, as(VIEWER_KEY)), 403, 'forbidden')
    expect((await ask(api, 'GET', SHADOW, { headers: as(VIEWER_KEY) })).status).toBe(200)
  })

  test('of a device that does not exist are 404', async () => {
    const path = '/api/v1/devices/none/shadow'
    expectProblem(await ask(api, 'GET', path), 404, 'device_not_found')
    expectProblem(await ask(api, 'PATCH', path, { json: { desired: {} } }), 404, 'device_not_found')
  })
})

describe('rotating a token', () => {
  test('answers 202 with the new id and no text; the list shows what replaces what', async () => {
    const [first] = await api.operator.listTokens('a')
    const answer = await ask(api, 'POST', ROTATE, { json: { overlap_s: 0 } })
    expect(answer).toMatchObject({ status: 202, body: { id: expect.any(String), state: 'pending' } })
    expect(Object.keys(answer.body as object)).toEqual(['id', 'state'])
    const { id } = answer.body as { id: string }
    expect((await ask(api, 'GET', '/api/v1/devices/a/tokens')).body).toMatchObject({
      items: [
        { id: first?.id, state: 'live' },
        { id, state: 'pending', replaces: first?.id, expires_at: null },
      ],
    })
  })

  test('shows when the device confirmed, and when the old one ends', async () => {
    const { id } = await api.operator.rotateToken('a', {})
    const [old, token] = [...api.operator.tokens.values()]
    if (old === undefined || token === undefined) throw new Error('two tokens expected')
    const endsAtMs = Date.now() + 60_000
    api.operator.tokens.set(old.id, { ...old, endsAtMs })
    api.operator.tokens.set(id, { ...token, confirmedAtMs: 1000 })
    expect((await ask(api, 'GET', '/api/v1/devices/a/tokens')).body).toMatchObject({
      items: [
        { id: old.id, state: 'ending', ends_at: endsAtMs },
        { id, state: 'live', confirmed_at: 1000 },
      ],
    })
  })

  test('needs no body', async () => {
    expect((await ask(api, 'POST', ROTATE)).status).toBe(202)
  })

  test('a second one meanwhile, no room and no token are 409, each with its own code', async () => {
    await ask(api, 'POST', ROTATE)
    expectProblem(await ask(api, 'POST', ROTATE), 409, 'rotation_in_progress')
    await api.operator.createDevice({ id: 'b' })
    const { id } = await api.operator.issueToken('b', {})
    expectProblem(await ask(api, 'POST', '/api/v1/devices/b/tokens/rotate'), 409, 'too_many_tokens')
    await api.operator.revokeToken('b', id)
    for (const token of await api.operator.listTokens('b')) await api.operator.revokeToken('b', token.id)
    expectProblem(await ask(api, 'POST', '/api/v1/devices/b/tokens/rotate'), 409, 'no_live_token')
    expectProblem(await ask(api, 'POST', '/api/v1/devices/none/tokens/rotate'), 404, 'device_not_found')
  })

  test.each([
    { overlap_s: -1 },
    { overlap_s: 30 * 86_400 + 1 },
    { overlap_s: 1.5 },
    { overlap_s: '1h' },
    { overlap: 1 },
  ])('%j is 400', async (json) => {
    expectProblem(await ask(api, 'POST', ROTATE, { json }), 400, 'bad_request')
  })
})
