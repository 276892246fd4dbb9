import { beforeEach, describe, expect, test } from 'vitest'
import { CoreRig } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
})
const count = (name: string) => rig.core.fleet.device('d1').then(({ counters }) => counters[name])

describe('malformed messages without a place [M-8]', () => {
  test.each([
    ['not JSON', 'garbage'],
    ['an unknown type', '{"type":"hug"}'],
    ['no type', '{}'],
    ['a second hello [S-2]', '{"type":"hello","boot":"b2","firmware":"1","model":"m","capabilities":[]}'],
    ['a message that only a gateway may send', '{"type":"ack","seq":1}'],
    ['telemetry whose seq cannot be read', '{"type":"telemetry","seq":"1","points":[]}'],
  ])('%s: dropped and counted, the 20th ends the session with 4014', async (_, frame) => {
    const device = await rig.ready()
    for (let i = 0; i < 19; i++) device.text(frame)
    expect(device.link.closes).toEqual([])
    expect(await count('malformed')).toBe(19)
    device.text(frame)
    expect(device.link.closedWith).toBe(4014)
    expect(device.link.of('nack')).toEqual([])
  })

  test('a binary frame of unknown kind is one of them [B-2]', async () => {
    const device = await rig.ready()
    for (let i = 0; i < 20; i++) device.binary(new Uint8Array([9, 0, 0, 0, 1, 0]))
    expect(device.link.closedWith).toBe(4014)
  })
})

test('a token_stored that nobody asked for is counted and has no other effect', async () => {
  const device = await rig.ready()
  for (let i = 0; i < 100; i++) device.send({ type: 'token_stored', tokenId: 't', sha256: '0'.repeat(64) })
  expect(device.link.closes).toEqual([])
  expect(await count('dropped')).toBe(100)
})

describe('logs [M-11]', () => {
  test('go to the bus with the time of receipt [U-7]', async () => {
    const device = await rig.ready()
    device.send({ type: 'log', level: 'warn', text: 'pump current high' })
    expect(rig.bus.on('/log')[0]?.json).toEqual({ level: 'warn', text: 'pump current high', ts: rig.clock.wallMs() })
    expect(rig.bus.on('/log')[0]?.retain).toBe(false)
  })

  test('above the rate are dropped and counted, those within it still pass', async () => {
    const device = await rig.ready()
    const log = () => device.send({ type: 'log', level: 'info', text: 'again' })
    for (let i = 0; i < 10_000; i++) {
      log()
      if (i % 100 === 0) await settled()
    }
    const burst = rig.bus.on('/log').length
    expect(burst).toBeLessThanOrEqual(200)
    expect(await count('dropped')).toBe(10_000 - burst)
    await rig.clock.advance(1_000)
    log()
    expect(rig.bus.on('/log')).toHaveLength(burst + 1)
    expect(device.link.closes).toEqual([])
  })

  test('a flood of them does not end the session at its next command answer [A-12]', async () => {
    const device = await rig.ready()
    for (let i = 0; i < 1_000; i++) device.send({ type: 'log', level: 'info', text: 'again' })
    device.send({ type: 'accepted', id: 'c1' })
    expect(device.link.closes).toEqual([])
  })

  test('while the bus is away only a few of a session wait, so that telemetry has the room', async () => {
    const device = await rig.ready()
    rig.holdAll()
    for (let i = 0; i < 100; i++) device.send({ type: 'log', level: 'info', text: 'again' })
    expect(rig.bus.waiting('/log')).toHaveLength(16)
    rig.bus.confirmAll()
    await settled()
    device.send({ type: 'log', level: 'info', text: 'again' })
    expect(rig.bus.waiting('/log')).toHaveLength(1)
  })

  test('one that the bus does not take is dropped and counted', async () => {
    const device = await rig.ready()
    rig.bus.refuses = () => new Error('full')
    device.send({ type: 'log', level: 'info', text: 'lost' })
    await settled()
    expect(await count('dropped')).toBe(1)
    expect(device.link.closes).toEqual([])
  })
})

test('command answers over the rate end the session with 4013 [A-12]', async () => {
  const device = await rig.ready()
  for (let i = 0; i < 200; i++) device.send({ type: i % 2 ? 'accepted' : 'progress', id: 'c1' })
  expect(device.link.closes).toEqual([])
  device.send({ type: 'result', id: 'c1', ok: true })
  expect(device.link.closedWith).toBe(4013)
})

test('reports and stored tokens count with them [A-12]', async () => {
  const device = await rig.ready()
  for (let i = 0; i < 100; i++) {
    device.send({ type: 'reported', version: 0, state: {} })
    device.send({ type: 'token_stored', tokenId: 't', sha256: '0'.repeat(64) })
  }
  expect(device.link.closes).toEqual([])
  device.send({ type: 'reported', version: 0, state: {} })
  expect(device.link.closedWith).toBe(4013)
})
