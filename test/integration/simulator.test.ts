import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseBinary } from '../../protocol/binary.ts'
import { SEQ_MAX } from '../../protocol/limits.ts'
import { SimulatedDevice } from '../../simulator/device.ts'
import type { DeviceOptions } from '../../simulator/device-options.ts'
import { testCertificates } from '../helpers/certificates.ts'
import { type PeerSession, type SimulatorPeer, startPeer } from '../helpers/simulator-peer.ts'

/** A started device whose minutes of waiting are milliseconds. */
function deviceAt(peer: SimulatorPeer, options: Partial<DeviceOptions> = {}): SimulatedDevice {
  const device = new SimulatedDevice({ url: peer.url, token: 't1', timeScale: 0.0001, ...options })
  onTestFinished(() => device.kill())
  device.start()
  return device
}

async function readyPair(options: Partial<DeviceOptions> = {}): Promise<{
  peer: SimulatorPeer
  device: SimulatedDevice
  session: PeerSession
}> {
  const peer = await startPeer()
  const device = deviceAt(peer, options)
  const { session } = await peer.greeted()
  session.welcome()
  await device.ready
  return { peer, device, session }
}

const states = (device: SimulatedDevice): string[] => device.history.map(({ to }) => to)

describe('the handshake', () => {
  test('speaks wss with its own CA, a token, the subprotocol and no compression [H-1] [H-2]', async () => {
    const tls = await testCertificates()
    const peer = await startPeer(tls)
    const device = deviceAt(peer, { ca: tls.caPem, tlsMaxVersion: 'TLSv1.2', model: 'm1', capabilities: ['c1'] })
    const session = await peer.sessions.next()
    expect(session.request.url).toBe('/device/v1')
    expect(session.request.headers).toMatchObject({
      authorization: 'Bearer t1',
      'sec-websocket-protocol': 'fairlead.v1',
    })
    expect(session.request.headers).not.toHaveProperty('sec-websocket-extensions')
    expect(await session.next('hello')).toMatchObject({ boot: device.boot, model: 'm1', capabilities: ['c1'] })
  })

  test('does not trust a certificate of another CA', async () => {
    const peer = await startPeer(await testCertificates())
    const device = deviceAt(peer, { ca: (await testCertificates()).caPem })
    await device.until('backoff')
    expect(device.connection.lastError).toMatch(/certificate/)
    expect(peer.tokens).toEqual([])
  })

  test('makes a session ready by welcome alone [S-3]', async () => {
    const peer = await startPeer()
    const device = deviceAt(peer)
    const waiting = device.telemetry({ temp: 1 })
    const { session } = await peer.greeted()
    session.send({ type: 'ack', seq: waiting.seq })
    session.command('c1', 'ping')
    await expect.poll(() => device.counts.strangeFrames).toBe(2)
    expect([device.state, session.waiting, device.unacked]).toEqual(['hello', 0, 1])
    session.welcome({ session: 7 })
    expect((await device.ready).session).toBe(7)
    expect(states(device)).toEqual(['opening', 'hello', 'ready'])
    expect(await session.next('telemetry')).toMatchObject({ seq: 1 })
  })
})

describe('telemetry', () => {
  test('is settled by ack, nack and a full outbox, and counted', async () => {
    const { device, session } = await readyPair({ outboxMax: 3 })
    session.welcome() // a second one is out of turn
    const [one, two, three] = [device.telemetry({ a: 1 }), device.event('e', { x: 1 }), device.telemetry({ a: 3 })]
    expect(await device.telemetry({ a: 4 }).settled).toBe('dropped')
    for (const type of ['telemetry', 'event', 'telemetry'] as const) await session.next(type)
    session.send({ type: 'nack', seq: two.seq, code: 'forbidden', reason: 'no' })
    session.send({ type: 'ack', seq: three.seq })
    expect(await Promise.all([one.settled, two.settled, three.settled])).toEqual([
      'acked',
      { nack: 'forbidden', reason: 'no' },
      'acked',
    ])
    await device.drained()
    expect(device.counts).toMatchObject({ sent: 3, acked: 2, nacked: 1, dropped: 1, strangeFrames: 1 })
  })

  test('carries points, times and binary channels', async () => {
    const { device, session } = await readyPair()
    device.telemetryBatch([
      { values: { a: 1 }, ts: 5 },
      { values: { a: 2 }, ageMs: 60_000 },
      { values: { a: 3 }, timeUnknown: true },
    ])
    device.channel('cam', Buffer.from([0xff, 0xd8]))
    const { points } = await session.next('telemetry')
    expect(points).toMatchObject([{ ts: 5 }, { values: { a: 2 } }, { values: { a: 3 } }])
    expect(points[1]?.ageMs).toBeGreaterThanOrEqual(60_000)
    expect(points[2]).not.toHaveProperty('ageMs')
    expect(parseBinary(await session.binary.next())).toMatchObject({ message: { seq: 2, channel: 'cam' } })
  })

  test('stays inside the window that welcome names [A-2]', async () => {
    const peer = await startPeer()
    const device = deviceAt(peer)
    const { session } = await peer.greeted()
    session.welcome({ limits: { windowMessages: 2 } })
    for (let i = 0; i < 5; i++) device.telemetry({ i })
    expect([(await session.next('telemetry')).seq, (await session.next('telemetry')).seq]).toEqual([1, 2])
    expect([device.inFlight, device.unacked]).toEqual([2, 5])
    session.send({ type: 'ack', seq: 1 })
    expect((await session.next('telemetry')).seq).toBe(3)
    expect(session.waiting).toBe(0)
  })

  test('over the limit is refused before it is sent, but not by a hostile device', async () => {
    const { device } = await readyPair()
    expect(() => device.event('e', 'x'.repeat(20_000))).toThrow(RangeError)
    const hostile = await readyPair({ obeyLimits: false })
    hostile.device.event('e', 'x'.repeat(20_000))
    expect(await hostile.session.next('event')).toMatchObject({ seq: 1 })
  })

  test('that was not acknowledged is sent again after a cut, and what the bus holds is not [A-11] [S-14]', async () => {
    const { peer, device, session } = await readyPair()
    for (let i = 1; i <= 3; i++) device.telemetry({ i })
    await session.next('telemetry')
    session.socket.terminate()
    const again = await peer.greeted()
    expect(again.boot).toBe(device.boot)
    again.session.welcome({ acked: 1 })
    expect((await again.session.next('telemetry')).seq).toBe(2)
    expect((await again.session.next('telemetry')).seq).toBe(3)
    expect(device.counts).toMatchObject({ sent: 3, resent: 2, acked: 1 })
    expect(device.connection.sessions).toBe(2)
  })

  test('keeps its old boot id over a reboot [A-9]', async () => {
    const { peer, device, session } = await readyPair({ boot: 'old' })
    const kept = device.telemetry({ a: 1 })
    await session.next('telemetry')
    device.reboot()
    const again = await peer.greeted()
    expect(again.boot).not.toBe('old')
    again.session.welcome()
    expect(await again.session.next('telemetry')).toMatchObject({ boot: 'old', seq: 1 })
    again.session.send({ type: 'ack', boot: 'old', seq: 1 })
    expect(await kept.settled).toBe('acked')
    expect(device.telemetry({ a: 2 })).toMatchObject({ boot: again.boot, seq: 1 })
  })

  test('starts a new boot before its numbers would wrap [L-15]', async () => {
    const { peer, device } = await readyPair({ boot: 'b1', firstSeq: SEQ_MAX })
    expect(device.telemetry({ a: 1 })).toMatchObject({ boot: 'b1', seq: SEQ_MAX })
    expect(device.telemetry({ a: 2 })).toMatchObject({ boot: device.boot, seq: 1 })
    expect((await peer.greeted()).boot).toBe(device.boot)
  })
})

describe('leaving', () => {
  test('says bye, with the time of its sleep, and closes with 1000; start wakes it [S-6]', async () => {
    const { peer, device, session } = await readyPair()
    await device.sleep(600)
    expect(await session.next('bye')).toEqual({ type: 'bye', sleepS: 600 })
    expect(await session.closed).toBe(1000)
    expect(states(device).slice(-2)).toEqual(['leaving', 'offline'])
    device.start()
    await peer.greeted()
  })

  test('by kill sends nothing at all and stays away', async () => {
    const { device, session } = await readyPair()
    device.kill()
    expect([device.state, await session.closed, session.waiting]).toEqual(['offline', 1006, 0])
  })

  test('while it waits or connects is immediate, and tells those who wait for ready', async () => {
    const peer = await startPeer()
    peer.refuseNext(404)
    const device = deviceAt(peer, { timeScale: 1 })
    const ready = device.ready
    await device.until('backoff')
    await device.stop()
    await expect(ready).rejects.toThrow('offline')
  })
})

describe('coming back', () => {
  test('with startAs a device waits before its first connection, as after a power cut of its site [X-6]', async () => {
    const peer = await startPeer()
    const device = deviceAt(peer, { startAs: 'power_on' })
    expect([device.state, deviceAt(peer).state]).toEqual(['backoff', 'opening'])
    await device.until('hello')
  })

  test('after a refusal remembers the status, and a 401 is tried with the other token [H-13]', async () => {
    const peer = await startPeer()
    for (const status of [503, 401, 401]) peer.refuseNext(status, { 'Retry-After': '1' })
    const device = deviceAt(peer, { otherToken: 't2' })
    await device.until('backoff')
    expect(device.httpStatus).toBe(503)
    await peer.greeted()
    expect(peer.tokens).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2', 'Bearer t2'])
    expect(device.connection.failedConnects).toBe(3)
  })

  test('reads Retry-After only when it is told to', async () => {
    const peer = await startPeer()
    peer.refuseNext(503, { 'Retry-After': '3' })
    const device = deviceAt(peer, { honourRetryAfter: true, random: () => 0, timeScale: 1 })
    await device.until('backoff')
    expect(device.history.at(-1)?.why).toBe('refused with HTTP 503; again in 3000 ms')
  })

  test('obeys the bye of the gateway and keeps its code [X-1]', async () => {
    const { peer, device, session } = await readyPair({ random: () => 0 })
    session.end(4500, 1)
    await device.until('backoff')
    expect([device.closeCode, device.lastBye?.code]).toEqual([4500, 4500])
    expect(device.history.at(-1)?.why).toBe('bye 4500; again in 30 ms')
    await peer.greeted()
  })

  test('notices a link that has gone silent [S-11]', async () => {
    const peer = await startPeer()
    const device = deviceAt(peer, { silenceSlackMs: 0 })
    const { session } = await peer.greeted()
    session.welcome({ limits: { pingIntervalMs: 100, pongTimeoutMs: 50 } })
    await device.until('backoff')
    expect(device.connection.lastError).toBe('nothing heard for 150 ms')
  })
})

describe('what the gateway asks for', () => {
  test('commands run once, and a repeat after a reconnect gets the stored result [C-15]', async () => {
    const { peer, device, session } = await readyPair({
      commands: { add: ({ params }) => Number(params.a) + 1 },
      onCommand: ({ name }) => `other: ${name}`,
    })
    session.command('c1', 'add', { a: 2 })
    session.command('c2', 'toString')
    await session.next('accepted')
    await session.next('accepted')
    expect(await session.next('result')).toMatchObject({ id: 'c1', ok: true, data: 3 })
    expect(await session.next('result')).toMatchObject({ id: 'c2', data: 'other: toString' })
    device.dropLink()
    const again = await peer.greeted()
    again.session.welcome()
    again.session.command('c1', 'add', { a: 2 })
    expect(await again.session.next('result')).toMatchObject({ id: 'c1', data: 3 })
    expect(device.counts).toMatchObject({ commands: 2, repeatedCommands: 1 })
  })

  test('an unknown command is unsupported [C-17], a running one can be cancelled [C-16]', async () => {
    const { session } = await readyPair({ commands: { hang: () => new Promise(() => undefined) } })
    session.command('c1', 'constructor')
    expect(await session.next('result')).toMatchObject({ id: 'c1', ok: false, error: { code: 'unsupported' } })
    session.command('c2', 'hang')
    await session.next('accepted')
    session.send({ type: 'cancel', id: 'c2' })
    expect(await session.next('result')).toMatchObject({ id: 'c2', ok: false, error: { code: 'cancelled' } })
  })

  test('a new token is confirmed and used next, and the old one when it is refused [K-6] [K-7]', async () => {
    const { peer, device, session } = await readyPair()
    session.send({ type: 'token', tokenId: 'id2', token: 't2' })
    const sha256 = createHash('sha256').update('t2').digest('hex')
    expect(await session.next('token_stored')).toEqual({ type: 'token_stored', tokenId: 'id2', sha256 })
    peer.refuseNext(401)
    device.dropLink()
    await peer.greeted()
    expect(peer.tokens).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t1'])
  })

  test('desired state is taken over and reported, an older one ignored [M-12]', async () => {
    const { device, session } = await readyPair()
    session.send({ type: 'desired', version: 7, state: { interval_s: 30 } })
    expect(await session.next('reported')).toEqual({ type: 'reported', version: 7, state: { interval_s: 30 } })
    session.send({ type: 'desired', version: 6, state: { interval_s: 99 } })
    session.send({ type: 'desired', version: 8, state: { led: true } })
    expect(await session.next('reported')).toEqual({ type: 'reported', version: 8, state: { led: true } })
    expect(device.settings).toEqual({ led: true })
  })

  test('a report without a session waits for the next one, a log line does not', async () => {
    const peer = await startPeer()
    const device = deviceAt(peer)
    device.reported(1, { a: 1 })
    expect(device.log('info', 'lost')).toBe(false)
    const { session } = await peer.greeted()
    session.welcome()
    expect(await session.next('reported')).toMatchObject({ version: 1 })
    await device.ready
    expect(device.log('warn', 'heard')).toBe(true)
    expect(await session.next('log')).toMatchObject({ text: 'heard' })
  })

  test('strange frames are counted and change nothing [M-2]', async () => {
    const { device, session } = await readyPair()
    session.socket.send('{"type":"dance"}')
    expect(await once(device, 'malformed')).toEqual([{ code: 'unknown_type' }])
    expect([device.counts.strangeFrames, device.state]).toEqual([1, 'ready'])
  })
})
