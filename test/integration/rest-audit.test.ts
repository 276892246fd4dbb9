import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { REQUEST_LIMITS } from '../../gateway/adapters/http/rates.ts'
import { ask, expectProblem, OPERATOR_KEY, type RunningApi, runApi, VIEWER_KEY } from '../helpers/rest.ts'

interface Entry {
  readonly id: number
  readonly action: string
}
interface Page {
  readonly items: readonly Entry[]
  readonly next: number | null
}

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
beforeEach(() => {
  api.memory.audit.length = 0
  api.operator.devices.clear()
  api.operator.tokens.clear()
})
const audit = async (query = '') => (await ask(api, 'GET', `/api/v1/audit${query}`)).body as Page
const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })

describe('the audit log', () => {
  test('every mutation is there when it is answered: who, what, on what, from where', async () => {
    await ask(api, 'POST', '/api/v1/devices', { json: { id: 'd', model: 'esp32' } })
    await ask(api, 'PATCH', '/api/v1/devices/d', { json: { enabled: false, tags: ['free text'] } })
    await ask(api, 'POST', '/api/v1/devices/d/tokens', { json: { expires_in_s: 60 } })
    await ask(api, 'POST', '/api/v1/devices/d/commands', {
      json: { name: 'set_led', params: { password: 'hunter2' } },
      ...as(OPERATOR_KEY),
    })
    const { items } = await audit()
    expect(items).toMatchObject([
      {
        actor: 'key:operator',
        action: 'sendCommand',
        target: 'commands/command-3',
        device: 'd',
        detail: { name: 'set_led' },
      },
      { actor: 'key:admin', action: 'issueToken', target: expect.stringMatching(/^devices\/d\/tokens\/token-/) },
      { actor: 'key:admin', action: 'updateDevice', target: 'devices/d', detail: { enabled: false } },
      { actor: 'key:admin', action: 'createDevice', target: 'devices/d', device: 'd', detail: { id: 'd' } },
    ])
    expect(items.every((item) => JSON.stringify(item).includes('"outcome":"ok","address":"127.0.0.1"'))).toBe(true)
    expect(JSON.stringify(items)).not.toMatch(/hunter2|free text|signed\./)
  })

  test('what was refused is there with the code of the error', async () => {
    await api.operator.createDevice({ id: 'd' })
    await ask(api, 'DELETE', '/api/v1/devices/none')
    await ask(api, 'PATCH', '/api/v1/devices/d', { json: { secret: 'hunter2' } })
    await ask(api, 'DELETE', '/api/v1/devices/d', as(VIEWER_KEY))
    expect((await audit()).items).toMatchObject([
      { actor: 'key:viewer', action: 'deleteDevice', target: 'devices/d', device: 'd', outcome: 'forbidden' },
      { actor: 'key:admin', action: 'updateDevice', device: 'd', outcome: 'bad_request' },
      { actor: 'key:admin', action: 'deleteDevice', target: 'devices/none', outcome: 'device_not_found' },
    ])
    expect(JSON.stringify(api.memory.audit)).not.toContain('hunter2')
  })

  test('a key or token that was given as a name is hidden there too, in what it says about the body', async () => {
    const key = `flk_${'k'.repeat(43)}`
    await ask(api, 'POST', '/api/v1/api-keys', { json: { name: key, role: 'viewer' } })
    await ask(api, 'POST', '/api/v1/api-keys', { json: { name: key, role: 'viewer' } })
    await ask(api, 'POST', '/api/v1/devices', { json: { id: 'd', model: 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln' } })
    expect((await audit()).items).toMatchObject([
      { action: 'createDevice', outcome: 'ok', detail: { id: 'd', model: '***' } },
      { action: 'createApiKey', outcome: 'api_key_exists', detail: { name: '***', role: 'viewer' } },
      { action: 'createApiKey', outcome: 'ok', target: 'api-keys/***', detail: { name: '***', role: 'viewer' } },
    ])
    expect(JSON.stringify(api.memory.audit)).not.toMatch(/kkkk|eyJ/)
  })

  test('an import concerns no device called "import"', async () => {
    const headers = { 'content-type': 'application/x-ndjson' }
    await ask(api, 'POST', '/api/v1/devices/import', { text: '{"id":"d"}', headers })
    const { items } = await audit()
    expect(items).toMatchObject([{ action: 'importDevices', target: 'devices/import', outcome: 'ok' }])
    expect(items[0]).not.toHaveProperty('device')
  })

  test('who asks too often is there once a minute, and does not wash away what others did', async () => {
    await using fresh = await runApi({ ...REQUEST_LIMITS, requestsPerMinute: 2 })
    for (let i = 0; i < 6; i++) await ask(fresh, 'DELETE', '/api/v1/devices/none', as(VIEWER_KEY))
    await ask(fresh, 'DELETE', '/api/v1/devices/none', as(OPERATOR_KEY))
    expect(fresh.memory.audit).toMatchObject([
      { actor: 'key:viewer', outcome: 'forbidden' },
      { actor: 'key:viewer', outcome: 'forbidden' },
      { actor: 'key:viewer', outcome: 'rate_limited' },
      { actor: 'key:operator', outcome: 'forbidden' },
    ])
  })

  test('cancelling a command names its device', async () => {
    await api.operator.createDevice({ id: 'd' })
    const { id } = await api.operator.submitCommand('d', { name: 'x' })
    await ask(api, 'POST', `/api/v1/commands/${id}/cancel`)
    expect((await audit('?device=d')).items).toMatchObject([
      { action: 'cancelCommand', target: `commands/${id}/cancel` },
    ])
  })

  test('reads are not there, nor is reading it', async () => {
    await ask(api, 'GET', '/api/v1/devices')
    await audit()
    expect((await audit()).items).toEqual([])
  })

  test('a refused key is there once a minute for each address, however often it is tried', async () => {
    await using fresh = await runApi()
    for (let i = 0; i < 5; i++) await ask(fresh, 'DELETE', '/api/v1/devices/d', as(`flk_guess-${i}`))
    expect(fresh.memory.audit).toMatchObject([
      { actor: 'unknown', action: 'api_key_refused', outcome: 'unauthorized', address: '127.0.0.1' },
    ])
    expect(JSON.stringify(fresh.memory.audit)).not.toContain('guess')
  })

  test('pages follow each other by `next`, and filters hold', async () => {
    for (const id of ['a', 'b', 'c']) await ask(api, 'POST', '/api/v1/devices', { json: { id } })
    const first = await audit('?limit=2')
    expect(first.items).toHaveLength(2)
    const second = await audit(`?limit=2&before=${first.next}`)
    expect(second).toMatchObject({ items: [{ target: 'devices/a' }], next: null })
    expect((await audit('?device=b')).items).toMatchObject([{ target: 'devices/b' }])
    expect((await audit('?outcome=device_exists')).items).toEqual([])
    expect((await audit(`?since=${Date.now() + 60_000}`)).items).toEqual([])
    expect((await audit(`?until=${Date.now() + 60_000}&actor=key:admin&action=createDevice`)).items).toHaveLength(3)
  })

  test.each(['?limit=0', '?before=x', '?since=-1', '?device=a/b', '?who=me', '?actor='])('%s is 400', async (query) => {
    expectProblem(await ask(api, 'GET', `/api/v1/audit${query}`), 400, 'bad_request')
  })

  test('a store that is away is 503', async () => {
    api.memory.fail('listAudit')
    expectProblem(await ask(api, 'GET', '/api/v1/audit'), 503, 'registry_unavailable')
    api.memory.recover()
  })
})
