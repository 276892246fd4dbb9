import { expect, onTestFinished, test } from 'vitest'
import { describeWithMosquitto, startMosquitto } from '../helpers/mosquitto.ts'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'
import type { MakeDevice } from './device-under-test.ts'
import {
  buildWorld,
  isDrained,
  isReady,
  listen,
  listenLastingly,
  PATIENCE_MS,
  readyWorld,
  recordOn,
  TOPIC,
} from './world.ts'

const LONG_MS = 60_000

export function faultScenarios(make: MakeDevice): void {
  test('[S-10] a gateway that restarts says so; the device comes back and nothing is lost', async () => {
    const dataDir = await temporaryDirectory()
    const { gateway, device, cable } = await readyWorld(make, { dataDir })
    await gateway.gateway.stop()
    await expect.poll(() => device.lastBye?.code, { timeout: PATIENCE_MS }).toBe(1012)
    const born = await device.telemetry({ during: 'restart' })
    const second = await startTestGateway({ dataDir })
    const bus = await listen(second)
    cable.targetPort = second.port
    await isReady(device, 1)
    await recordOn(bus, born)
    await isDrained(device)
  })

  test('[X-6] a cable that is cut and mended: the same device is back, its record once', async () => {
    const { bus, cable, device } = await readyWorld(make)
    for (let round = 1; round <= 3; round++) {
      cable.cut()
      await expect.poll(() => device.state, { timeout: 15_000 }).not.toBe('ready')
      const born = await device.telemetry({ round })
      cable.heal()
      await isReady(device, round)
      await recordOn(bus, born)
      await isDrained(device)
    }
    expect(bus.messages.filter(({ topic }) => topic === `${TOPIC}/telemetry`)).toHaveLength(3)
  })

  test(
    '[S-7] [S-11] a cable that swallows everything is noticed by both sides',
    async () => {
      const env = { FAIRLEAD_PING_INTERVAL_MS: '1000', FAIRLEAD_PONG_TIMEOUT_MS: '1000' }
      const { bus, cable, device } = await readyWorld(make, { env })
      cable.blackhole()
      const gone = await bus.next(
        ({ topic, text }) => topic === `${TOPIC}/availability` && JSON.parse(text).reason === 'heartbeat_timeout',
        PATIENCE_MS,
      )
      expect(JSON.parse(gone.text)).toMatchObject({ state: 'offline', session: 1 })
      const born = await device.telemetry({ said: 'into the void' })
      await expect.poll(() => device.state, { timeout: 30_000 }).not.toBe('ready')
      cable.heal()
      await isReady(device, 1)
      await recordOn(bus, born)
    },
    LONG_MS,
  )

  test('[S-7] a slow cable is a good cable', async () => {
    const env = { FAIRLEAD_PING_INTERVAL_MS: '1000', FAIRLEAD_PONG_TIMEOUT_MS: '2000' }
    const { bus, cable, device } = await buildWorld(make, { env })
    cable.delay(300)
    device.start()
    await isReady(device)
    const born = await Promise.all([1, 2, 3].map((n) => device.telemetry({ n })))
    for (const one of born) await recordOn(bus, one)
    await isDrained(device)
    expect(device.sessions).toBe(1)
  })

  test('[H-10] a gateway that is not there yet is found when it comes', async () => {
    const { cable, device, bus } = await buildWorld(make)
    cable.cut()
    device.start()
    const born = await device.event('early', { n: 1 })
    await expect.poll(() => device.state, { timeout: 15_000 }).toBe('waiting')
    cable.heal()
    await isReady(device)
    await recordOn(bus, born, `${TOPIC}/event/early`)
  })

  describeWithMosquitto('with Mosquitto', () => {
    test(
      '[A-10] while the broker is away nothing is acknowledged and the session stays; then all of it arrives',
      async () => {
        const config = 'allow_anonymous true\npersistence true\npersistence_location {folder}/'
        const mosquitto = await startMosquitto({ config })
        onTestFinished(() => mosquitto.remove())
        const { device } = await readyWorld(make, { env: { FAIRLEAD_MQTT_URL: mosquitto.url } })
        const seen = await listenLastingly(mosquitto.url, `${TOPIC}/telemetry`)
        const first = await device.telemetry({ n: 0 })
        await isDrained(device)
        await mosquitto.stop()
        const born = [await device.telemetry({ n: 1 }), await device.telemetry({ n: 2 })]
        await new Promise((resolve) => setTimeout(resolve, 1_500)) // an early acknowledgement would come in this time
        expect(device.unacknowledged).toBe(2)
        await mosquitto.restart()
        await isDrained(device)
        expect(device).toMatchObject({ state: 'ready', sessions: 1 })
        const records = () => seen.map(({ boot, seq }) => ({ boot, seq }))
        await expect.poll(records, { timeout: PATIENCE_MS }).toEqual([first, ...born])
      },
      LONG_MS,
    )
  })
}
