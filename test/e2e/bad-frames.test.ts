import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { connectByHand } from '../helpers/hand-device.ts'
import { startTestGateway } from '../helpers/start-gateway.ts'

async function open() {
  const gateway = await startTestGateway()
  const { token } = await gateway.enrol('greenhouse-1')
  const device = await connectByHand(gateway, token)
  return { gateway, token, device }
}
const point = { ts: 1, values: { n: 1 } }
const counters = async (gateway: Awaited<ReturnType<typeof open>>['gateway']) =>
  (await gateway.api('GET', 'devices/greenhouse-1')).body.counters

describe('a session by hand, with nothing but the protocol', () => {
  test('hello, welcome, telemetry, ack, command, accepted, result, bye', async () => {
    const { gateway, device } = await open()
    const welcome = await device.hello()
    expect(welcome).toMatchObject({
      session: expect.any(Number),
      limits: { window_messages: 64, window_bytes: 32_768 },
    })
    expect(Math.abs(welcome.now - Date.now())).toBeLessThan(60_000)
    device.send({ type: 'telemetry', seq: 1, points: [{ age_ms: 0, values: { temperature: 21.5 } }] })
    expect(await device.next('ack')).toEqual({ type: 'ack', seq: 1 })
    const { body } = await gateway.api('POST', 'devices/greenhouse-1/commands', { name: 'ping', params: { a: 1 } })
    const command = await device.next('command')
    expect(command).toMatchObject({ id: body.id, name: 'ping', params: { a: 1 } })
    device.send({ type: 'accepted', id: body.id })
    device.send({ type: 'progress', id: body.id, percent: 50 })
    device.send({ type: 'result', id: body.id, ok: true, data: [1, 2] })
    const state = () => gateway.api('GET', `commands/${body.id}`).then((answer) => answer.body)
    await expect.poll(state).toMatchObject({ state: 'succeeded', result: [1, 2] })
    device.send({ type: 'bye' })
    expect((await device.closed).code).toBe(1000)
  })
})

describe('[S-2] what comes before hello', () => {
  test.each([
    ['telemetry', { type: 'telemetry', seq: 1, points: [point] }],
    ['no JSON', 'hi'],
    ['a hello without a boot id', { type: 'hello', firmware: 'a', model: 'b', capabilities: [] }],
    ['a binary frame', Buffer.from([1, 0, 0, 0, 1, 1, 97, 0])],
  ])('%s ends the session with 4015', async (_name, frame) => {
    const { device } = await open()
    device.send(frame)
    expect(await device.next('bye')).toMatchObject({ code: 4015, retry_after_ms: 60_000 })
    expect((await device.closed).code).toBe(4015)
  })
})

describe('[A-7] a bad message with a place in the sequence gets a final nack, and the session goes on', () => {
  test.each<[string, object | string | Buffer, string]>([
    ['no points', { type: 'telemetry', seq: 1, points: [] }, 'malformed'],
    ['a key with a slash', { type: 'telemetry', seq: 1, points: [{ values: { 'a/b': 1 } }] }, 'malformed'],
    ['__proto__ as a key', '{"type":"telemetry","seq":1,"points":[{"values":{"__proto__":1}}]}', 'malformed'],
    ['1e400', '{"type":"telemetry","seq":1,"points":[{"values":{"a":1e400}}]}', 'malformed'],
    ['ts and age_ms', { type: 'telemetry', seq: 1, points: [{ ts: 1, age_ms: 1, values: { a: 1 } }] }, 'malformed'],
    ['a lone surrogate', '{"type":"telemetry","seq":1,"points":[{"values":{"a":"\\ud800"}}]}', 'malformed'],
    [
      'JSON 10,000 deep',
      `{"type":"event","seq":1,"name":"e","data":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      'malformed',
    ],
    ['15 KiB of telemetry', { type: 'telemetry', seq: 1, points: [{ values: bigValues(15) }] }, 'too_large'],
    ['a name with NUL', { type: 'event', seq: 1, name: 'a\0', data: 1 }, 'malformed'],
    ['a channel with a wildcard', Buffer.from([1, 0, 0, 0, 1, 1, 35, 0]), 'malformed'],
  ])('%s', async (_name, frame, code) => {
    const { gateway, device } = await open()
    await device.hello()
    device.send(frame)
    expect(await device.next('nack')).toMatchObject({ seq: 1, code, reason: expect.any(String) })
    expect(await device.next('ack')).toEqual({ type: 'ack', seq: 1 })
    device.send({ type: 'telemetry', seq: 2, points: [point] })
    expect(await device.next('ack')).toEqual({ type: 'ack', seq: 2 })
    expect(await counters(gateway)).toMatchObject({ refused: 1, published: 1 })
    expect(Object.prototype).not.toHaveProperty('polluted')
  })
})

describe('[M-8] a bad message without a place is counted; twenty in a minute end the session', () => {
  test.each([
    ['no JSON', '{'],
    ['an array', '[]'],
    ['an unknown type', { type: 'fly' }],
    ['no type', { seq: 1 }],
    ['a second hello', { type: 'hello', boot: 'b', firmware: 'a', model: 'b', capabilities: [] }],
    ['a gateway message', { type: 'welcome', session: 1 }],
    ['seq 0', { type: 'telemetry', seq: 0, points: [point] }],
    ['seq -1', { type: 'telemetry', seq: -1, points: [point] }],
    ['seq 1.5', { type: 'telemetry', seq: 1.5, points: [point] }],
    ['seq 2^32', { type: 'telemetry', seq: 2 ** 32, points: [point] }],
    ['an unknown kind of binary frame', Buffer.from([7, 1, 2, 3])],
    ['an empty text', ''],
    ['JSON of 50,000 brackets', '['.repeat(50_000)],
  ])('%s', async (_name, frame) => {
    const { gateway, device } = await open()
    await device.hello()
    for (let n = 0; n < 20; n++) device.send(frame)
    expect(await device.next('bye')).toMatchObject({ code: 4014, reason: 'malformed_messages', reconnect: true })
    expect((await device.closed).code).toBe(4014)
    expect(await counters(gateway)).toMatchObject({ malformed: 20 })
  })
})

describe('sequence numbers', () => {
  test('[A-4] one that goes back is a repeat: acknowledged again, not published; a gap is counted', async () => {
    const { gateway, device } = await open()
    await device.hello()
    device.send({ type: 'telemetry', seq: 5, points: [point] })
    expect(await device.next('ack')).toMatchObject({ seq: 5 })
    device.send({ type: 'telemetry', seq: 3, points: [point] })
    expect(await device.next('ack')).toMatchObject({ seq: 5 })
    device.send({ type: 'telemetry', seq: 9, points: [point] })
    expect(await device.next('ack')).toMatchObject({ seq: 9 })
    expect(await counters(gateway)).toMatchObject({ published: 2, repeated: 1, gaps: 3 })
  })

  test('a new boot starts its own sequence', async () => {
    const { token, device, gateway } = await open()
    await device.hello()
    device.send({ type: 'telemetry', seq: 7, points: [point] })
    await device.next('ack')
    const rebooted = await connectByHand(gateway, token)
    expect((await rebooted.hello({ boot: 'boot-2' })).acked).toBeUndefined()
    rebooted.send({ type: 'telemetry', seq: 1, points: [point] })
    expect(await rebooted.next('ack')).toEqual({ type: 'ack', seq: 1 })
    rebooted.send({ type: 'telemetry', boot: 'boot-1', seq: 8, points: [point] })
    expect(await rebooted.next('ack')).toEqual({ type: 'ack', seq: 8, boot: 'boot-1' })
  })
})

describe('frames that ws or the limits refuse', () => {
  test('[L-2] 10 MB in one frame is 1009 from its header', async () => {
    const { device } = await open()
    await device.hello()
    device.socket.send(randomBytes(10 * 1024 * 1024))
    expect((await device.closed).code).toBe(1009)
  })

  test('[L-24] 1,000 fragments are 1008', async () => {
    const { device } = await open()
    await device.hello()
    for (let n = 0; n < 1_000; n++) device.socket.send('x', { fin: false })
    expect((await device.closed).code).toBe(1008)
  })

  test('invalid UTF-8 is 1007', async () => {
    const { device } = await open()
    await device.hello()
    device.socket.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false })
    expect((await device.closed).code).toBe(1007)
  })

  test('[S-7] a ping flood is cut with 4013', async () => {
    const { device } = await open()
    await device.hello()
    const bye = device.next('bye')
    let pongs = 0
    device.socket.on('pong', () => {
      pongs += 1
      if (pongs < 500 && device.socket.readyState === device.socket.OPEN) device.socket.ping()
    })
    for (let n = 0; n < 20; n++) device.socket.ping() // always 20 on their way, each pong answered by a ping
    expect(await bye).toMatchObject({ code: 4013 })
    expect(pongs).toBeLessThan(500)
  })

  test('[S-7] a flood of pings from a peer that does not read is cut without a word', async () => {
    const { device } = await open()
    await device.hello()
    for (let n = 0; n < 500; n++) device.socket.ping()
    expect([1006, 4013]).toContain((await device.closed).code)
  })

  test('[A-2] more than the window of unacknowledged messages is cut with 4013', async () => {
    const { device } = await open()
    await device.hello()
    for (let n = 1; n <= 5_000; n++) device.send({ type: 'telemetry', seq: n, points: [point] })
    expect(await device.next('bye')).toMatchObject({ code: 4013, retry_after_ms: 10_000 })
    expect((await device.closed).code).toBe(4013)
  })

  test('[M-11] logs over the rate are dropped and counted, and end nothing', async () => {
    const { gateway, device } = await open()
    await device.hello()
    for (let n = 0; n < 400; n++) device.send({ type: 'log', level: 'info', text: `line ${n}` })
    device.send({ type: 'telemetry', seq: 1, points: [point] })
    expect(await device.next('ack')).toMatchObject({ seq: 1 })
    expect((await counters(gateway)).dropped).toBeGreaterThan(100)
  })
})

function bigValues(kib: number): object {
  return Object.fromEntries(Array.from({ length: kib }, (_, n) => [`key${n}`, 'x'.repeat(1_020)]))
}
