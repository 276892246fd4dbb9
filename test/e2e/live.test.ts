import { describe, expect, onTestFinished, test } from 'vitest'
import { connectBusClient } from '../helpers/bus-client.ts'
import { type LivePage, openPage, refusedPage } from '../helpers/live-page.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

const PASSWORD = 'quiet harbour lantern 7'

async function keyOf(gateway: TestGateway, role: string, name = role) {
  const { body } = await gateway.api('POST', 'api-keys', { name, role })
  return { authorization: `Bearer ${body.key}` }
}

/** A user who is logged in, as the browser of our own page sends it. */
async function loggedIn(gateway: TestGateway, name: string, role: string) {
  const { body } = await gateway.api('POST', 'users', { name, role })
  const login = await gateway.api('POST', 'session/link', { token: body.link.token, name, password: PASSWORD })
  const cookie = String(login.headers['set-cookie']).split(';', 1)[0] ?? ''
  return { cookie, origin: `https://127.0.0.1:${gateway.port}` }
}

describe('who may look on', () => {
  test('keys and our own page; nobody else, and no other site with our cookie', async () => {
    const gateway = await startTestGateway()
    const own = await loggedIn(gateway, 'mia', 'viewer')
    const page = await openPage(gateway, { headers: own })
    expect(page.of('welcome')[0]).toMatchObject({ name: 'mia', role: 'viewer' })
    expect(await refusedPage(gateway, {})).toBe(401)
    expect(await refusedPage(gateway, { headers: { authorization: 'Bearer flk_wrong' } })).toBe(401)
    for (const origin of ['https://evil.example', 'null', `https://127.0.0.1:${gateway.port + 1}`, '']) {
      const headers: Record<string, string> = origin === '' ? { cookie: own.cookie } : { cookie: own.cookie, origin }
      expect(await refusedPage(gateway, { headers }), origin).toBe(403)
    }
    const headers = await keyOf(gateway, 'viewer')
    expect(await refusedPage(gateway, { headers, path: '/live/v1?token=x' })).toBe(400)
    expect((await openPage(gateway, { headers })).of('welcome')[0]).toMatchObject({ name: 'viewer' })
    expect(await refusedPage(gateway, { headers: own, path: '/device/v1' })).toBe(426)
  })

  test('logout, disabling and the end of a key reach open pages; so does a new role', async () => {
    const gateway = await startTestGateway()
    const mia = await loggedIn(gateway, 'mia', 'operator')
    const otto = await loggedIn(gateway, 'otto', 'viewer')
    const pages = {
      mia: await openPage(gateway, { headers: mia }),
      otto: await openPage(gateway, { headers: otto }),
      key: await openPage(gateway, { headers: await keyOf(gateway, 'viewer') }),
    }
    pages.mia.subscribe('logs:a')
    await pages.mia.until(() => pages.mia.of('snapshot').length > 0)
    await gateway.api('PATCH', 'users/mia', { role: 'viewer' })
    await pages.mia.until(() => pages.mia.of('role').length > 0)
    expect(pages.mia.of('role')[0]).toEqual({ type: 'role', role: 'viewer' })
    expect(pages.mia.of('error')[0]).toMatchObject({ channel: 'logs:a', code: 'forbidden' })
    await gateway.api('DELETE', 'session', undefined, '', mia)
    await gateway.api('PATCH', 'users/otto', { enabled: false })
    await gateway.api('DELETE', 'api-keys/viewer')
    for (const page of Object.values(pages)) {
      await page.until(() => page.closed)
      expect(page.closed).toBe(4001)
      expect(page.of('bye')[0]).toMatchObject({ code: 4001, reconnect: true })
    }
  })
})

describe('refused keys', () => {
  test('of pages and of requests are counted together: after thirty a minute 429, and a good key still passes', async () => {
    const gateway = await startTestGateway()
    const headers = { authorization: 'Bearer flk_guess' }
    for (let n = 0; n < 15; n++) {
      expect(await refusedPage(gateway, { headers })).toBe(401)
      expect((await gateway.api('GET', 'devices', undefined, 'flk_guess')).status).toBe(401)
    }
    expect(await refusedPage(gateway, { headers })).toBe(429)
    expect((await gateway.api('GET', 'devices', undefined, 'flk_guess')).status).toBe(429)
    await openPage(gateway, { headers: await keyOf(gateway, 'viewer') })
    const { body } = await gateway.api('GET', 'audit?action=api_key_refused')
    expect(body.items).toMatchObject([{ actor: 'unknown', outcome: 'unauthorized', address: '127.0.0.1' }])
    expect(gateway.logLines.join()).not.toContain('flk_guess')
  })
})

describe('what a page is told', () => {
  test('the fleet as it is, then what changes', async () => {
    const gateway = await startTestGateway()
    await gateway.api('POST', 'devices', { id: 'a', model: 'm1', tags: ['north'] })
    const page = await openPage(gateway, { headers: await keyOf(gateway, 'viewer') })
    page.subscribe('fleet')
    await page.until(() => page.of('snapshot').length > 0)
    expect(page.of('snapshot')[0]).toMatchObject({ channel: 'fleet', recovered: false, more: false })
    expect(page.items('fleet')).toMatchObject([{ id: 'a', model: 'm1', tags: ['north'], state: 'offline' }])
    const { device } = await gateway.readyDevice('b')
    await page.until(() => page.items('fleet').some(({ id, state }) => id === 'b' && state === 'online'))
    await page.until(() => page.of('tick').some(({ fleet }) => fleet.online === 1 && fleet.bus_ready))
    device.kill()
    await page.until(() => page.items('fleet').some(({ id, state }) => id === 'b' && state === 'offline'))
    await gateway.api('DELETE', 'devices/b')
    await page.until(() => page.items('fleet').some(({ id, deleted }) => id === 'b' && deleted === true))
  })

  test('telemetry, events and commands of a device, also those of the last minutes', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('a', { commands: { ping: () => ({ pong: true }) } })
    await device.telemetry({ temperature: 21.5 }).settled
    const page = await openPage(gateway, { headers: await keyOf(gateway, 'viewer') })
    for (const channel of ['telemetry:a', 'events:a', 'commands:a', 'events']) page.subscribe(channel)
    await page.until(() => page.of('snapshot').length === 4)
    expect(page.items('telemetry:a')).toEqual([{ device: 'a', ts: expect.any(Number), values: { temperature: 21.5 } }])
    await device.telemetry({ temperature: 22 }).settled
    await device.event('door', { open: true }).settled
    await page.until(() => page.items('telemetry:a').length === 2)
    await page.until(() => page.items('events:a').length === 1)
    expect(page.items('events:a')).toMatchObject([{ device: 'a', name: 'door', data: { open: true } }])
    await page.until(() => page.items('events').length === 1)
    const { body } = await gateway.api('POST', 'devices/a/commands', { name: 'ping' })
    await page.until(() => page.items('commands:a').some(({ state }) => state === 'succeeded'))
    expect(page.items('commands:a').every(({ id }) => id === body.id)).toBe(true)
  })

  test('a command for many devices: that it is there, and what became of each', async () => {
    const gateway = await startTestGateway()
    const stuck = { vent: () => new Promise<never>(() => {}) }
    await gateway.readyDevice('here', { commands: { vent: () => ({ open: true }) } })
    await gateway.readyDevice('stuck', { commands: stuck })
    for (const id of ['away', 'gone']) await gateway.enrol(id)
    const page = await openPage(gateway, { headers: await keyOf(gateway, 'viewer') })
    for (const channel of ['batches', 'commands']) page.subscribe(channel)
    await page.until(() => page.of('snapshot').length === 2)
    const devices = ['here', 'stuck', 'away', 'gone', 'nobody']
    const { id } = (await gateway.api('POST', 'commands', { devices, name: 'vent' })).body
    const stateOf = (device: string) => page.items('batches').findLast((item) => item.device === device)?.state
    await page.until(() => page.items('batches').some((item) => item.id === id && item.device === undefined))
    await page.until(() => stateOf('here') === 'succeeded' && stateOf('stuck') === 'accepted')
    await page.until(() => stateOf('away') === 'queued' && stateOf('gone') === 'queued')
    expect(page.items('batches').findLast((item) => item.device === 'here')).toEqual({
      ...{ id, device: 'here', state: 'succeeded', command: expect.any(String), result: { open: true } },
    })
    await gateway.api('DELETE', 'devices/gone')
    await page.until(() => stateOf('gone') === 'deleted')
    await gateway.api('POST', `command-batches/${id}/cancel`)
    await page.until(() => stateOf('away') === 'cancelled')
    expect(page.items('commands').every(({ batch }) => batch === id)).toBe(true)
    expect(new Set(page.items('commands').map(({ device }) => device)).size).toBe(4)
  })

  test('what could not be taken from the bus', async () => {
    const gateway = await startTestGateway()
    const bus = await connectBusClient(gateway.mqttUrl)
    onTestFinished(() => bus.close())
    const page = await openPage(gateway, { headers: await keyOf(gateway, 'viewer') })
    page.subscribe('dead-letters')
    await bus.publish('fairlead/devices/nobody/command/request/c1', '{"name":"x"}')
    await page.until(() => page.items('dead-letters').length === 1)
    expect(page.items('dead-letters')).toMatchObject([
      { at: expect.any(Number), device: 'nobody', command: 'c1', reason: 'device_not_found', payload: '{"name":"x"}' },
    ])
    expect((await gateway.api('GET', 'dead-letters')).body.items).toHaveLength(1)
  })

  test('events and log lines of all devices, with the ids that the REST API gives them', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('a')
    const page = await openPage(gateway, { headers: await keyOf(gateway, 'operator') })
    for (const channel of ['events', 'logs']) page.subscribe(channel)
    await page.until(() => page.of('snapshot').length === 2)
    await device.event('door', { open: true }).settled
    device.log('warn', 'too hot')
    await page.until(() => page.items('logs').length === 1 && page.items('events').length === 1)
    const { body } = await gateway.api('GET', 'events')
    const [log, event] = body.items
    expect(page.items('events')).toMatchObject([{ id: event.id, at: event.at, name: 'door' }])
    expect(page.items('logs')).toMatchObject([{ id: log.id, at: log.at, device: 'a', level: 'warn', text: 'too hot' }])
  })

  test('after a gap only what it missed; all anew when the cursor is of another run', async () => {
    const gateway = await startTestGateway()
    const { device } = await gateway.readyDevice('a')
    const headers = await keyOf(gateway, 'viewer')
    const first = await openPage(gateway, { headers })
    first.subscribe('telemetry:a')
    await device.telemetry({ n: 1 }).settled
    await first.until(() => first.items('telemetry:a').length === 1)
    const cursor = first.cursor('telemetry:a')
    first.socket.close()
    await device.telemetry({ n: 2 }).settled
    const second = await openPage(gateway, { headers })
    second.subscribe('telemetry:a', cursor)
    await second.until(() => second.of('snapshot').length > 0)
    expect(second.of('snapshot')[0]).toMatchObject({ recovered: true })
    expect(second.items('telemetry:a')).toMatchObject([{ values: { n: 2 } }])
    second.subscribe('telemetry:a', 'another-run.1')
    await second.until(() => second.of('snapshot').length > 1)
    expect(second.of('snapshot')[1]).toMatchObject({ recovered: false, items: [{}, {}] })
  })

  test('1012 when the gateway stops', async () => {
    const gateway = await startTestGateway()
    const page = await openPage(gateway, { headers: await keyOf(gateway, 'viewer') })
    await gateway.gateway.stop()
    await page.until(() => page.closed)
    expect(page.closed).toBe(1012)
  })
})

test('a page sees the fleet leave while the gateway stops, before it is told to go itself', async () => {
  const gateway = await startTestGateway({ env: { FAIRLEAD_DRAIN_S: '5' } })
  const fleet = Array.from({ length: 60 }, (_, index) => `d${index}`) // leave within 0.6 s
  await Promise.all(fleet.map((id) => gateway.readyDevice(id)))
  const page = await openPage(gateway, { headers: await keyOf(gateway, 'viewer') })
  page.subscribe('fleet')
  await page.until(() => page.items('fleet').length >= fleet.length)
  await gateway.gateway.stop()
  await page.until(() => page.closed)
  expect(page.closed).toBe(1012)
  expect(page.items('fleet').some(({ reason }) => reason === 'restart')).toBe(true)
})

describe('what a page may not do', () => {
  const last = async (page: LivePage) => {
    await page.until(() => page.closed)
    return page.closed
  }

  test('ask for more than its role allows: 4003', async () => {
    const gateway = await startTestGateway()
    const page = await openPage(gateway, { headers: await keyOf(gateway, 'viewer') })
    page.subscribe('logs:a')
    expect(await last(page)).toBe(4003)
    const operator = await openPage(gateway, { headers: await keyOf(gateway, 'operator') })
    for (const channel of ['logs:a', 'logs']) operator.subscribe(channel)
    await operator.until(() => operator.of('snapshot').length > 1)
    const another = await openPage(gateway, { headers: await keyOf(gateway, 'viewer', 'second') })
    another.subscribe('logs')
    expect(await last(another)).toBe(4003)
  })

  test('ask for what its key is not kept to: 4003', async () => {
    const gateway = await startTestGateway()
    const make = async (name: string, scopes: string[]) => {
      const { body } = await gateway.api('POST', 'api-keys', { name, role: 'admin', scopes })
      return { authorization: `Bearer ${body.key}` }
    }
    const fleet = ['fleet', 'telemetry:a']
    const said = ['events', 'events:a', 'logs:a']
    const commands = ['commands', 'commands:a']
    const reached: Record<string, string[]> = {
      devices: fleet,
      'events:read': said,
      'commands:read': commands,
      'commands:add': [],
    }
    for (const [scope, channels] of Object.entries(reached)) {
      const headers = await make(scope.replace(':', '.'), [scope])
      const page = await openPage(gateway, { headers })
      for (const channel of channels) page.subscribe(channel)
      await page.until(() => page.of('snapshot').length === channels.length)
      for (const channel of [...fleet, ...said, ...commands].filter((one) => !channels.includes(one))) {
        const refused = await openPage(gateway, { headers })
        refused.subscribe(channel)
        expect(await last(refused), `${scope}: ${channel}`).toBe(4003)
      }
    }
  })

  test('say what means nothing: 4014; too much: 4013; something huge: 1009', async () => {
    const gateway = await startTestGateway()
    const headers = await keyOf(gateway, 'viewer')
    const nonsense = ['{', '[]', '{"type":"x"}', '{"type":"subscribe","channel":"fleet:a"}']
    nonsense.push(
      '{"type":"subscribe","channel":"telemetry:../x"}',
      '{"type":"subscribe","channel":"fleet","cursor":1}',
    )
    for (const text of nonsense) {
      const page = await openPage(gateway, { headers })
      page.socket.send(text)
      expect(await last(page), text).toBe(4014)
    }
    const greedy = await openPage(gateway, { headers })
    for (let i = 0; i < 17; i++) greedy.subscribe(`telemetry:d${i}`)
    expect(await last(greedy)).toBe(4013)
    const huge = await openPage(gateway, { headers })
    huge.socket.send(JSON.stringify({ type: 'subscribe', channel: 'x'.repeat(2_000) }))
    expect(await last(huge)).toBe(1009)
  })

  test('hold up the gateway by not reading: it gets what is left as a snapshot, and others notice nothing', async () => {
    const gateway = await startTestGateway()
    const headers = await keyOf(gateway, 'viewer')
    const { device } = await gateway.readyDevice('a')
    const frozen = await openPage(gateway, { headers })
    const page = await openPage(gateway, { headers })
    for (const each of [frozen, page]) each.subscribe('telemetry:a')
    await frozen.until(() => frozen.of('snapshot').length > 0)
    frozen.socket.pause()
    const texts = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`t${i}`, 'x'.repeat(200)]))
    const sent = Array.from({ length: 150 }, (_, n) => device.telemetry({ n, ...texts }))
    expect(await sent.at(-1)?.settled).toBe('acked')
    const newestOf = (one: LivePage) =>
      Math.max(...one.items('telemetry:a').map(({ values }) => (values as { n: number }).n))
    await page.until(() => newestOf(page) === 149)
    frozen.socket.resume()
    await frozen.until(() => newestOf(frozen) === 149)
    expect(frozen.closed).toBeUndefined()
  })
})
