import { expect, test } from 'vitest'
import { shown } from '../e2e/on-each-bus.ts'
import type { Born, MakeDevice } from './device-under-test.ts'
import { buildWorld, isDrained, isReady, PATIENCE_MS, readyWorld, recordOn, TOPIC } from './world.ts'

export function telemetryScenarios(make: MakeDevice): void {
  test('[S-3] it connects, is welcomed and shown online with what it is', async () => {
    const { bus } = await readyWorld(make)
    expect(await shown(bus, `${TOPIC}/availability`, (body) => body.state === 'online')).toMatchObject({ session: 1 })
    expect(await shown(bus, `${TOPIC}/info`)).toMatchObject({ model: expect.any(String) })
  })

  test('[A-10] telemetry is on the bus with its boot, number and time, and is acknowledged', async () => {
    const { bus, device } = await readyWorld(make)
    const beforeMs = Date.now()
    const born = await device.telemetry({ temp: 21.5, door: true, mode: 'auto "1"' })
    const { points } = await recordOn(bus, born)
    expect(born).toEqual({ boot: device.boot, seq: 1 })
    expect(points).toMatchObject([{ values: { temp: 21.5, door: true, mode: 'auto "1"' } }])
    expect(Math.abs(points[0].ts - beforeMs)).toBeLessThan(10_000)
    await isDrained(device)
  })

  test('[T-6] events and log lines reach their topics', async () => {
    const { bus, device } = await readyWorld(make)
    const born = await device.event('door-opened', { by: 'key 3', times: [1, 2] })
    device.log('warn', 'battery low: 3.1 V')
    const event = await recordOn(bus, born, `${TOPIC}/event/door-opened`)
    expect(event).toMatchObject({ data: { by: 'key 3', times: [1, 2] } })
    expect(await shown(bus, `${TOPIC}/log`)).toMatchObject({ level: 'warn', text: 'battery low: 3.1 V' })
    await isDrained(device)
  })

  test('[B-3] a binary frame reaches its channel byte for byte, with a number between the others', async () => {
    const { bus, device } = await readyWorld(make)
    const payload = Uint8Array.from([0xff, 0xd8, 0, 0x7b, 0x22, 0x0a])
    await device.telemetry({ n: 1 })
    const born = await device.channel('cam', payload)
    const last = await device.telemetry({ n: 3 })
    expect(born).toEqual({ boot: device.boot, seq: 2 })
    const frame = await bus.next(({ topic }) => topic === `${TOPIC}/telemetry/cam`, PATIENCE_MS)
    expect(frame.payload).toEqual(Buffer.from(payload))
    await recordOn(bus, last)
    await isDrained(device)
  })

  test('[B-4] a binary frame that waited over a restart arrives, and so does what was born after it', async () => {
    const { bus, cable, device } = await readyWorld(make)
    cable.cut()
    await expect.poll(() => device.state, { timeout: 5_000 }).not.toBe('ready')
    const before = await device.telemetry({ n: 1 })
    await device.channel('cam', Uint8Array.from([1, 2, 3]))
    const sessions = device.sessions
    await device.restart()
    await expect.poll(() => device.boot).not.toBe(before.boot)
    const after = await device.telemetry({ n: 3 })
    cable.heal()
    await isReady(device, sessions)
    await recordOn(bus, before)
    const frame = await bus.next(({ topic }) => topic === `${TOPIC}/telemetry/cam`, PATIENCE_MS)
    expect(frame.payload).toEqual(Buffer.from([1, 2, 3]))
    await recordOn(bus, after)
    await isDrained(device)
  })

  test('[S-12] what was measured offline comes first, in order, and keeps its boot over a restart', async () => {
    const { bus, cable, device } = await readyWorld(make)
    cable.cut()
    await expect.poll(() => device.state, { timeout: 15_000 }).not.toBe('ready')
    const oldBoot = device.boot
    const born: Born[] = []
    for (let n = 0; n < 5; n++) born.push(await device.telemetry({ n }))
    born.push(await device.event('before-restart', { n: 5 }))
    const before = device.sessions
    await device.restart()
    await expect.poll(() => device.boot).not.toBe(oldBoot)
    const fresh = await device.telemetry({ n: 6 })
    cable.heal()
    await isReady(device, before)
    await recordOn(bus, fresh)
    await isDrained(device)
    const records = bus.messages.filter(({ topic }) => /\/(telemetry|event\/.*)$/.test(topic))
    const seen = records.map(({ text }) => JSON.parse(text)).map(({ boot, seq }) => ({ boot, seq }))
    expect(seen).toEqual([...born, fresh])
    expect(born.map(({ boot }) => boot)).toEqual(Array(6).fill(oldBoot))
  })

  test('[A-2] a long queue goes through the window: every record once and in order', async () => {
    const { bus, device, cable } = await buildWorld(make)
    cable.cut()
    device.start()
    for (let n = 0; n < 150; n++) await device.telemetry({ n })
    expect(device.unacknowledged).toBe(150)
    cable.heal()
    await isReady(device)
    await isDrained(device)
    expect(device.lastBye).toBe(undefined)
    await shown(bus, `${TOPIC}/telemetry`, (body) => body.seq === 150)
    const seqs = bus.messages
      .filter(({ topic }) => topic === `${TOPIC}/telemetry`)
      .map(({ text }) => JSON.parse(text).seq)
    expect(seqs).toEqual(Array.from({ length: 150 }, (_, n) => n + 1))
  })

  test('[S-6] a device that leaves is offline at once, and one that sleeps is shown as sleeping', async () => {
    const { bus, device } = await readyWorld(make)
    device.leave()
    const gone = await shown(bus, `${TOPIC}/availability`, (body) => body.state === 'offline' && body.session > 0)
    expect(gone.reason).toBe('bye')
    await expect.poll(() => device.state, { timeout: 15_000 }).toBe('left')
    device.start()
    await isReady(device, 1)
    device.sleep(3_600)
    const asleep = await shown(bus, `${TOPIC}/availability`, (body) => body.state === 'sleeping')
    expect(asleep.wake_at).toBeGreaterThan(Date.now() + 3_500_000)
  })
}
