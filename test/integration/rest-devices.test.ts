import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../gateway/core/errors.ts'
import { ask, expectProblem, type RunningApi, runApi } from '../helpers/rest.ts'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
beforeEach(() => {
  api.operator.failure = undefined
  api.operator.devices.clear()
  api.operator.tokens.clear()
  api.lines.length = 0
})

const add = (id: string) => ask(api, 'POST', '/api/v1/devices', { json: { id } })

describe('adding a device', () => {
  test('answers 201 with the token, its place and the whole device', async () => {
    const json = { id: 'greenhouse-1', model: 'esp32-s3', tags: ['north'] }
    const answer = await ask(api, 'POST', '/api/v1/devices', { json })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('location')).toBe('/api/v1/devices/greenhouse-1')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.body).toMatchObject({ ...json, enabled: true, expires_at: null, presence: { state: 'offline' } })
    expect(answer.body).toMatchObject({
      created_at: expect.any(Number),
      token: expect.stringMatching(/^signed\.greenhouse-1\./),
      token_id: expect.any(String),
    })
  })

  test('makes an id when none is given', async () => {
    expect(await ask(api, 'POST', '/api/v1/devices', { json: {} })).toMatchObject({
      status: 201,
      body: { id: expect.any(String), tags: [] },
    })
  })

  test('of an id that exists is 409', async () => {
    await add('a')
    expectProblem(await add('a'), 409, 'device_exists')
  })

  test('is logged with the name of the key and what was made, never with the body or the token', async () => {
    const { body } = await ask(api, 'POST', '/api/v1/devices', { json: { id: 'a', model: 'secret-model' } })
    await expect.poll(() => api.lines).toHaveLength(1)
    expect(api.lines[0]).toEqual({
      level: 'info',
      message: 'operator request',
      fields: { key: 'admin', method: 'POST', route: '/api/v1/devices', status: 201, created: '/api/v1/devices/a' },
    })
    expect(JSON.stringify(api.lines)).not.toContain((body as { token: string }).token)
  })
})

describe('reading devices', () => {
  test('one shows presence, counters and an ETag, and never a token', async () => {
    await add('a')
    const device = await api.operator.device('a')
    const presence = {
      ...device.presence,
      state: 'sleeping',
      session: 42,
      sinceMs: 1000,
      wakeAtMs: 2000,
      reason: 'sleep',
    } as const
    api.operator.devices.set('a', { ...device, firmware: '1.2.0', presence, counters: { received: 7 } })
    const answer = await ask(api, 'GET', '/api/v1/devices/a')
    expect(answer.body).toEqual({
      id: 'a',
      firmware: '1.2.0',
      tags: [],
      capabilities: [],
      enabled: true,
      created_at: device.createdAtMs,
      presence: { state: 'sleeping', session: 42, since: 1000, reason: 'sleep', node: 'test', wake_at: 2000 },
      counters: { received: 7 },
    })
    expect(answer.headers.get('etag')).toMatch(/^"[\w-]+"$/)
  })

  test('pages follow each other by id and end with next null', async () => {
    for (const id of ['c', 'a', 'b']) await add(id)
    const first = await ask(api, 'GET', '/api/v1/devices?limit=2')
    expect(first.body).toMatchObject({ items: [{ id: 'a' }, { id: 'b' }], next: 'b' })
    const second = await ask(api, 'GET', '/api/v1/devices?limit=2&after=b')
    expect(second.body).toMatchObject({ items: [{ id: 'c' }], next: null })
  })

  test.each(['limit=0', 'limit=201', 'limit=x', 'limit=1.5', 'after=%2F', 'color=red'])('?%s is 400', async (query) => {
    expectProblem(await ask(api, 'GET', `/api/v1/devices?${query}`), 400, 'bad_request')
  })

  test('the last values are the flat object of the bus', async () => {
    await add('a')
    api.operator.values.set('a', { temperature: 21.5, open: true, text: 'ä' })
    const answer = await ask(api, 'GET', '/api/v1/devices/a/state')
    expect(answer.body).toEqual({ temperature: 21.5, open: true, text: 'ä' })
  })

  test.each(['/api/v1/devices/none', '/api/v1/devices/none/state'])('%s is 404', async (path) => {
    expectProblem(await ask(api, 'GET', path), 404, 'device_not_found')
  })
})

describe('changing a device', () => {
  test('changes what is named and nothing else', async () => {
    await ask(api, 'POST', '/api/v1/devices', { json: { id: 'a', model: 'm1', tags: ['x'] } })
    const answer = await ask(api, 'PATCH', '/api/v1/devices/a', { json: { enabled: false } })
    expect(answer).toMatchObject({ status: 200, body: { model: 'm1', tags: ['x'], enabled: false } })
  })

  test('with the ETag that was read succeeds once; the second writer learns of it by 412', async () => {
    await add('a')
    const etag = (await ask(api, 'GET', '/api/v1/devices/a')).headers.get('etag') ?? ''
    const change = (tag: string) =>
      ask(api, 'PATCH', '/api/v1/devices/a', { json: { tags: [tag] }, headers: { 'if-match': etag } })
    const answers = await Promise.all([change('one'), change('two')])
    const refused = answers.filter(({ status }) => status === 412)
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
    for (const answer of refused) expectProblem(answer, 412, 'precondition_failed')
  })

  test('the ETag stays when only presence and counters move', async () => {
    await add('a')
    const before = await ask(api, 'GET', '/api/v1/devices/a')
    const device = await api.operator.device('a')
    api.operator.devices.set('a', { ...device, counters: { received: 99 } })
    const after = await ask(api, 'GET', '/api/v1/devices/a')
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'))
  })

  test('an empty change, an unknown field and a field that is not theirs to set are 400 naming the field', async () => {
    await add('a')
    expectProblem(await ask(api, 'PATCH', '/api/v1/devices/a', { json: {} }), 400, 'bad_request')
    for (const field of ['id', 'firmware', 'createdAtMs', 'colour']) {
      const answer = await ask(api, 'PATCH', '/api/v1/devices/a', { json: { [field]: 'x' } })
      expectProblem(answer, 400, 'bad_request')
      expect(answer.body).toMatchObject({ detail: `body.${field} is not a known field` })
    }
  })

  test('removing answers 204 without a body, and 404 the second time', async () => {
    await add('a')
    expect(await ask(api, 'DELETE', '/api/v1/devices/a')).toMatchObject({ status: 204, body: '' })
    expectProblem(await ask(api, 'DELETE', '/api/v1/devices/a'), 404, 'device_not_found')
  })
})

describe('tokens', () => {
  test('are issued with 201, shown once, listed without their text and revoked with 204', async () => {
    await add('a')
    const issued = await ask(api, 'POST', '/api/v1/devices/a/tokens', { json: { expires_in_s: 3600 } })
    expect(issued.status).toBe(201)
    const { id, token } = issued.body as { id: string; token: string }
    expect(issued.body).toEqual({ id, token, expires_at: expect.any(Number) })
    expect(issued.headers.get('location')).toBe(`/api/v1/devices/a/tokens/${id}`)
    const list = await ask(api, 'GET', '/api/v1/devices/a/tokens')
    expect(list.body).toMatchObject({ items: [{ expires_at: null }, { id, created_at: expect.any(Number) }] })
    expect(JSON.stringify(list.body)).not.toContain(token)
    expect((await ask(api, 'DELETE', `/api/v1/devices/a/tokens/${id}`)).status).toBe(204)
    const after = await ask(api, 'GET', '/api/v1/devices/a/tokens')
    expect(after.body).toMatchObject({ items: [{}, { id, revoked_at: expect.any(Number) }] })
  })

  test('one without an end needs no body', async () => {
    await add('a')
    const answer = await ask(api, 'POST', '/api/v1/devices/a/tokens')
    expect(answer).toMatchObject({ status: 201, body: { expires_at: null } })
  })

  test('a third live one is 409, an unknown one 404', async () => {
    await add('a')
    await ask(api, 'POST', '/api/v1/devices/a/tokens')
    expectProblem(await ask(api, 'POST', '/api/v1/devices/a/tokens'), 409, 'too_many_tokens')
    expectProblem(await ask(api, 'DELETE', '/api/v1/devices/a/tokens/none'), 404, 'token_not_found')
  })
})

describe('when the gateway itself has trouble', () => {
  test('a registry that is away is 503 with Retry-After', async () => {
    api.operator.failure = new GatewayError('registry_unavailable')
    const answer = await ask(api, 'GET', '/api/v1/devices')
    expectProblem(answer, 503, 'registry_unavailable')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('a fault is 500, says nothing about itself and is logged', async () => {
    api.operator.failure = new TypeError('the secret is hunter2')
    const answer = await ask(api, 'GET', '/api/v1/devices')
    expectProblem(answer, 500, 'internal')
    expect(JSON.stringify(answer.body)).not.toContain('hunter2')
    expect(api.lines).toMatchObject([
      { level: 'error', fields: { err: api.operator.failure, route: '/api/v1/devices' } },
    ])
  })

  test('an answer that breaks its own schema is 500 and never leaves', async () => {
    await add('a')
    const device = await api.operator.device('a')
    api.operator.devices.set('a', { ...device, counters: { leak: 'hunter2' as unknown as number } })
    const answer = await ask(api, 'GET', '/api/v1/devices/a')
    expectProblem(answer, 500, 'internal')
    expect(JSON.stringify(answer.body)).not.toContain('hunter2')
  })

  test('fields that only the inside knows do not leave', async () => {
    await add('a')
    const device = await api.operator.device('a')
    api.operator.devices.set('a', Object.assign({ ...device }, { tokenHash: 'hunter2' }))
    const answer = await ask(api, 'GET', '/api/v1/devices/a')
    expect(answer.status).toBe(200)
    expect(JSON.stringify(answer.body)).not.toContain('hunter2')
  })
})
