import { expect, test } from 'vitest'
import { shown } from '../e2e/on-each-bus.ts'
import type { TestGateway } from '../helpers/start-gateway.ts'
import type { MakeDevice } from './device-under-test.ts'
import { buildWorld, PATIENCE_MS, readyWorld, TOPIC } from './world.ts'

const SHADOW = 'devices/greenhouse-1/shadow'

async function wants(gateway: TestGateway, desired: object): Promise<number> {
  const { status, body } = await gateway.api('PATCH', SHADOW, { desired })
  expect(status).toBe(200)
  return body.desired_version
}

async function hasReported(gateway: TestGateway, version: number): Promise<object> {
  const look = () => gateway.api('GET', SHADOW).then(({ body }) => body.reported_version)
  await expect.poll(look, { timeout: PATIENCE_MS }).toBe(version)
  return (await gateway.api('GET', SHADOW)).body.reported
}

export function settingsScenarios(make: MakeDevice): void {
  test('[M-12] a change reaches the device at once, and what it runs with is reported and on the bus', async () => {
    const { gateway, bus, device } = await readyWorld(make)
    const version = await wants(gateway, { interval_s: 30, limits: { high: 40.5 } })
    expect(await hasReported(gateway, version)).toEqual({ interval_s: 30, limits: { high: 40.5 } })
    expect(device.settings).toEqual({ interval_s: 30, limits: { high: 40.5 } })
    const shadow = await shown(bus, `${TOPIC}/shadow`, (body) => body.versions?.reported === version)
    expect(shadow.reported).toEqual({ interval_s: 30, limits: { high: 40.5 } })
  })

  test('[M-12] changes made while the device was away reach it as one, when it is back', async () => {
    const { gateway, device } = await buildWorld(make)
    await wants(gateway, { interval_s: 10 })
    const version = await wants(gateway, { interval_s: 60, name: 'north' })
    device.start()
    expect(await hasReported(gateway, version)).toEqual({ interval_s: 60, name: 'north' })
  })
}
