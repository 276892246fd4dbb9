import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../gateway/core/errors.ts'
import { ask, expectProblem, OPERATOR_KEY, type RunningApi, runApi, VIEWER_KEY } from '../helpers/rest.ts'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
beforeEach(() => {
  api.operator.failure = undefined
  api.operator.devices.clear()
  api.operator.tokens.clear()
  api.memory.audit.length = 0
})

interface Result {
  readonly dry_run: boolean
  readonly accepted: number
  readonly refused: number
  readonly items: readonly { readonly line: number; readonly id?: string; readonly error?: { message: string } }[]
}
const CSV = 'text/csv'
const NDJSON = 'application/x-ndjson'
const send = (type: string, text: string, query = '', key?: string) =>
  ask(api, 'POST', `/api/v1/devices/import${query}`, {
    text,
    headers: { 'content-type': type, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
  })
const result = async (type: string, text: string, query = '') => {
  const answer = await send(type, text, query)
  expect(answer.status).toBe(200)
  return answer.body as Result
}
const exported = async (query: string) => (await ask(api, 'GET', `/api/v1/devices/export${query}`)).body as string

describe('importing devices', () => {
  test('creates what is valid with tokens and says of every other line why not', async () => {
    await api.operator.createDevice({ id: 'old' })
    const csv =
      'id,model,tags,notes\r\na,esp32,"north;roof \\; eaves","two\r\nlines"\r\nold,,,\r\nb/c,,,\r\na,,,\r\n,,x,\r\n1,2,3,4,5\r\n'
    const { dry_run, accepted, refused, items } = await result(CSV, csv)
    expect({ dry_run, accepted, refused }).toEqual({ dry_run: false, accepted: 2, refused: 4 })
    expect(items).toMatchObject([
      { line: 2, id: 'a', outcome: 'created', token: 'signed.a', token_id: expect.any(String) },
      { line: 4, id: 'old', outcome: 'refused', error: { code: 'device_exists' } },
      { line: 5, outcome: 'refused', error: { code: 'bad_request', message: expect.stringContaining('device.id') } },
      {
        line: 6,
        id: 'a',
        outcome: 'refused',
        error: { code: 'device_exists', message: expect.stringMatching(/earlier/) },
      },
      { line: 7, outcome: 'created', token: expect.any(String) },
      { line: 8, outcome: 'refused', error: { message: 'has 5 cells, the heading 4' } },
    ])
    expect(await api.operator.device('a')).toMatchObject({
      model: 'esp32',
      tags: ['north', 'roof ; eaves'],
      notes: 'two\r\nlines',
    })
  })

  test('takes NDJSON, too', async () => {
    const lines = [
      '{"id":"a","tags":["x"]}',
      '',
      '{"id":"b","colour":"red"}',
      '[]',
      '{',
      '{"__proto__":{"x":1}}',
      '{"id":7}',
    ]
    const { items } = await result(NDJSON, `\ufeff${lines.join('\n')}`)
    expect(items.map(({ line, error }) => [line, error?.message])).toEqual([
      [1, undefined],
      [3, 'device.colour is not a known field'],
      [4, 'is not a JSON object'],
      [5, 'is not JSON'],
      [6, expect.stringContaining('device')],
      [7, expect.stringContaining('device.id')],
    ])
    expect([...api.operator.devices.keys()]).toEqual(['a'])
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  test('a dry run says the same and creates nothing', async () => {
    await api.operator.createDevice({ id: 'old' })
    const { items, accepted, dry_run } = await result(CSV, 'id\na\nold\n', '?dry_run=true')
    expect({ accepted, dry_run }).toEqual({ accepted: 1, dry_run: true })
    expect(items).toEqual([
      { line: 2, id: 'a', outcome: 'valid' },
      { line: 3, id: 'old', outcome: 'refused', error: expect.objectContaining({ code: 'device_exists' }) },
    ])
    expect([...api.operator.devices.keys()]).toEqual(['old'])
  })

  test('words of the API itself are no ids', async () => {
    const { refused } = await result(CSV, 'id\nimport\nexport\n')
    expect(refused).toBe(2)
  })

  test('1,000 devices are taken, one more is 413 and none is created', async () => {
    const rows = (n: number) => `id\n${Array.from({ length: n }, (_, i) => `d${i}\n`).join('')}`
    expectProblem(await send(CSV, rows(1_001)), 413, 'too_large')
    expect(api.operator.devices.size).toBe(0)
    expect((await result(CSV, rows(1_000))).accepted).toBe(1_000)
    expectProblem(await send(CSV, `id\n${'x'.repeat(1024 * 1024)}`), 413, 'too_large')
  })

  test.each([
    [CSV, ''],
    [CSV, 'id,colour\na,red'],
    [CSV, 'id\n"a'],
    [`${CSV}; charset=utf-8`, 'id,token\na,b'],
  ])('%s %j is 400 as a whole', async (type, text) => {
    expectProblem(await send(type, text), 400, 'bad_request')
  })

  test('what is not UTF-8 is 400', async () => {
    const body = new Uint8Array([0x69, 0x64, 0x0a, 0xff, 0x0a])
    const headers = { authorization: 'Bearer flk_admin-of-the-tests', 'content-type': CSV }
    const response = await fetch(`${api.url}/api/v1/devices/import`, { method: 'POST', headers, body })
    expect(response.status).toBe(400)
  })

  test.each(['application/json', 'text/plain', 'application/octet-stream'])('%s is 415', async (type) => {
    expectProblem(await send(type, '{}'), 415, 'unsupported_media_type')
    expectProblem(
      await ask(api, 'POST', '/api/v1/devices', { text: 'id', headers: { 'content-type': CSV } }),
      415,
      'unsupported_media_type',
    )
  })

  test('is for admins, and the audit log has its numbers', async () => {
    for (const key of [VIEWER_KEY, OPERATOR_KEY]) expectProblem(await send(CSV, 'id\na', '', key), 403, 'forbidden')
    expectProblem(await send(CSV, 'id\na', '?dry_run=yes'), 400, 'bad_request')
    expectProblem(await send(CSV, 'id\na', '?dry=true'), 400, 'bad_request')
    await send(CSV, 'id,notes\na,secret\n/,x')
    expect(api.memory.audit.at(-1)).toMatchObject({
      action: 'importDevices',
      outcome: 'ok',
      detail: { dry_run: false, accepted: 1, refused: 1 },
    })
    expect(JSON.stringify(api.memory.audit)).not.toMatch(/secret|signed/)
  })
})

test('the type of an import may be written in capitals', async () => {
  expect(await result('Text/CSV', 'id\na\n')).toMatchObject({ accepted: 1 })
})

describe('exporting devices', () => {
  test('as CSV, harmless to spreadsheets, and an import reads it again', async () => {
    await api.operator.createDevice({ id: 'a', model: '=1+1', tags: ['-x', 'y;z', 'w\\'], notes: '@"here",\nthere' })
    await api.operator.createDevice({ id: 'b' })
    const csv = await exported('')
    const [heading, first] = csv.split('\r\n')
    expect(heading).toBe('id,model,tags,notes,firmware,enabled,state,reason,since,created_at')
    expect(first).toMatch(/^a,'=1\+1,'-x;y\\;z;w\\\\,"'@""here"",\nthere",,true,offline,never_connected,\d{4}-/)
    const before = await api.operator.device('a')
    api.operator.devices.clear()
    api.operator.tokens.clear()
    expect((await result(CSV, csv)).accepted).toBe(2)
    const { model, tags, notes } = await api.operator.device('a')
    expect({ model, tags, notes }).toEqual({ model: before.model, tags: before.tags, notes: before.notes })
  })

  test('as NDJSON, whole, and an import reads it again', async () => {
    await api.operator.createDevice({ id: 'a', model: 'm', tags: ['x'] })
    const text = await exported('?format=ndjson')
    expect(JSON.parse(text)).toEqual((await ask(api, 'GET', '/api/v1/devices/a')).body)
    api.operator.devices.clear()
    api.operator.tokens.clear()
    expect((await result(NDJSON, text)).accepted).toBe(1)
  })

  test('also of a device that is quarantined: that stays with the gateway', async () => {
    const { device } = await api.operator.createDevice({ id: 'a' })
    api.operator.devices.set('a', { ...device, quarantine: { sinceMs: 1, untilMs: 2 } })
    for (const [type, query] of [[NDJSON, '?format=ndjson'] as const, [CSV, ''] as const]) {
      const text = await exported(query)
      api.operator.devices.clear()
      api.operator.tokens.clear()
      expect(await result(type, text)).toMatchObject({ accepted: 1, refused: 0 })
      api.operator.devices.set('a', { ...device, quarantine: { sinceMs: 1, untilMs: 2 } })
    }
  })

  test('is one answer over many pages, with the filters of the list', async () => {
    for (let i = 0; i < 450; i++) await api.operator.createDevice({ id: `d${i}`, tags: i % 2 ? ['odd'] : [] })
    const answer = await ask(api, 'GET', '/api/v1/devices/export?format=ndjson&tag=odd')
    expect((answer.body as string).trimEnd().split('\n')).toHaveLength(225)
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="devices.ndjson"')
    expect((await ask(api, 'GET', '/api/v1/devices/export?tag=none')).headers.get('content-type')).toMatch(/^text\/csv/)
  })

  test('a store that fails on the way cuts the answer off: half a list is never taken for the whole', async () => {
    for (let i = 0; i < 250; i++) await api.operator.createDevice({ id: `d${i}` })
    const list = api.operator.listDevices.bind(api.operator)
    let pages = 0
    api.operator.listDevices = (query) => {
      pages += 1
      return pages === 1 ? list(query) : Promise.reject(new GatewayError('registry_unavailable'))
    }
    await expect(exported('?format=ndjson')).rejects.toThrow()
    api.operator.listDevices = list
  })

  test.each(['?format=xml', '?limit=1', '?after=a'])('%s is 400', async (query) => {
    expectProblem(await ask(api, 'GET', `/api/v1/devices/export${query}`), 400, 'bad_request')
  })

  test('other methods on these addresses are 405', async () => {
    expectProblem(await ask(api, 'DELETE', '/api/v1/devices/export'), 405, 'method_not_allowed')
    expectProblem(await ask(api, 'PATCH', '/api/v1/devices/import', { json: {} }), 405, 'method_not_allowed')
  })
})
