import { expect, test } from 'vitest'
import { connectByHand, type HandDevice } from '../helpers/hand-device.ts'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'
import { onEachBus, shown } from './on-each-bus.ts'

const AVAILABILITY = 'fairlead/devices/greenhouse-1/availability'
const NODE = 'fairlead/nodes/node-1/state'

onEachBus('presence', (open) => {
  test('[P-1] a connected device is online: retained, with session, reason and node', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const online = await shown(bus, AVAILABILITY, (body) => body.state === 'online')
    const session = device.welcome?.session
    expect(online).toMatchObject({ state: 'online', session, reason: 'connected', node: 'node-1' })
    expect(online.since).toBeGreaterThan(Date.now() - 60_000)
    await expect.poll(() => bus.retained(AVAILABILITY).then((message) => message?.text)).toBe(JSON.stringify(online))
    const { presence } = (await gateway.api('GET', 'devices/greenhouse-1')).body
    expect(presence).toMatchObject({ state: 'online', session, reason: 'connected' })
  })

  test('[P-2] a device that says goodbye is offline for that reason, one that is cut has lost its connection', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    await device.stop()
    expect(await shown(bus, AVAILABILITY, (body) => body.reason === 'bye')).toMatchObject({ state: 'offline' })
    device.start()
    const { session } = await device.ready
    device.kill()
    const lost = await shown(bus, AVAILABILITY, (body) => body.reason === 'connection_lost')
    expect(lost).toMatchObject({ state: 'offline', session })
  })

  test('[P-6] a device that goes to sleep says until when', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    await device.sleep(3600)
    const asleep = await shown(bus, AVAILABILITY, (body) => body.state === 'sleeping')
    expect(asleep.wake_at).toBeGreaterThan(Date.now() + 3_500_000)
  })

  test('[S-5] a second connection takes over: the older one is told 4009, and the device never shows as offline', async () => {
    const { gateway, bus } = await open()
    const { device, token } = await gateway.readyDevice('greenhouse-1')
    await shown(bus, AVAILABILITY, (body) => body.state === 'online')
    const newer = gateway.device(token)
    newer.start()
    await newer.ready
    await device.until('backoff')
    expect(device.lastBye).toMatchObject({ code: 4009, reason: 'replaced' })
    const second = await shown(bus, AVAILABILITY, (body) => body.session === newer.welcome?.session)
    expect(second.state).toBe('online')
    expect(newer.welcome?.session).toBeGreaterThan(device.welcome?.session ?? Number.NaN)
    const seen = bus.messages.filter((message) => message.topic === AVAILABILITY)
    expect(seen.map((message) => JSON.parse(message.text).state)).toEqual(['offline', 'online', 'online'])
  })

  test('[P-9] two devices with one token are told apart: one keeps the session, the other is refused, and it is shown', async () => {
    const { gateway, bus } = await open()
    const { token } = await gateway.enrol('greenhouse-1')
    let last: HandDevice | undefined
    for (const boot of ['one', 'two', 'one', 'two', 'one']) {
      last = await connectByHand(gateway, token)
      await last.hello({ boot })
    }
    const alert = await shown(bus, 'fairlead/devices/greenhouse-1/alert')
    expect(alert).toMatchObject({ alert: 'quarantined', reason: 'two_holders' })
    await expect(connectByHand(gateway, token)).rejects.toThrow('429')
    const { body } = await gateway.api('GET', 'devices/greenhouse-1')
    expect(body).toMatchObject({ presence: { state: 'online' }, quarantine: { until: alert.until } })
    expect((await gateway.api('DELETE', 'devices/greenhouse-1/quarantine')).status).toBe(204)
    await (await connectByHand(gateway, token)).hello({ boot: 'two' })
    const audited = await gateway.api('GET', 'audit?device=greenhouse-1&limit=3')
    const actions = audited.body.items.map((entry: { action: string }) => entry.action)
    expect(actions).toEqual(['releaseDevice', 'device_quarantined', 'createDevice'])
    expect((await last?.closed)?.code).toBe(4009)
    const reasons = async () => {
      const { items } = (await gateway.api('GET', 'devices/greenhouse-1/connections')).body
      return items.map((one: { reason?: string }) => one.reason)
    }
    await expect.poll(reasons).toEqual([undefined, ...Array(5).fill('replaced')])
  })

  test('[S-7] a device whose pongs stop is offline, though its socket is still open', async () => {
    const env = { FAIRLEAD_PING_INTERVAL_MS: '1000', FAIRLEAD_PONG_TIMEOUT_MS: '1000' }
    const { gateway, bus } = await open({ env })
    const { token } = await gateway.enrol('greenhouse-1')
    const device = await connectByHand(gateway, token, { autoPong: false })
    await device.hello()
    const gone = await shown(bus, AVAILABILITY, (body) => body.state === 'offline' && body.session > 0)
    expect(gone.reason).toBe('heartbeat_timeout')
    expect(await device.next('bye')).toMatchObject({ code: 4012 })
    expect((await device.closed).code).toBe(4012)
  })

  test('[P-5] a stopped node says so, and so it does of its devices', async () => {
    const { gateway, bus, mosquitto } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    await shown(bus, AVAILABILITY, (body) => body.state === 'online')
    expect(await shown(bus, NODE)).toMatchObject({ state: 'online' })
    const stopped = gateway.gateway.stop()
    expect(await shown(bus, AVAILABILITY, (body) => body.reason === 'restart')).toMatchObject({ state: 'offline' })
    expect(await shown(bus, NODE, (body) => body.state === 'offline')).toBeDefined()
    await stopped
    await expect.poll(() => device.closeCode).toBe(1012)
    expect(device.lastBye).toMatchObject({ code: 1012, reason: 'restart', reconnect: true })
    if (mosquitto) expect(JSON.parse((await bus.retained(NODE))?.text ?? '{}').state).toBe('offline')
  })
})

test('[P-5] after a crash the devices of the node are offline until they are back, with higher sessions', async () => {
  const dataDir = await temporaryDirectory()
  const first = await startTestGateway({ dataDir })
  const { token, device } = await first.readyDevice('greenhouse-1')
  const before = device.welcome?.session ?? Number.NaN
  await expect
    .poll(() => first.api('GET', 'devices/greenhouse-1').then(({ body }) => body.presence.state))
    .toBe('online')
  device.kill()
  await first.gateway.stop()
  const second = await startTestGateway({ dataDir })
  const { presence } = (await second.api('GET', 'devices/greenhouse-1')).body
  expect(presence.state).toBe('offline')
  const back = second.device(token)
  back.start()
  expect((await back.ready).session).toBeGreaterThan(before)
})

test('a second gateway on the same data directory is refused with the address of the first, and harms nothing', async () => {
  const first = await startTestGateway()
  await first.enrol('greenhouse-1')
  const { dataDir } = first
  await expect(startTestGateway({ dataDir })).rejects.toThrow(
    `another gateway (process ${process.pid}, ${first.gateway.address.url}) uses the data directory ${dataDir}`,
  )
  expect((await first.api('GET', 'devices/greenhouse-1')).status).toBe(200)
  await first.gateway.stop()
  const second = await startTestGateway({ dataDir })
  expect((await second.api('GET', 'devices/greenhouse-1')).status).toBe(200)
})
