import { expect, test } from 'vitest'
import type { MakeDevice } from './device-under-test.ts'
import { isDrained, isReady, PATIENCE_MS, readyWorld, recordOn } from './world.ts'

export function tokenScenarios(make: MakeDevice): void {
  test('[K-5] a revoked token ends the session with 4500, then 401; the device keeps trying', async () => {
    const { gateway, device, tokenId } = await readyWorld(make)
    expect((await gateway.api('DELETE', `devices/greenhouse-1/tokens/${tokenId}`)).status).toBe(204)
    await expect.poll(() => device.lastBye?.code, { timeout: PATIENCE_MS }).toBe(4500)
    await expect.poll(() => device.refusals.length, { timeout: PATIENCE_MS }).toBeGreaterThan(1)
    expect(new Set(device.refusals)).toEqual(new Set([401]))
    const born = await device.telemetry({ kept: true })
    expect(born.boot).toBe(device.boot)
    expect(device.unacknowledged).toBe(1)
  })

  test('[H-13] after a 401 it comes back with the token in its other slot', async () => {
    const { gateway, bus, device, tokenId } = await readyWorld(make, { twoTokens: true })
    expect((await gateway.api('DELETE', `devices/greenhouse-1/tokens/${tokenId}`)).status).toBe(204)
    await isReady(device, 1)
    expect(device.lastBye).toMatchObject({ code: 4500, reason: 'token_revoked' })
    expect(device.refusals).toEqual([401])
    await recordOn(bus, await device.telemetry({ back: true }))
    await isDrained(device)
  })

  test('[K-7] a token is replaced over the open socket, and the next session uses the new one', async () => {
    const { gateway, device, cable, tokenId } = await readyWorld(make)
    const started = await gateway.api('POST', 'devices/greenhouse-1/tokens/rotate', { overlap_s: 0 })
    expect(started.status).toBe(202)
    const look = () => device.confirmedTokens.length
    await expect.poll(look, { timeout: PATIENCE_MS }).toBe(1)
    expect(device.state).toBe('ready') // [K-8] the session counts under the new one
    const gone = () => gateway.api('DELETE', `devices/greenhouse-1/tokens/${tokenId}`).then(({ status }) => status)
    await expect.poll(gone, { timeout: PATIENCE_MS }).toBeLessThan(500)
    cable.cut()
    await expect.poll(() => device.state, { timeout: 15_000 }).not.toBe('ready')
    cable.heal()
    await isReady(device, 1)
    expect(device.refusals).toEqual([])
    await device.restart()
    await isReady(device, 2)
    expect(device.refusals).toEqual([])
  })

  test('[K-5] a device that is disabled is told 4503, refused with 403, and comes back when it is enabled', async () => {
    const { gateway, device } = await readyWorld(make)
    await gateway.api('PATCH', 'devices/greenhouse-1', { enabled: false })
    await expect.poll(() => device.lastBye?.code, { timeout: PATIENCE_MS }).toBe(4503)
    await expect.poll(() => device.refusals.at(-1), { timeout: PATIENCE_MS }).toBe(403)
    await gateway.api('PATCH', 'devices/greenhouse-1', { enabled: true })
    await isReady(device, 1)
  })
}
