import { spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway } from '../helpers/start-gateway.ts'
import { describeWithCompiler } from './build.ts'
import type { DeviceSetup } from './device-under-test.ts'
import { BUILD_TIMEOUT_MS, buildHostDevice } from './host-device-build.ts'
import { HostDeviceUnderTest } from './host-device-under-test.ts'
import { firmwareScenarios } from './scenarios.ts'
import { buildWorld, command, commandIn, isDrained, isReady, PATIENCE_MS, recordOn, TOPIC } from './world.ts'

describeWithCompiler("the firmware's core as a process", () => {
  let path = ''
  beforeAll(async () => {
    path = await buildHostDevice()
  }, BUILD_TIMEOUT_MS)

  const make = (setup: DeviceSetup) => new HostDeviceUnderTest(path, setup)

  firmwareScenarios(make)

  /** A device that is ready, with what only a process can show. */
  async function readyHost(change: (setup: DeviceSetup) => HostDeviceUnderTest = make) {
    const made: HostDeviceUnderTest[] = []
    const world = await buildWorld((setup) => {
      const device = change(setup)
      made.push(device)
      return device
    })
    const [device] = made
    if (device === undefined) throw new Error('no device was made')
    device.start()
    return { ...world, device }
  }

  describe('what only the process can show', () => {
    test('[A-11] events of an offline device survive the pulled plug, and so does its token', async () => {
      const { bus, cable, device } = await readyHost()
      await isReady(device)
      cable.cut()
      await expect.poll(() => device.state, { timeout: 15_000 }).toBe('waiting')
      const born = [await device.event('alarm', { n: 1 }), await device.event('alarm', { n: 2 })]
      await device.unplug()
      expect(device.boot).not.toBe(born[0]?.boot)
      expect(device.unacknowledged).toBe(2)
      cable.heal()
      await isReady(device, 1)
      for (const one of born) await recordOn(bus, one, `${TOPIC}/event/alarm`)
      await isDrained(device)
      expect(device.refusals).toEqual([])
    })

    test('[K-7] a new token survives the pulled plug', async () => {
      const { gateway, device } = await readyHost()
      await isReady(device)
      const { token_sha256: before } = await device.stats()
      expect((await gateway.api('POST', 'devices/greenhouse-1/tokens/rotate', { overlap_s: 0 })).status).toBe(202)
      await expect.poll(() => device.confirmedTokens.length, { timeout: PATIENCE_MS }).toBe(1)
      await device.unplug()
      await isReady(device, 1)
      const { token_sha256: after } = await device.stats()
      expect(after).toBe(device.confirmedTokens[0])
      expect(after).not.toBe(before)
      expect(device.refusals).toEqual([])
    })

    test('[C-15] a command that the pulled plug interrupted says so and does not run again', async () => {
      const { gateway, device } = await readyHost()
      await isReady(device)
      const id = await command(gateway, 'slow', { seconds: 20 })
      await commandIn(gateway, id, 'accepted')
      await device.unplug()
      expect((await commandIn(gateway, id, 'failed')).error).toMatchObject({ code: 'interrupted' })
      expect(device.runsOf(id)).toBe(1)
    })

    test('[C-15] a result that was stored before the pulled plug is told after it', async () => {
      const { gateway, cable, device } = await readyHost()
      await isReady(device)
      const id = await command(gateway, 'ask', { question: 7 })
      await commandIn(gateway, id, 'accepted')
      cable.blackhole()
      device.answer(id, { ok: true, data: { answer: 42 } })
      await device.stats() // orders are carried out in turn: the answer is stored
      await device.unplug()
      cable.heal()
      expect((await commandIn(gateway, id, 'succeeded')).result).toEqual({ answer: 42 })
      expect(device.runsOf(id)).toBe(1)
    })

    test('[H-1] a gateway whose certificate another CA signed is never spoken to', async () => {
      const { ca } = await startTestGateway()
      const { device, gateway } = await readyHost((setup) => new HostDeviceUnderTest(path, { ...setup, ca }))
      await expect.poll(() => device.failures.length, { timeout: PATIENCE_MS }).toBeGreaterThan(1)
      expect(new Set(device.failures)).toEqual(new Set(['tls_certificate']))
      expect((await gateway.api('GET', 'devices/greenhouse-1')).body.presence.reason).toBe('never_connected')
    })

    test('the gateway also takes a client that speaks TLS 1.3, masks at random and sees close codes', async () => {
      const seeing = (setup: DeviceSetup) => new HostDeviceUnderTest(path, setup, ['--like-links2004=0'])
      const { bus, device } = await readyHost(seeing)
      await isReady(device)
      await recordOn(bus, await device.telemetry({ masked: true }))
      await isDrained(device)
    })

    test('[X-6] without a network it waits for the network, and connects when it is there', async () => {
      const { device } = await readyHost()
      await isReady(device)
      device.link(false)
      device.leave()
      await expect.poll(() => device.state, { timeout: PATIENCE_MS }).toBe('left')
      device.start()
      await expect.poll(() => device.state, { timeout: PATIENCE_MS }).toBe('waiting')
      expect(device.sessions).toBe(1)
      device.link(true)
      await isReady(device, 1)
    })

    test('an order that it does not understand is reported, and changes nothing', async () => {
      const { device } = await readyHost()
      await isReady(device)
      device.say('no JSON')
      device.say('{"do":"fly"}')
      await expect.poll(() => device.problems.length).toBe(2)
      expect((await device.stats()).sessions).toBe(1)
    })

    test('wrong arguments are told and end with 2', () => {
      const wrong = [[], ['--state'], ['--wings', '2'], ['--state', '/tmp/x', '--ca', '/nonexistent'], ['--port', '0']]
      for (const list of wrong) {
        const { status, stderr } = spawnSync(path, list, { encoding: 'utf8' })
        expect(status, stderr).toBe(2)
        expect(stderr).toContain('--state DIR')
      }
    })
  })
})
