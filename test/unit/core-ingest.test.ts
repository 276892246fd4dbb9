import { beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../gateway/core/errors.ts'
import { encodeBinary } from '../../protocol/binary.ts'
import { CoreRig, POINT } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

const TELEMETRY = 'fairlead/devices/d1/telemetry'
let rig: CoreRig
beforeEach(() => {
  rig = new CoreRig()
  rig.holdTelemetry()
})
const count = (name: string) => rig.core.fleet.device('d1').then(({ counters }) => counters[name])

describe('an ack goes out only after the bus has confirmed [A-10]', () => {
  test('not before, and then for all that is confirmed without a hole [A-3]', async () => {
    const device = await rig.ready()
    for (const seq of [1, 2, 3]) device.telemetry(seq)
    const [one, two, three] = rig.bus.waiting('/telemetry')
    three?.confirm()
    one?.confirm()
    await rig.clock.advance(1_000)
    expect(device.link.acks).toEqual([1])
    two?.confirm()
    await rig.clock.advance(1_000)
    expect(device.link.acks).toEqual([1, 3])
    expect(await count('published')).toBe(3)
  })

  test('never while the bus is away, and the session stays', async () => {
    const device = await rig.ready()
    for (let seq = 1; seq <= 64; seq++) device.telemetry(seq)
    await rig.clock.advance(600_000)
    expect(device.link.acks).toEqual([])
    expect(device.link.closes).toEqual([])
    rig.bus.confirmAll()
    await rig.clock.advance(50)
    expect(device.link.acks.at(-1)).toBe(64)
  })

  test('telemetry, events and binary frames share one sequence [A-1], [B-4]', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    device.send({ type: 'event', seq: 2, name: 'door-opened', data: { by: 'key 3' } })
    device.binary(encodeBinary(3, 'cam', new Uint8Array([0xff, 0xd8])))
    const topics = rig.bus.waiting().map(({ topic }) => topic)
    expect(topics).toEqual([TELEMETRY, 'fairlead/devices/d1/event/door-opened', `${TELEMETRY}/cam`])
    expect(Buffer.from(rig.bus.waiting()[2]?.payload ?? '').toString('hex')).toBe('ffd8')
    rig.bus.confirmAll()
    await rig.clock.advance(50)
    expect(device.link.acks.at(-1)).toBe(3)
  })

  test('a record of an earlier boot keeps its boot, and its ack names it [A-9]', async () => {
    const device = await rig.ready('d1', { boot: 'now' })
    device.telemetry(900, 'before')
    expect(rig.bus.waiting()[0]?.json).toMatchObject({ boot: 'before', seq: 900 })
    rig.bus.confirmAll()
    await rig.clock.advance(50)
    expect(device.link.acks).toEqual(['before/900'])
  })

  test('the flat state does not wait for it, nor it for the state [U-5]', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    await rig.duty('last values')
    expect(rig.bus.on('/state')[0]?.json).toEqual({ temp: 21.5 })
    expect(await rig.core.fleet.lastValues('d1')).toEqual({ temp: 21.5 })
  })
})

describe('a repeat [A-4]', () => {
  test('of an acknowledged message is acknowledged again and not published again', async () => {
    const device = await rig.ready()
    for (const seq of [1, 2]) device.telemetry(seq)
    rig.bus.confirmAll()
    await rig.clock.advance(100)
    device.telemetry(1)
    expect(device.link.acks.at(-1)).toBe(2)
    expect(rig.bus.on('/telemetry')).toHaveLength(2)
    expect(await count('repeated')).toBe(1)
  })

  test('of one that is on its way is covered by the next ack', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    device.telemetry(1)
    await rig.clock.advance(100)
    expect(device.link.acks).toEqual([])
    rig.bus.confirmAll()
    await settled()
    expect(device.link.acks).toEqual([1])
    expect(rig.bus.on('/telemetry')).toHaveLength(1)
  })

  test('gaps are taken and counted as losses of the device [A-1]', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    device.telemetry(5)
    expect(await count('gaps')).toBe(3)
    rig.bus.confirmAll()
    await rig.clock.advance(50)
    expect(device.link.acks.at(-1)).toBe(5)
  })
})

describe('a nack [A-7]', () => {
  test('goes out before any ack that covers it', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    device.telemetry(2, undefined, [{ ts: 1, values: { text: 'x'.repeat(1_000) } }])
    device.text(JSON.stringify({ type: 'telemetry', seq: 3, points: [], filler: 'x'.repeat(15_000) }))
    device.send({ type: 'event', seq: 4, name: 'big', data: Array.from({ length: 20 }, () => 'x'.repeat(900)) })
    rig.bus.confirmAll()
    await rig.clock.advance(100)
    const order = device.link.messages.flatMap((m) =>
      m.type === 'ack' || m.type === 'nack' ? [`${m.type} ${m.seq}`] : [],
    )
    expect(order.slice(0, 2)).toEqual(['nack 3', 'nack 4'])
    expect(order.at(-1)).toBe('ack 4')
    expect(device.link.of('nack').map(({ code }) => code)).toEqual(['too_large', 'too_large'])
    expect(await count('refused')).toBe(2)
  })

  test.each([
    ['a point without values', '{"type":"telemetry","seq":1,"points":[{"ts":1}]}', 'malformed'],
    ['no points', '{"type":"telemetry","seq":1,"points":[]}', 'malformed'],
    ['an event without a name', '{"type":"event","seq":1}', 'malformed'],
    [
      'more than 100 points and 14 KiB',
      JSON.stringify({ type: 'telemetry', seq: 1, points: Array(600).fill(POINT) }),
      'too_large',
    ],
  ])('answers %s, since its place can be read [M-7]', async (_, frame, code) => {
    const device = await rig.ready()
    device.text(frame)
    expect(device.link.of('nack')).toMatchObject([{ seq: 1, code }])
    await rig.clock.advance(50)
    expect(device.link.acks).toEqual([1])
    device.telemetry(2)
    expect(rig.bus.waiting('/telemetry')).toHaveLength(1)
  })

  test('of a record of an earlier boot names the boot', async () => {
    const device = await rig.ready('d1', { boot: 'now' })
    device.text('{"type":"telemetry","seq":7,"boot":"before","points":[]}')
    expect(device.link.of('nack')).toMatchObject([{ seq: 7, boot: 'before' }])
  })

  test('a large binary frame with a bad channel name is malformed, not too large', async () => {
    const device = await rig.ready()
    const frame = encodeBinary(1, 'cam', new Uint8Array(20_000))
    frame[6] = 0x2f
    device.binary(frame)
    expect(device.link.of('nack')).toMatchObject([{ seq: 1, code: 'malformed' }])
  })

  test('of a message with a place does not count towards 4014 [M-8]', async () => {
    const device = await rig.ready()
    for (let seq = 1; seq <= 100; seq++) device.text(`{"type":"telemetry","seq":${seq},"points":[]}`)
    expect(device.link.of('nack')).toHaveLength(100)
    expect(device.link.closes).toEqual([])
  })

  test('what the bus refuses for ever is refused to the device', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    device.telemetry(2)
    const [one, two] = rig.bus.waiting()
    one?.fail(new GatewayError('bus_refused'))
    two?.confirm()
    await rig.clock.advance(50)
    expect(device.link.messages.slice(1).map((m) => m.type)).toEqual(['nack', 'ack'])
    expect(device.link.of('nack')).toMatchObject([{ seq: 1, code: 'forbidden' }])
    expect(device.link.acks).toEqual([2])
  })

  test('of the bus goes to the session that stands then', async () => {
    const older = await rig.ready()
    older.telemetry(1)
    const newer = await rig.ready()
    await rig.clock.advance(2_100)
    rig.bus.waiting()[0]?.fail(new GatewayError('bus_refused'))
    await rig.clock.advance(50)
    expect(newer.link.of('nack')).toMatchObject([{ seq: 1, code: 'forbidden' }])
    expect(older.link.of('nack')).toEqual([])
  })

  test('of the bus for a device that is away: it is sent again, and refused then', async () => {
    const older = await rig.ready()
    older.telemetry(1)
    older.telemetry(2)
    older.vanish()
    rig.bus.waiting()[0]?.fail(new GatewayError('bus_refused'))
    rig.bus.waiting()[0]?.confirm()
    await settled()
    const newer = await rig.ready()
    expect(newer.link.of('welcome')[0]?.acked).toBe(0)
    newer.telemetry(1)
    newer.telemetry(2)
    expect(rig.bus.waiting('/telemetry').map(({ json }) => json.seq)).toEqual([1, 2])
    rig.bus.waiting()[0]?.fail(new GatewayError('bus_refused'))
    await settled()
    expect(newer.link.of('nack')).toMatchObject([{ seq: 1 }])
  })
})

describe('the window [A-2]', () => {
  test('a device that lost its outbox is sent away with 4021, not blamed, while its last boot waits for the bus', async () => {
    const first = await rig.ready('d1')
    for (let seq = 1; seq <= 64; seq++) first.telemetry(seq)
    first.vanish()
    const second = await rig.ready('d1', { boot: 'b2' })
    await rig.clock.advance(2_000) // [S-5] the welcome waits that long for what is on its way
    second.telemetry(1)
    expect(second.link.closedWith).toBe(4021)
  })

  test('the 65th unacknowledged message ends the session with 4013', async () => {
    const device = await rig.ready()
    for (let seq = 1; seq <= 64; seq++) device.telemetry(seq)
    expect(device.link.closes).toEqual([])
    device.telemetry(65)
    expect(device.link.closedWith).toBe(4013)
    expect(rig.bus.waiting('/telemetry')).toHaveLength(64)
    expect(await count('dropped')).toBe(1)
  })

  test('so do 32 KiB, though a single message may be larger', async () => {
    const device = await rig.ready()
    device.binary(encodeBinary(1, 'cam', new Uint8Array(60_000)))
    expect(device.link.closes).toEqual([])
    device.telemetry(2)
    expect(device.link.closedWith).toBe(4013)
  })

  test('an ack opens it again', async () => {
    const device = await rig.ready()
    for (let round = 0; round < 5; round++) {
      for (let i = 1; i <= 64; i++) device.telemetry(round * 64 + i)
      rig.bus.confirmAll()
      await rig.clock.advance(2_000)
      expect(device.link.acks.at(-1)).toBe(round * 64 + 64)
    }
    expect(device.link.closes).toEqual([])
  })
})

describe('the brake [A-6]', () => {
  test('over 50 messages a second the acks come later, and nothing else happens', async () => {
    rig.bus.confirms = () => true
    const device = await rig.ready()
    let seq = 0
    const acked = () => Number(device.link.acks.at(-1) ?? 0)
    const startMs = rig.clock.monotonicMs()
    while (seq < 500) {
      while (seq < 500 && seq - acked() < 64) device.telemetry(++seq)
      await rig.clock.advance(50)
    }
    while (acked() < 500) await rig.clock.advance(50)
    expect(device.link.closes).toEqual([])
    // 200 at once, 300 at 50 a second
    expect(rig.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(5_900)
    expect(rig.clock.monotonicMs() - startMs).toBeLessThanOrEqual(7_000)
  })

  test('so do 512 KiB a second', async () => {
    rig.bus.confirms = () => true
    const device = await rig.ready()
    for (let seq = 1; seq <= 20; seq++) {
      device.binary(encodeBinary(seq, 'cam', new Uint8Array(60_000)))
      while (device.link.acks.at(-1) !== seq) await rig.clock.advance(50)
    }
    expect(rig.clock.monotonicMs() - 1_000_000).toBeGreaterThan(1_250)
    expect(device.link.closes).toEqual([])
  })
})

describe('a bus that has no room', () => {
  test('ends the session with 4021; nothing is acknowledged, and what is sent again is taken [A-8]', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    device.telemetry(2)
    rig.bus.waiting()[0]?.confirm()
    await rig.clock.advance(50)
    rig.bus.waiting()[0]?.fail(new GatewayError('bus_full'))
    await settled()
    expect(device.link.closedWith).toBe(4021)
    expect(device.link.acks).toEqual([1])
    const again = await rig.ready()
    expect(again.link.of('welcome')[0]?.acked).toBe(1)
    again.telemetry(2)
    expect(rig.bus.waiting('/telemetry')).toHaveLength(1)
    rig.bus.confirmAll()
    await rig.clock.advance(50)
    expect(again.link.acks).toEqual([2])
  })

  test('a fault of the bus adapter is no acknowledgement either', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    rig.bus.waiting()[0]?.fail(new Error('unexpected'))
    await settled()
    expect(device.link.acks).toEqual([])
    expect(device.link.closedWith).toBe(4021)
  })

  test('a bus that stops ends the session with 1012', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    rig.bus.waiting()[0]?.fail(new GatewayError('stopping'))
    await settled()
    expect(device.link.closedWith).toBe(1012)
    expect(rig.log.at('warn')).toEqual([])
  })

  test('a failure for a device that is away says nothing to anybody', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    device.vanish()
    rig.bus.waiting()[0]?.fail()
    await settled()
    expect((await rig.ready()).link.of('welcome')[0]?.acked).toBe(0)
  })
})

describe('the byte budget over all devices [A-8]', () => {
  test('when it is used up the device with the most bytes waiting gets 4021', async () => {
    rig = new CoreRig({ limits: { unconfirmedMaxBytes: 30_000 } })
    rig.holdTelemetry()
    const [light, heavy] = [await rig.ready('light'), await rig.ready('heavy')]
    light.telemetry(1)
    heavy.binary(encodeBinary(1, 'cam', new Uint8Array(29_000)))
    expect(heavy.link.closes).toEqual([])
    for (let seq = 2; seq <= 60; seq++) light.telemetry(seq)
    expect(heavy.link.closedWith).toBe(4021)
    expect(light.link.closes).toEqual([])
  })

  test('one device for each window more, and from the start again once the bus has caught up', async () => {
    rig = new CoreRig({ limits: { unconfirmedMaxBytes: 30_000, windowBytes: 20_000 } })
    rig.holdTelemetry()
    const gone = () => fleet.filter(({ link }) => link.closedWith === 4021).length
    const fleet = await Promise.all(Array.from({ length: 8 }, (_, i) => rig.ready(`d${i}`)))
    const outcomes: number[] = []
    for (const device of fleet) {
      device.binary(encodeBinary(1, 'cam', new Uint8Array(10_000)))
      outcomes.push(gone())
    }
    expect(outcomes).toEqual([0, 0, 0, 1, 1, 1, 2, 2])
    rig.bus.confirmAll()
    await settled()
    const [heavy, light] = [await rig.ready('heavy'), await rig.ready('light')]
    heavy.binary(encodeBinary(1, 'cam', new Uint8Array(29_000)))
    light.binary(encodeBinary(1, 'cam', new Uint8Array(2_000)))
    expect(heavy.link.closedWith).toBe(4021)
  })

  test('is below what the outbox of the bus takes, or the wrong device would go', async () => {
    const { OUTBOX_BYTES_MAX } = await import('../../gateway/core/bus-outbox.ts')
    expect(rig.limits.unconfirmedMaxBytes).toBeLessThan(OUTBOX_BYTES_MAX)
  })
})

describe('after a takeover', () => {
  test('the ack of what the older session sent goes to the newer one', async () => {
    const older = await rig.ready()
    older.telemetry(1)
    const newer = await rig.ready()
    await rig.clock.advance(2_100)
    rig.bus.confirmAll()
    await settled()
    expect(newer.link.acks).toEqual([1])
    expect(older.link.acks).toEqual([])
  })

  test('a sequence that went to the bus twice is acknowledged once', async () => {
    const device = await rig.ready()
    device.telemetry(1)
    device.vanish()
    rig.bus.confirmAll()
    const again = await rig.ready()
    expect(again.link.of('welcome')[0]?.acked).toBe(1)
    again.telemetry(1)
    again.telemetry(2)
    rig.bus.confirmAll()
    await rig.clock.advance(50)
    expect(rig.bus.on('/telemetry').map(({ json }) => json.seq)).toEqual([1, 2])
    expect(again.link.acks.at(-1)).toBe(2)
  })
})
