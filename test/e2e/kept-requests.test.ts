import { expect, onTestFinished, test } from 'vitest'
import { connectBusClient } from '../helpers/bus-client.ts'
import { describeWithMosquitto, startMosquitto } from '../helpers/mosquitto.ts'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'

/** More than a broker may have in flight towards the gateway (100), and fewer for each device than it may have waiting. */
const REQUESTS = 240
const DEVICES = 3
const PATIENCE_MS = 60_000

describeWithMosquitto('requests that wait at the broker', () => {
  test('[C-9] [U-13] repeats of stored ones do not keep a gateway from its bus: all are answered again', async () => {
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const dataDir = await temporaryDirectory()
    const env = { FAIRLEAD_MQTT_URL: mosquitto.url }
    const bus = await connectBusClient(mosquitto.url)
    onTestFinished(() => bus.close())
    await bus.subscribe('fairlead/devices/+/command/status/+')
    const ids = Array.from({ length: REQUESTS }, (_, n) => `c${n}`)
    const askAll = async () => {
      for (const [n, id] of ids.entries()) {
        await bus.publish(`fairlead/devices/d${n % DEVICES}/command/request/${id}`, JSON.stringify({ name: 'open' }))
      }
    }
    const shownOf = (id: string) => bus.messages.filter(({ topic }) => topic.endsWith(`/status/${id}`)).length
    const all = (times: number) => () => ids.filter((id) => shownOf(id) < times).length

    const first = await startTestGateway({ env, dataDir })
    for (let n = 0; n < DEVICES; n += 1) await first.enrol(`d${n}`)
    await expect.poll(async () => (await first.api('GET', '/readyz')).status, { timeout: PATIENCE_MS }).toBe(200)
    await askAll()
    await expect.poll(all(1), { timeout: PATIENCE_MS }).toBe(0)
    await first.gateway.stop()
    await askAll() // as a sender does that did not see the first answer
    const second = await startTestGateway({ env, dataDir })
    await expect.poll(async () => (await second.api('GET', '/readyz')).status, { timeout: PATIENCE_MS }).toBe(200)
    await expect.poll(all(2), { timeout: PATIENCE_MS }).toBe(0)
  }, 180_000)
})
