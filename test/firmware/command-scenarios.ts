import { expect, test } from 'vitest'
import type { MakeDevice } from './device-under-test.ts'
import { buildWorld, command, commandIn, isReady, readyWorld } from './world.ts'

export function commandScenarios(make: MakeDevice): void {
  test('[C-5] a command runs and its result comes back', async () => {
    const { gateway, device } = await readyWorld(make)
    const ping = await command(gateway, 'ping')
    expect((await commandIn(gateway, ping, 'succeeded')).result).toMatchObject({ pong: true })
    const set = await command(gateway, 'set', { interval_s: 30, name: 'Gewächshaus 7' })
    const { result, history } = await commandIn(gateway, set, 'succeeded')
    expect(result).toMatchObject({ interval_s: 30, name: 'Gewächshaus 7' })
    expect(history.map((line: { state: string }) => line.state)).toEqual(['queued', 'sent', 'accepted', 'succeeded'])
    expect(device.runsOf(set)).toBe(1)
  })

  test('[C-5] a failure has the words of the device', async () => {
    const { gateway } = await readyWorld(make)
    const id = await command(gateway, 'fail', { code: 'valve_stuck', message: 'the valve did not move' })
    const { error } = await commandIn(gateway, id, 'failed')
    expect(error).toEqual({ code: 'valve_stuck', message: 'the valve did not move' })
  })

  test('[C-17] a command that the device does not know is rejected as unsupported: nothing was accepted', async () => {
    const { gateway, device } = await readyWorld(make)
    const id = await command(gateway, 'fly')
    const { error, history } = await commandIn(gateway, id, 'rejected')
    expect(error).toMatchObject({ code: 'unsupported' })
    expect(history.map((line: { state: string }) => line.state)).toEqual(['queued', 'sent', 'rejected'])
    expect(device.runsOf(id)).toBe(0)
  })

  test('[C-16] a running command that can be stopped is stopped', async () => {
    const { gateway } = await readyWorld(make)
    const id = await command(gateway, 'slow', { seconds: 20 })
    await commandIn(gateway, id, 'accepted')
    const asked = await gateway.api('POST', `commands/${id}/cancel`)
    expect(asked).toMatchObject({ status: 409, body: { code: 'command_in_flight' } }) // the device has the last word
    await commandIn(gateway, id, 'cancelled')
  })

  test('[C-15] what was begun when the link broke is answered after it is back, and ran once', async () => {
    const { gateway, cable, device } = await readyWorld(make)
    const id = await command(gateway, 'slow', { seconds: 1.5 })
    await commandIn(gateway, id, 'accepted')
    cable.cut()
    await expect.poll(() => device.state, { timeout: 15_000 }).not.toBe('ready')
    cable.heal()
    expect((await commandIn(gateway, id, 'succeeded')).result).toEqual({ waited_ms: 1_500 })
    expect(device.sessions).toBe(2)
    expect(device.runsOf(id)).toBe(1)
  })

  test('[C-15] a result that was lost on its way is told again, and nothing runs twice', async () => {
    const { gateway, cable, device } = await readyWorld(make)
    const id = await command(gateway, 'slow', { seconds: 1 })
    await commandIn(gateway, id, 'accepted')
    cable.blackhole()
    await new Promise((resolve) => setTimeout(resolve, 1_500)) // the command must end while nobody hears it
    cable.heal()
    await isReady(device, 1)
    expect((await commandIn(gateway, id, 'succeeded')).result).toEqual({ waited_ms: 1_000 })
    expect(device.runsOf(id)).toBe(1)
  })

  test('[C-15] a command that a restart interrupted says so, and does not run again', async () => {
    const { gateway, device } = await readyWorld(make)
    const id = await command(gateway, 'slow', { seconds: 20 })
    await commandIn(gateway, id, 'accepted')
    await device.restart()
    expect((await commandIn(gateway, id, 'failed')).error).toMatchObject({ code: 'interrupted' })
    expect(device.runsOf(id)).toBe(1)
  })

  test('[C-3] a device that was away gets its queue in order, more than it may have unfinished at once', async () => {
    const { gateway, device } = await buildWorld(make)
    const ids: string[] = []
    for (let n = 0; n < 12; n++) ids.push(await command(gateway, 'set', { n }))
    device.start()
    for (const id of ids) await commandIn(gateway, id, 'succeeded')
    expect(ids.map((id) => device.runsOf(id))).toEqual(Array(12).fill(1))
    expect(device.settings).toMatchObject({ n: 11 })
  })
}
