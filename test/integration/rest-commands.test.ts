import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { COMMANDS_WAITING_MAX } from '../../protocol/limits.ts'
import { ask, expectProblem, type RunningApi, runApi } from '../helpers/rest.ts'

const COMMANDS = '/api/v1/devices/a/commands'
let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  api.operator.failure = undefined
  api.operator.devices.clear()
  api.operator.tokens.clear()
  api.operator.commands.length = 0
  await ask(api, 'POST', '/api/v1/devices', { json: { id: 'a' } })
})

const send = async (query = '', json: unknown = { name: 'set_led', params: { on: true } }) =>
  ask(api, 'POST', `${COMMANDS}${query}`, { json })
const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) })
const idOf = (answer: { body: unknown }) => (answer.body as { id: string }).id

/** The id of the one command that is stored, as soon as it is. */
async function storedId(): Promise<string> {
  await expect.poll(() => api.operator.commands.length).toBe(1)
  return api.operator.commands[0]?.id ?? ''
}

describe('sending', () => {
  test('answers 202 with the id, the state and its place', async () => {
    const answer = await send('', { name: 'set_led', params: { on: true }, ttl_s: 60, timeout_s: 5 })
    expect(answer.status).toBe(202)
    expect(answer.headers.get('location')).toBe(`/api/v1/commands/${idOf(answer)}`)
    expect(answer.body).toMatchObject({
      device: 'a',
      name: 'set_led',
      params: { on: true },
      ttl_s: 60,
      timeout_s: 5,
      state: 'queued',
      history: [{ state: 'queued', at: expect.any(Number) }],
    })
  })

  test('fills in the documented defaults', async () => {
    expect((await send('', { name: 'x' })).body).toMatchObject({ params: {}, ttl_s: 3600, timeout_s: 30 })
  })

  test.each([
    ['no name', {}, 'body.name is missing'],
    ['a name with a slash', { name: 'a/b' }, 'body.name must be 1 to 64 letters, digits,'],
    ['params that are a list', { name: 'x', params: [] }, 'body.params must be object'],
    ['a life of 0', { name: 'x', ttl_s: 0 }, 'body.ttl_s must be >= 1'],
    ['a life of 31 days', { name: 'x', ttl_s: 31 * 86_400 }, 'body.ttl_s must be <='],
    ['a life as text', { name: 'x', ttl_s: '60' }, 'body.ttl_s must be integer'],
    ['params over 3 KiB', { name: 'x', params: { a: 'x'.repeat(3100) } }, 'too_large: params'],
    ['params nested 9 deep', { name: 'x', params: nested(9) }, 'too_deep: params'],
    ['an unknown field', { name: 'x', priority: 1 }, 'body.priority is not a known field'],
  ])('with %s is 400 and says so', async (_what, json, detail) => {
    const answer = await send('', json)
    expectProblem(answer, 400, 'bad_request')
    expect((answer.body as { detail: string }).detail).toContain(detail)
  })

  test('to a device that is not there is 404', async () => {
    expectProblem(
      await ask(api, 'POST', '/api/v1/devices/none/commands', { json: { name: 'x' } }),
      404,
      'device_not_found',
    )
  })

  test('one more than may wait is 429 with Retry-After, and may be tried again', async () => {
    for (let i = 0; i < COMMANDS_WAITING_MAX; i++) await api.operator.submitCommand('a', { name: 'x' })
    const answer = await send()
    expectProblem(answer, 429, 'queue_full')
    expect(answer.body).toMatchObject({ retry: true })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

describe('waiting with ?wait', () => {
  test('answers 200 with the result as soon as it is there', async () => {
    const waiting = send('?wait=20s')
    const id = await storedId()
    api.operator.advance(id, { kind: 'sent' })
    api.operator.advance(id, { kind: 'accepted' })
    api.operator.advance(id, { kind: 'result', ok: true, data: { rssi: -60 } })
    expect(await waiting).toMatchObject({ status: 200, body: { id, state: 'succeeded', result: { rssi: -60 } } })
  })

  test('answers 202 when the time is over first', async () => {
    expect(await send('?wait=1s')).toMatchObject({ status: 202, body: { state: 'queued' } })
  })

  test('answers 202 when the registry goes away meanwhile, because the command is stored', async () => {
    const waiting = send('?wait=20s')
    await storedId()
    api.operator.failure = new Error('disk gone')
    expect(await waiting).toMatchObject({ status: 202, body: { state: 'queued' } })
  })

  test.each(['10', '0s', '61s', '1m', '-1s', ''])('?wait=%s is 400', async (wait) => {
    expectProblem(await send(`?wait=${wait}`), 400, 'bad_request')
  })

  test('does not wait when 200 others wait already', async () => {
    const asked = 210
    for (let i = 0; i < asked / 10; i++) await api.operator.createDevice({ id: `d${i}` })
    const waiting = Array.from({ length: asked }, (_, i) =>
      ask(api, 'POST', `/api/v1/devices/d${Math.floor(i / 10)}/commands?wait=60s`, { json: { name: 'x' } }),
    )
    expect(await Promise.any(waiting)).toMatchObject({ status: 202, body: { state: 'queued' } })
    await expect.poll(() => api.operator.commands.length).toBe(asked)
    for (const { id } of api.operator.commands) api.operator.advance(id, { kind: 'cancel' })
    const answers = await Promise.all(waiting)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(200)
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(10)
  })
})

describe('reading', () => {
  test('shows history, error and a result that came too late', async () => {
    const id = idOf(await send())
    api.operator.advance(id, { kind: 'sent' })
    const sent = api.operator.commands[0]
    if (sent) api.operator.commands[0] = { ...sent, dueAtMs: 0 }
    api.operator.advance(id, { kind: 'due' })
    api.operator.advance(id, { kind: 'result', ok: false, error: { code: 'jammed', message: 'the flap' } })
    const answer = await ask(api, 'GET', `/api/v1/commands/${id}`)
    expect(answer.body).toMatchObject({
      state: 'unknown',
      late_result: { ok: false, error: { code: 'jammed', message: 'the flap' } },
      history: [{ state: 'queued' }, { state: 'sent' }, { state: 'unknown' }],
    })
  })

  test('lists newest first, page by page', async () => {
    const ids = [idOf(await send()), idOf(await send()), idOf(await send())]
    const first = await ask(api, 'GET', `${COMMANDS}?limit=2`)
    expect(first.body).toMatchObject({ items: [{ id: ids[2] }, { id: ids[1] }], next: ids[1] })
    const second = await ask(api, 'GET', `${COMMANDS}?limit=2&before=${ids[1]}`)
    expect(second.body).toMatchObject({ items: [{ id: ids[0] }], next: null })
  })

  test('one that is not there is 404', async () => {
    expectProblem(await ask(api, 'GET', '/api/v1/commands/none'), 404, 'command_not_found')
  })
})

describe('cancelling', () => {
  test('ends a queued one', async () => {
    const id = idOf(await send())
    const answer = await ask(api, 'POST', `/api/v1/commands/${id}/cancel`)
    expect(answer).toMatchObject({ status: 200, body: { id, state: 'cancelled' } })
  })

  test('of one that was sent is 409 command_in_flight; of one that ended 409 command_final', async () => {
    const id = idOf(await send())
    api.operator.advance(id, { kind: 'sent' })
    expectProblem(await ask(api, 'POST', `/api/v1/commands/${id}/cancel`), 409, 'command_in_flight')
    api.operator.advance(id, { kind: 'result', ok: true })
    expectProblem(await ask(api, 'POST', `/api/v1/commands/${id}/cancel`), 409, 'command_final')
  })
})
