import { expect, onTestFinished, test } from 'vitest'
import { takeTurns } from '../helpers/hand-device.ts'
import { openPage } from '../helpers/live-page.ts'
import { describeWithMosquitto, startMosquitto } from '../helpers/mosquitto.ts'
import { startTestGateway, type TestGateway } from '../helpers/start-gateway.ts'

const SECRET = 'hunter2-of-the-bus'

async function viewerOf(gateway: TestGateway, name = 'viewer') {
  const { body } = await gateway.api('POST', 'api-keys', { name, role: 'viewer' })
  return { authorization: `Bearer ${body.key}` }
}

test('a quarantine begins an alarm on a page that is open, and its release ends it', async () => {
  const gateway = await startTestGateway()
  const { token } = await gateway.enrol('twin')
  const page = await openPage(gateway, { headers: await viewerOf(gateway) })
  page.subscribe('alarms')
  await page.until(() => page.of('snapshot').length > 0)
  expect(page.items('alarms')).toEqual([])
  await takeTurns(gateway, token)
  const id = 'device_quarantined:twin'
  await page.until(() => page.items('alarms').some((item) => item.id === id))
  expect(page.items('alarms')).toMatchObject([{ id, severity: 'warning', device: 'twin', count: 1 }])
  const { body } = await gateway.api('GET', 'quarantines')
  expect(body).toMatchObject({ items: [{ device: 'twin', addresses: ['127.0.0.1'] }], next: null })
  expect(String((await gateway.api('GET', '/metrics')).body)).toContain('fairlead_alarms{severity="warning"} 1')
  const late = await openPage(gateway, { headers: await viewerOf(gateway, 'late') })
  late.subscribe('alarms')
  await late.until(() => late.items('alarms').some((item) => item.id === id))
  await gateway.api('DELETE', 'devices/twin/quarantine')
  for (const one of [page, late]) await one.until(() => one.items('alarms').some(({ over }) => over === true))
  expect((await gateway.api('GET', 'alarms?kind=device_quarantined')).body.items).toEqual([])
  const begun = gateway.logLines.filter((line) => line.includes('"msg":"alarm"') && line.includes(id))
  expect(begun).toHaveLength(1)
})

test('the node is told every other second, and only to who looks', async () => {
  const gateway = await startTestGateway()
  const { device } = await gateway.readyDevice('a')
  await device.telemetry({ n: 1 }).settled
  const page = await openPage(gateway, { headers: await viewerOf(gateway) })
  const other = await openPage(gateway, { headers: await viewerOf(gateway, 'other') })
  other.subscribe('alarms')
  page.subscribe('node')
  await page.until(() => page.items('node').length >= 3)
  const times = page.items('node').map(({ now }) => Number(now))
  expect(new Set(times).size).toBe(times.length)
  const last = page.items('node').at(-1)
  expect(last).toMatchObject({
    ...{ name: 'node-1', sessions: { online: 1 }, messages: { received: 1, published: 1 } },
    bus: { kind: 'embedded', ready: true, waiting_messages: 0, publish_p99_ms: expect.any(Number) },
    registry: { ready: true, size_bytes: expect.any(Number), disk_free_bytes: expect.any(Number) },
    certificate: { source: 'private', names: expect.arrayContaining(['localhost']) },
  })
  const { body } = await gateway.api('GET', 'node')
  expect(other.items('node')).toEqual([])
  expect(body.load.memory_bytes).toBeGreaterThan(1e6)
  expect(Object.keys(body).sort()).toEqual(Object.keys(last ?? {}).sort())
  expect(body.bus.address).toBe(gateway.mqttUrl)
})

describeWithMosquitto('with a broker that asks for a password', () => {
  test('its absence is an alarm with the reason, and the password stands nowhere', async () => {
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const url = mosquitto.url.replace('mqtt://', `mqtt://gateway:${SECRET}@`)
    const gateway = await startTestGateway({ env: { FAIRLEAD_MQTT_URL: url } })
    await expect.poll(async () => (await gateway.api('GET', 'node')).body.bus.ready, { timeout: 20_000 }).toBe(true)
    const page = await openPage(gateway, { headers: await viewerOf(gateway) })
    for (const channel of ['alarms', 'node']) page.subscribe(channel)
    await mosquitto.stop()
    await page.until(() => page.items('alarms').some(({ id }) => id === 'bus_unavailable'))
    const alarms = await gateway.api('GET', 'alarms')
    expect(alarms.body).toMatchObject({ items: [{ severity: 'critical' }], counts: { critical: 1 } })
    expect(alarms.body.items[0].text).toContain('ECONNREFUSED')
    const { body: node } = await gateway.api('GET', 'node')
    expect(node.bus).toMatchObject({ kind: 'external', address: mosquitto.url, ready: false })
    await mosquitto.restart()
    await page.until(() => page.items('alarms').some(({ over }) => over === true))
    const said = [alarms.body, node, page.heard, gateway.logLines]
    expect(JSON.stringify(said)).not.toContain(SECRET)
  })
})
