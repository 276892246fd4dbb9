import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ask, expectProblem, OPERATOR_KEY, type RunningApi, runApi } from '../helpers/rest.ts'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  api.operator.devices.clear()
  api.operator.tokens.clear()
  api.operator.commands.length = 0
  api.operator.once.clear()
  api.memory.once.clear()
  await api.operator.createDevice({ id: 'a' })
})
const post = (path: string, json: object, key: string, more: Readonly<Record<string, string>> = {}) =>
  ask(api, 'POST', `/api/v1${path}`, { json, headers: { 'idempotency-key': key, ...more } })
const idOf = (answer: { body: unknown }) => (answer.body as { id: string }).id

describe('Idempotency-Key', () => {
  test('the same key and request give the same command, also when one of them waits', async () => {
    const first = await post('/devices/a/commands', { name: 'x' }, 'k1')
    const again = await post('/devices/a/commands?wait=1s', { name: 'x' }, 'k1')
    expect([first.status, again.status]).toEqual([202, 202])
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect(api.operator.commands).toHaveLength(1)
  })

  test('another body or another device with the same key is 422', async () => {
    await api.operator.createDevice({ id: 'b' })
    await post('/devices/a/commands', { name: 'x' }, 'k1')
    for (const [path, name] of [
      ['/devices/a/commands', 'y'],
      ['/devices/b/commands', 'x'],
    ] as const) {
      expectProblem(await post(path, { name }, 'k1'), 422, 'idempotency_key_reused')
    }
    expect(api.operator.commands).toHaveLength(1)
  })

  test('two API keys may choose the same text', async () => {
    const mine = await post('/devices/a/commands', { name: 'x' }, 'k1')
    const authorization = `Bearer ${OPERATOR_KEY}`
    const theirs = await post('/devices/a/commands', { name: 'x' }, 'k1', { authorization })
    expect(idOf(theirs)).not.toBe(idOf(mine))
  })

  test('a repeated command for many devices answers 202 with the batch of the first, as it is now', async () => {
    await api.memory.createDevice(
      { id: 'a', tags: ['north'], createdAtMs: 1 },
      { id: 'first', device: 'a', createdAtMs: 1 },
    )
    const first = await post('/commands', { tag: 'north', name: 'x' }, 'k1')
    await ask(api, 'POST', `/api/v1/command-batches/${idOf(first)}/cancel`)
    const again = await post('/commands', { tag: 'north', name: 'x' }, 'k1')
    expect([first.status, again.status]).toEqual([202, 202])
    expect(again.body).toMatchObject({ id: idOf(first), cancelled_at: expect.any(Number) })
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expectProblem(await post('/commands', { tag: 'south', name: 'x' }, 'k1'), 422, 'idempotency_key_reused')
    expect(await api.memory.batches.listBatches({ limit: 9 })).toHaveLength(1)
  })

  test('an import is carried out once, for its tokens are shown once; a dry run looks at no key', async () => {
    const load = (query: string, text: string, key = 'k1') =>
      ask(api, 'POST', `/api/v1/devices/import${query}`, {
        text,
        headers: { 'idempotency-key': key, 'content-type': 'application/x-ndjson' },
      })
    const lines = '{"id":"c"}\n{"id":"a"}\n'
    expect((await load('?dry_run=true', lines)).status).toBe(200)
    expect(await load('', lines)).toMatchObject({ status: 200, body: { accepted: 1, refused: 1 } })
    expectProblem(await load('', lines), 409, 'already_shown')
    expectProblem(await load('', '{"id":"d"}\n'), 422, 'idempotency_key_reused')
    expect((await load('?dry_run=true', lines)).body).toMatchObject({ dry_run: true, accepted: 0, refused: 2 })
    expect(api.operator.devices.has('d')).toBe(false)
    // One that made nothing is not remembered: it says the same again.
    for (const _time of [1, 2]) expect((await load('', '{"id":"a"}\n', 'k2')).body).toMatchObject({ accepted: 0 })
  })

  test('what shows a token is not answered twice: 409 already_shown', async () => {
    expect((await post('/devices', { id: 'c' }, 'k1')).status).toBe(201)
    expectProblem(await post('/devices', { id: 'c' }, 'k1'), 409, 'already_shown')
    expect((await post('/devices/c/tokens', {}, 'k2')).status).toBe(201)
    expectProblem(await post('/devices/c/tokens', {}, 'k2'), 409, 'already_shown')
  })

  test.each(['', ' ', 'x'.repeat(256), 'a b'])('the key "%s" is 400', async (key) => {
    expectProblem(await post('/devices/a/commands', { name: 'x' }, key), 400, 'bad_request')
  })
})

describe('GET /commands', () => {
  test('finds commands of all devices by state and device, page by page', async () => {
    await api.operator.createDevice({ id: 'b' })
    const ids = []
    for (const device of ['a', 'b', 'a']) ids.push((await api.operator.submitCommand(device, { name: 'x' })).id)
    api.operator.advance(ids[2] ?? '', { kind: 'sent' })
    const found = async (query: string) => {
      const { body } = await ask(api, 'GET', `/api/v1/commands?${query}`)
      return (body as { items: { id: string }[] }).items.map(({ id }) => id)
    }
    expect(await found('state=open')).toEqual([ids[2], ids[1], ids[0]])
    expect(await found('state=sent')).toEqual([ids[2]])
    expect(await found('device=b&since=0&until=9999999999999')).toEqual([ids[1]])
    const page = await ask(api, 'GET', '/api/v1/commands?limit=2')
    expect(page.body).toMatchObject({ next: ids[1] })
    expect(await found(`limit=2&before=${ids[1]}`)).toEqual([ids[0]])
  })

  test.each(['state=done', 'device=a/b', 'since=-1', 'limit=0', 'before='])('%s is 400', async (query) => {
    expectProblem(await ask(api, 'GET', `/api/v1/commands?${query}`), 400, 'bad_request')
  })
})

test('GET /dead-letters shows what could not be taken', async () => {
  const letter = { topic: 't', reason: 'bad_request', detail: 'not_json', bytes: 1, payload: '{' }
  api.operator.letters.push({ id: 7, atMs: 5, device: 'a', command: 'c', ...letter })
  const { body } = await ask(api, 'GET', '/api/v1/dead-letters')
  expect(body).toEqual({ items: [{ id: 7, at: 5, device: 'a', command: 'c', ...letter }], next: null })
})
