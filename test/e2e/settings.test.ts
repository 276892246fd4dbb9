import { expect, test } from 'vitest'
import { connectByHand } from '../helpers/hand-device.ts'
import { startTestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'
import { onEachBus, shown } from './on-each-bus.ts'

const SHADOW = 'fairlead/devices/greenhouse-1/shadow'
const PATH = 'devices/greenhouse-1/shadow'

onEachBus('settings', (open) => {
  test('[M-12] what an operator wants goes to the device, and what it runs with comes back to REST and the bus', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const changed = await gateway.api('PATCH', PATH, { desired: { interval_s: 30, led: { on: true } } })
    expect(changed).toMatchObject({ status: 200, body: { desired_version: 1 } })
    expect(changed.headers.etag).toBe('"1"')
    const taken = await shown(bus, SHADOW, (body) => body.versions.reported === 1)
    expect(taken).toEqual({
      desired: { interval_s: 30, led: { on: true } },
      reported: { interval_s: 30, led: { on: true } },
      versions: { desired: 1, reported: 1 },
    })
    expect(device.settings).toEqual({ interval_s: 30, led: { on: true } })
    expect((await gateway.api('GET', PATH)).body).toMatchObject({
      desired: taken.desired,
      desired_version: 1,
      reported: taken.reported,
      reported_version: 1,
      reported_at: expect.any(Number),
    })
    await expect.poll(() => bus.retained(SHADOW).then((message) => message?.text)).toBe(JSON.stringify(taken))
  })

  test('[M-12] a device that was away gets the last of it after its welcome, once it has reported it no more', async () => {
    const { gateway, bus } = await open()
    const { token } = await gateway.enrol('greenhouse-1')
    for (const interval_s of [10, 20, 30]) await gateway.api('PATCH', PATH, { desired: { interval_s } })
    const device = gateway.device(token)
    const versions: number[] = []
    device.on('message', (message) => message.type === 'desired' && versions.push(message.version))
    device.start()
    await shown(bus, SHADOW, (body) => body.versions.reported === 3)
    await device.stop()
    device.start()
    await device.ready
    await device.telemetry({ n: 1 }).settled
    expect(versions).toEqual([3])
    await gateway.api('PATCH', PATH, { desired: { interval_s: null } })
    expect(await shown(bus, SHADOW, (body) => body.versions.desired === 4)).toMatchObject({ desired: {} })
  })

  test('[M-12] a report that nobody asked for is shown; one that is too large is counted and harms nobody', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    device.reported(0, { board: 'rev B' })
    expect(await shown(bus, SHADOW)).toEqual({
      desired: {},
      reported: { board: 'rev B' },
      versions: { desired: 0, reported: 0 },
    })
    device.reported(0, { text: 'x'.repeat(13_000) })
    await device.telemetry({ n: 1 }).settled
    expect((await gateway.api('GET', 'devices/greenhouse-1')).body).toMatchObject({
      presence: { state: 'online' },
      counters: { dropped: 1, malformed: 0 },
    })
    expect((await gateway.api('GET', PATH)).body.reported).toEqual({ board: 'rev B' })
  })

  test('[U-9] settings survive a restart, and are on the bus again', async () => {
    const dataDir = await temporaryDirectory()
    const { gateway } = await open({ dataDir })
    const { token } = await gateway.enrol('greenhouse-1')
    await gateway.api('PATCH', PATH, { desired: { interval_s: 30 } })
    await gateway.gateway.stop()
    const again = await open({ dataDir })
    expect(await shown(again.bus, SHADOW)).toMatchObject({ desired: { interval_s: 30 }, versions: { desired: 1 } })
    const device = again.gateway.device(token)
    device.start()
    expect(await shown(again.bus, SHADOW, (body) => body.versions.reported === 1)).toMatchObject({
      reported: { interval_s: 30 },
    })
  })

  test('[U-6] deleting the device clears its shadow', async () => {
    const { gateway, bus } = await open()
    await gateway.readyDevice('greenhouse-1')
    await gateway.api('PATCH', PATH, { desired: { interval_s: 30 } })
    await shown(bus, SHADOW, (body) => body.versions.reported === 1)
    expect((await gateway.api('DELETE', 'devices/greenhouse-1')).status).toBe(204)
    await expect.poll(() => bus.retained(SHADOW).then((message) => message?.text), { timeout: 15_000 }).toBe(undefined)
    expect((await gateway.api('GET', PATH)).status).toBe(404)
  })
})

test('a second writer with the same ETag is told by 412, and too much by 413', async () => {
  const gateway = await startTestGateway()
  await gateway.enrol('greenhouse-1')
  const { etag = '' } = (await gateway.api('GET', PATH)).headers
  expect(etag).toBe('"0"')
  const first = await gateway.api('PATCH', PATH, { desired: { n: 1 } }, undefined, { 'if-match': String(etag) })
  expect(first.status).toBe(200)
  const second = await gateway.api('PATCH', PATH, { desired: { n: 2 } }, undefined, { 'if-match': String(etag) })
  expect(second).toMatchObject({ status: 412, body: { code: 'precondition_failed' } })
  const large = await gateway.api('PATCH', PATH, { desired: { text: 'x'.repeat(3_073) } })
  expect(large).toMatchObject({ status: 413, body: { code: 'too_large' } })
  expect((await gateway.api('GET', PATH)).body).toMatchObject({ desired: { n: 1 }, desired_version: 1 })
})

test('[M-12] played by hand: desired comes whole with its version, and once more when the device was reset', async () => {
  const gateway = await startTestGateway()
  const { token } = await gateway.enrol('greenhouse-1')
  await gateway.api('PATCH', PATH, { desired: { a: 1, b: 2 } })
  const device = await connectByHand(gateway, token)
  await device.hello()
  expect(await device.next('desired')).toEqual({ type: 'desired', version: 1, state: { a: 1, b: 2 } })
  device.send({ type: 'reported', version: 1, state: { a: 1, b: 2 } })
  await expect.poll(() => gateway.api('GET', PATH).then(({ body }) => body.reported_version)).toBe(1)
  await gateway.api('PATCH', PATH, { desired: { a: null } })
  expect(await device.next('desired')).toEqual({ type: 'desired', version: 2, state: { b: 2 } })
  device.send({ type: 'reported', version: 2, state: { b: 2 } })
  await expect.poll(() => gateway.api('GET', PATH).then(({ body }) => body.reported_version)).toBe(2)
  const again = await connectByHand(gateway, token)
  await again.hello()
  again.send({ type: 'reported', version: 0, state: {} })
  expect(await again.next('desired')).toMatchObject({ version: 2 })
  again.send({ type: 'reported', version: 9, state: {} })
  expect(await again.next('desired')).toEqual({ type: 'desired', version: 10, state: { b: 2 } })
})
