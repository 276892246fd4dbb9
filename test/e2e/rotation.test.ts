import { once } from 'node:events'
import { expect, test } from 'vitest'
import { connectByHand } from '../helpers/hand-device.ts'
import { startTestGateway, type TestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'
import { onEachBus, shown } from './on-each-bus.ts'

const ROTATE = 'devices/greenhouse-1/tokens/rotate'

interface TokenShown {
  readonly id: string
  readonly state: string
}
const statesOf = (gateway: TestGateway) =>
  gateway
    .api('GET', 'devices/greenhouse-1/tokens')
    .then(({ body }) => Object.fromEntries(body.items.map(({ id, state }: TokenShown) => [id, state])))

onEachBus('token rotation', (open) => {
  test('[K-7] [K-8] over the open socket: the session goes on under the new token, and the next begins with it', async () => {
    const { gateway } = await open()
    const { device, token, tokenId } = await gateway.readyDevice('greenhouse-1')
    const handed = once(device, 'token')
    const { status, body } = await gateway.api('POST', ROTATE, { overlap_s: 3_600 })
    expect(status).toBe(202)
    expect(body).toEqual({ id: expect.any(String), state: 'offered' })
    expect(JSON.stringify(body)).not.toContain((await handed)[0])
    await expect.poll(() => statesOf(gateway)).toEqual({ [tokenId]: 'ending', [body.id]: 'live' })
    expect(device.state).toBe('ready')
    expect(device.token).not.toBe(token)
    await device.stop()
    device.start()
    await device.ready
    expect(await device.telemetry({ n: 1 }).settled).toBe('acked')
    const renewed = async () => {
      const { items } = (await gateway.api('GET', 'devices/greenhouse-1/tokens')).body
      return items.find(({ id }: TokenShown) => id === body.id)
    }
    await expect.poll(renewed).toMatchObject({
      replaces: tokenId,
      confirmed_at: expect.any(Number),
      last_used_at: expect.any(Number),
    })
  })

  test('[K-9] with no overlap the old token is refused from the confirmation on, and the session does not notice', async () => {
    const { gateway } = await open()
    const { device, token, tokenId } = await gateway.readyDevice('greenhouse-1')
    const { body } = await gateway.api('POST', ROTATE, { overlap_s: 0 })
    await expect.poll(() => statesOf(gateway)).toEqual({ [tokenId]: 'revoked', [body.id]: 'live' })
    const old = gateway.device(token)
    old.start()
    await old.until('backoff')
    expect(old.httpStatus).toBe(401)
    expect(await device.telemetry({ n: 1 }).settled).toBe('acked')
    expect(device.connection.sessions).toBe(1)
    await expect.poll(() => gateway.api('POST', ROTATE, {}).then(({ body: next }) => next.state)).toBe('offered')
  })

  test('[K-9] a second rotation meanwhile is 409, and one by one they go on', async () => {
    const { gateway } = await open()
    const { token } = await gateway.enrol('greenhouse-1')
    expect((await gateway.api('POST', ROTATE)).body.state).toBe('pending')
    expect(await gateway.api('POST', ROTATE)).toMatchObject({ status: 409, body: { code: 'rotation_in_progress' } })
    const device = gateway.device(token)
    device.start()
    await device.ready
    await expect.poll(() => statesOf(gateway).then((states) => Object.values(states))).toEqual(['ending', 'live'])
    expect((await gateway.api('POST', ROTATE)).status).toBe(409)
  })

  test('[K-5] revoking the new token closes the session that counts under it', async () => {
    const { gateway, bus } = await open()
    const { device } = await gateway.readyDevice('greenhouse-1')
    const { body } = await gateway.api('POST', ROTATE, {})
    await expect.poll(() => statesOf(gateway).then((states) => states[body.id])).toBe('live')
    await gateway.api('DELETE', `devices/greenhouse-1/tokens/${body.id}`)
    await device.until('backoff')
    expect(device.closeCode).toBe(4500)
    const topic = 'fairlead/devices/greenhouse-1/availability'
    expect(await shown(bus, topic, ({ reason }) => reason === 'token_revoked')).toMatchObject({ state: 'offline' })
  })

  test('[K-9] a rotation that a restart cut is finished after it, and an end that it set comes', async () => {
    const dataDir = await temporaryDirectory()
    const first = await open({ dataDir })
    const { token, tokenId } = await first.gateway.enrol('greenhouse-1')
    const { body } = await first.gateway.api('POST', ROTATE, { overlap_s: 8 })
    await first.gateway.gateway.stop()
    const second = await open({ dataDir })
    const device = second.gateway.device(token)
    device.start()
    await expect.poll(() => statesOf(second.gateway)).toEqual({ [tokenId]: 'ending', [body.id]: 'live' })
    await second.gateway.gateway.stop()
    const third = await open({ dataDir })
    await expect.poll(() => statesOf(third.gateway), { timeout: 30_000 }).toMatchObject({ [tokenId]: 'revoked' })
    const back = third.gateway.device(device.token)
    back.start()
    await back.ready
  })
})

test('[K-7] the cut between the token and its answer: the same token is offered again in another text, and both are good', async () => {
  const gateway = await startTestGateway()
  const { token, tokenId } = await gateway.enrol('greenhouse-1')
  const first = await connectByHand(gateway, token)
  await first.hello()
  const { body } = await gateway.api('POST', ROTATE, {})
  const offered = await first.next('token')
  expect(offered.token_id).toBe(body.id)
  expect(await statesOf(gateway)).toEqual({ [tokenId]: 'live', [body.id]: 'offered' })
  first.socket.terminate()
  const second = await connectByHand(gateway, token)
  await second.hello()
  const again = await second.next('token')
  expect(again.token_id).toBe(body.id)
  expect(again.token).not.toBe(offered.token)
  second.send({ type: 'token_stored', token_id: body.id, sha256: '0'.repeat(64) })
  await expect.poll(() => statesOf(gateway)).toEqual({ [tokenId]: 'live', [body.id]: 'pending' })
  second.socket.terminate()
  const third = await connectByHand(gateway, offered.token)
  await third.hello()
  await expect.poll(() => statesOf(gateway)).toEqual({ [tokenId]: 'ending', [body.id]: 'live' })
  await (await connectByHand(gateway, again.token)).hello()
})

test('[K-10] a token with an end is replaced at two thirds of its life, without a reconnect', async () => {
  const gateway = await startTestGateway()
  const { tokenId } = await gateway.enrol('greenhouse-1')
  await gateway.api('DELETE', `devices/greenhouse-1/tokens/${tokenId}`)
  const { body } = await gateway.api('POST', 'devices/greenhouse-1/tokens', { expires_in_s: 9 })
  const device = gateway.device(body.token)
  device.start()
  await device.ready
  await expect.poll(() => statesOf(gateway).then((states) => states[body.id]), { timeout: 15_000 }).toBe('expired')
  expect(await device.telemetry({ n: 1 }).settled).toBe('acked')
  expect(device.connection.sessions).toBe(1)
  expect(device.token).not.toBe(body.token)
})

test('[K-10] a device that comes back after the end of its token gets a new one, and then its telemetry through', async () => {
  const gateway = await startTestGateway()
  const { tokenId } = await gateway.enrol('greenhouse-1')
  await gateway.api('DELETE', `devices/greenhouse-1/tokens/${tokenId}`)
  const { body } = await gateway.api('POST', 'devices/greenhouse-1/tokens', { expires_in_s: 1 })
  await expect.poll(() => statesOf(gateway).then((states) => states[body.id]), { timeout: 15_000 }).toBe('expired')
  const device = gateway.device(body.token, { timeScale: 0.01 })
  const sent = device.telemetry({ n: 1 }) // goes out behind welcome, before the device has the new token
  device.start()
  expect(await sent.settled).toBe('acked')
  expect(device.lastBye?.code).toBe(4001)
  expect(device.token).not.toBe(body.token)
  const states = Object.values(await statesOf(gateway))
  expect(states.filter((state) => state === 'live')).toHaveLength(1)
})
