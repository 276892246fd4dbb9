import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, expectProblem, type RunningApi, runApi, VIEWER_KEY } from '../helpers/rest.ts'

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())
const headers = { authorization: `Bearer ${VIEWER_KEY}` }
const get = async (path: string) => {
  const { status, body } = await ask(api, 'GET', `/api/v1/${path}`, { headers })
  expect(status).toBe(200)
  return body
}
/** As its duty does each second. */
const look = () => api.around.alarms.duties[0]?.run()

describe('alarms', () => {
  test('there are none while everything is well', async () => {
    look()
    expect(await get('alarms')).toEqual({ items: [], counts: { warning: 0, critical: 0 } })
  })

  test('are told with what to do, and can be asked for by severity, kind and device', async () => {
    const sinceMs = Date.now() - 1_000
    api.operator.quarantined.push({ device: 'a', sinceMs, untilMs: sinceMs + 300_000, addresses: ['192.0.2.1'] })
    api.around.surroundings.endsAtMs = Date.now() + 86_400_000
    look()
    expect(await get('alarms')).toMatchObject({
      items: [
        { id: 'certificate_ending', kind: 'certificate_ending', severity: 'critical', count: 1 },
        { id: 'device_quarantined:a', device: 'a', since: sinceMs, detail: { addresses: '192.0.2.1' } },
      ],
      counts: { warning: 1, critical: 1 },
    })
    expect(await get('alarms?severity=critical')).toMatchObject({ items: [{ kind: 'certificate_ending' }] })
    expect(await get('alarms?kind=device_quarantined&device=a')).toMatchObject({ items: [{ device: 'a' }] })
    expect(await get('alarms?device=b')).toMatchObject({ items: [], counts: { warning: 1, critical: 1 } })
  })

  test.each(['?severity=bad', '?kind=fire', '?device=a/b', '?x=1'])('%s is 400', async (query) => {
    expectProblem(await ask(api, 'GET', `/api/v1/alarms${query}`, { headers }), 400, 'bad_request')
  })
})

describe('quarantines', () => {
  test('are listed by device, page by page', async () => {
    api.operator.quarantined.splice(0)
    for (const device of ['a', 'b', 'c']) {
      api.operator.quarantined.push({ device, sinceMs: 1, untilMs: 2, addresses: ['192.0.2.1'] })
    }
    const first = { device: 'a', since: 1, until: 2, addresses: ['192.0.2.1'] }
    expect(await get('quarantines?limit=2')).toMatchObject({ items: [first, { device: 'b' }], next: 'b' })
    expect(await get('quarantines?after=b')).toMatchObject({ items: [{ device: 'c' }], next: null })
  })

  test.each(['?limit=0', '?after=..', '?x=1'])('%s is 400', async (query) => {
    expectProblem(await ask(api, 'GET', `/api/v1/quarantines${query}`, { headers }), 400, 'bad_request')
  })
})

describe('the node', () => {
  test('says how it is and what it allows', async () => {
    api.around.tally.count('handshakes_refused', 'invalid_token', 2)
    api.around.tally.observe('publish_ms', 12)
    expect(await get('node')).toMatchObject({
      ...{ name: 'node-1', version: '9.9.9-test', started_at: expect.any(Number), uptime_s: expect.any(Number) },
      messages: { received: 0, missing: 0 },
      load: { memory_bytes: 9e7, cpu_percent: 3, event_loop_p99_ms: 1, event_loop_max_ms: 4 },
      bus: { kind: 'external', address: 'mqtt://broker.example:1883', ready: true, publish_p50_ms: expect.any(Number) },
      registry: { ready: true, size_bytes: 40_960, disk_free_bytes: 9e9 },
      certificate: { source: 'private', names: ['localhost', '127.0.0.1'] },
      handshakes_refused: [{ reason: 'invalid_token', count: 2 }],
      trusted_proxies: ['10.0.0.0/8'],
      limits: { messages_per_s: 50, devices: 19_000 },
    })
  })

  test('says why a part is not ready', async () => {
    api.health = { ready: false, stopping: false, parts: { bus: { ready: false, reason: 'no connection' } } }
    expect(await get('node')).toMatchObject({
      bus: { ready: false, reason: 'no connection' },
      registry: { ready: true },
    })
  })

  test('takes no query', async () => {
    expectProblem(await ask(api, 'GET', '/api/v1/node?x=1', { headers }), 400, 'bad_request')
  })
})
