import { expect, onTestFinished, test } from 'vitest'
import { type BusClient, connectBusClient } from '../helpers/bus-client.ts'
import { discoveryProblems, render } from '../helpers/home-assistant-schema.ts'
import { describeWithMosquitto, startMosquitto } from '../helpers/mosquitto.ts'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'
import { onEachBus, type Shown } from './on-each-bus.ts'

const ENV = { FAIRLEAD_HOME_ASSISTANT_TAGS: 'home' }
const TOPIC = 'homeassistant/device/fairlead/greenhouse-1/config'
const STATE = 'fairlead/devices/greenhouse-1/state'

/** The next announcement that came. */
async function announced(bus: BusClient, matches: (cmps: Shown) => boolean = () => true): Promise<Shown> {
  const message = await bus.next(
    ({ topic, text }) => topic === TOPIC && text !== '' && matches(JSON.parse(text).cmps),
    30_000,
  )
  expect(discoveryProblems(message.topic, message.text)).toEqual([])
  return JSON.parse(message.text)
}

const cleared = (bus: BusClient) => bus.next(({ topic, text }) => topic === TOPIC && text === '', 30_000)
const kept = async (bus: BusClient) => (await bus.retained(TOPIC))?.text

onEachBus('Home Assistant', (open) => {
  test('[U-15] a tagged device is announced, changed, announced after a birth message, and cleared', async () => {
    const { gateway, bus } = await open({ env: ENV })
    await bus.subscribe('homeassistant/#')
    const { device } = await gateway.readyDevice('greenhouse-1', { model: 'example-greenhouse' })
    await gateway.api('PATCH', 'devices/greenhouse-1', { tags: ['home'] })
    await device.telemetry({ temperature: 21.5, door_open: true, mode: 'auto' }).settled
    const { dev, cmps, avty, stat_t } = await announced(bus)
    expect(dev).toMatchObject({ name: 'greenhouse-1', mdl: 'example-greenhouse' })
    await expectTrueTemplates(bus, { cmps, avty, stat_t })
    await expect.poll(() => kept(bus).then((text) => text !== undefined)).toBe(true)

    await bus.publish('homeassistant/status', 'online', { qos: 0 })
    expect(await announced(bus)).toMatchObject({ dev, cmps })
    await gateway.api('PATCH', 'devices/greenhouse-1', { model: 'glasshouse' })
    expect((await announced(bus)).dev.mdl).toBe('glasshouse')
    await gateway.api('DELETE', 'devices/greenhouse-1')
    await cleared(bus)
    await expect.poll(() => kept(bus)).toBeUndefined()
  })
})

/** What Home Assistant would show, from the messages that the bus holds. */
async function expectTrueTemplates(bus: BusClient, { cmps, avty, stat_t }: Shown): Promise<void> {
  expect(stat_t).toBe(STATE)
  const state = JSON.parse((await bus.next(({ topic }) => topic === stat_t)).text)
  const shown = Object.values<Shown>(cmps).map(({ name, val_tpl }) => [name, render(val_tpl, state)])
  expect(shown).toEqual([
    ['Temperature', '21.5'],
    ['Door open', 'True'],
    ['Mode', 'auto'],
  ])
  for (const { t, val_tpl } of avty) {
    const said = await bus.retained(t)
    expect(render(val_tpl, JSON.parse(said?.text ?? '{}'))).toBe('online')
  }
}

test('nothing is announced unless the operator asks for it', async () => {
  const gateway = await startTestGateway()
  const bus = await connectBusClient(gateway.mqttUrl)
  onTestFinished(() => bus.close())
  await bus.subscribe('#')
  const { device } = await gateway.readyDevice('greenhouse-1')
  await gateway.api('PATCH', 'devices/greenhouse-1', { tags: ['home'] })
  await device.telemetry({ temperature: 21.5 }).settled
  await bus.publish('homeassistant/status', 'online')
  await bus.next(({ topic }) => topic === STATE)
  expect(bus.messages.filter(({ topic }) => topic.endsWith('/config'))).toEqual([])
})

describeWithMosquitto('Home Assistant and an external broker', () => {
  test('[U-15] what an earlier run announced is cleared when the feature is off, also for a device that is gone', async () => {
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const dataDir = await temporaryDirectory()
    const external = { FAIRLEAD_MQTT_URL: mosquitto.url }
    const first = await startTestGateway({ dataDir, env: { ...external, ...ENV } })
    const bus = await connectBusClient(mosquitto.url)
    onTestFinished(() => bus.close())
    await bus.subscribe('homeassistant/#')
    const { device } = await first.readyDevice('greenhouse-1')
    await device.telemetry({ temperature: 21.5 }).settled
    await first.api('PATCH', 'devices/greenhouse-1', { tags: ['home'] })
    await announced(bus)
    await device.stop()
    await first.gateway.stop()
    expect(await kept(bus)).toBeDefined()
    await startTestGateway({ dataDir, env: external })
    await cleared(bus)
    await expect.poll(() => kept(bus)).toBeUndefined()
  })

  test('a broker that denies the announcement keeps telemetry flowing, and the log says so', async () => {
    const config = 'allow_anonymous true\nacl_file {folder}/acl'
    const mosquitto = await startMosquitto({ config, files: { acl: 'topic readwrite fairlead/#\n' } })
    onTestFinished(() => mosquitto.remove())
    const gateway = await startTestGateway({ env: { FAIRLEAD_MQTT_URL: mosquitto.url, ...ENV } })
    const { device } = await gateway.readyDevice('greenhouse-1')
    await gateway.api('PATCH', 'devices/greenhouse-1', { tags: ['home'] })
    await device.telemetry({ temperature: 21.5 }).settled
    const refused = () => gateway.logLines.filter((line) => line.includes('home assistant not told'))
    await expect.poll(() => refused().length, { timeout: 30_000 }).toBeGreaterThan(0)
    await device.telemetry({ temperature: 22 }).settled
    const { counters } = (await gateway.api('GET', 'devices/greenhouse-1')).body
    expect(counters.published).toBe(2)
    expect((await gateway.api('GET', '/readyz')).status).toBe(200)
  })
})
