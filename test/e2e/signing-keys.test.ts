import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startTestGateway, type TestGateway, temporaryDirectory } from '../helpers/start-gateway.ts'

const keyIdOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
const keysOf = async (gateway: TestGateway) => (await gateway.api('GET', 'signing-keys')).body.items

test('a new key signs new tokens and the old ones stay good, also over a restart; the files are for the owner only', async () => {
  const dataDir = await temporaryDirectory()
  const first = await startTestGateway({ dataDir })
  const old = await first.readyDevice('greenhouse-1')
  const { status, body: key } = await first.api('POST', 'signing-keys')
  expect(status).toBe(201)
  expect(key).toMatchObject({ signs: true, live_tokens: 0 })
  const fresh = await first.readyDevice('greenhouse-2')
  expect(keyIdOf(fresh.token)).toBe(key.id)
  expect(keyIdOf(old.token)).not.toBe(key.id)
  expect(await keysOf(first)).toMatchObject([
    { id: key.id, signs: true, live_tokens: 1 },
    { id: keyIdOf(old.token), signs: false, live_tokens: 1 },
  ])
  await first.gateway.stop()
  const second = await startTestGateway({ dataDir })
  for (const { token } of [old, fresh]) {
    const device = second.device(token)
    device.start()
    await device.ready
  }
  for (const file of await readdir(join(dataDir, 'keys'))) {
    expect((await stat(join(dataDir, 'keys', file))).mode & 0o777).toBe(0o600)
  }
})

test('a key with live tokens is not retired; once they are issued anew it is, and the device has not noticed', async () => {
  const gateway = await startTestGateway()
  const { device, token } = await gateway.readyDevice('greenhouse-1')
  const oldKey = keyIdOf(token)
  await gateway.api('POST', 'signing-keys')
  const refused = await gateway.api('DELETE', `signing-keys/${oldKey}`)
  expect(refused).toMatchObject({ status: 409, body: { code: 'key_in_use' } })
  expect(refused.body.detail).toContain('1 live token')
  const reissued = await gateway.api('POST', `signing-keys/${oldKey}/reissue`)
  expect(reissued).toMatchObject({ status: 202, body: { started: 1, busy: 0, live_tokens: 1 } })
  const ending = async () => {
    const { items } = (await gateway.api('GET', 'devices/greenhouse-1/tokens')).body
    return items.find(({ state }: { state: string }) => state === 'ending')
  }
  await expect.poll(ending).toBeDefined() // the device has confirmed the new one
  expect(keyIdOf(device.token)).not.toBe(oldKey)
  const again = await gateway.api('POST', `signing-keys/${oldKey}/reissue`)
  expect(again.body).toEqual({ started: 0, busy: 0, live_tokens: 1 }) // the old one lives on for its overlap
  await gateway.api('DELETE', `devices/greenhouse-1/tokens/${(await ending()).id}`)
  expect(await gateway.api('DELETE', `signing-keys/${oldKey}`)).toMatchObject({ status: 200, body: { revoked: 0 } })
  expect(await device.telemetry({ n: 1 }).settled).toBe('acked')
  expect(device.connection.sessions).toBe(1)
})

test('[K-5] a key that is retired by force takes its tokens with it: the socket is closed with 4500, and then it is 401', async () => {
  const gateway = await startTestGateway()
  const { device, token } = await gateway.readyDevice('greenhouse-1')
  await gateway.api('POST', 'signing-keys')
  const fresh = await gateway.readyDevice('greenhouse-2')
  const oldKey = keyIdOf(token)
  const retired = await gateway.api('DELETE', `signing-keys/${oldKey}?force=true`)
  expect(retired).toMatchObject({ status: 200, body: { revoked: 1 } })
  await device.until('backoff')
  expect(device.closeCode).toBe(4500)
  const again = gateway.device(token)
  again.start()
  await again.until('backoff')
  expect(again.httpStatus).toBe(401)
  expect(await fresh.device.telemetry({ n: 1 }).settled).toBe('acked')
  expect(await gateway.api('DELETE', `signing-keys/${oldKey}`)).toMatchObject({ status: 404 })
})

test('the key that signs is not retired, and only admins see keys', async () => {
  const gateway = await startTestGateway()
  const [key] = await keysOf(gateway)
  const refused = await gateway.api('DELETE', `signing-keys/${key.id}?force=true`)
  expect(refused).toMatchObject({ status: 409, body: { code: 'key_signs' } })
  expect(await gateway.api('POST', `signing-keys/${key.id}/reissue`)).toMatchObject({ status: 409 })
  expect((await gateway.api('GET', 'signing-keys', undefined, 'flk_nobody')).status).toBe(401)
  expect(JSON.stringify(await keysOf(gateway))).not.toMatch(/"d"|private/)
})

test('there are 64 keys at most, so that the gateway starts again with all of them', async () => {
  const dataDir = await temporaryDirectory()
  const first = await startTestGateway({ dataDir })
  const answers = await Promise.all(Array.from({ length: 70 }, () => first.api('POST', 'signing-keys')))
  const refused = answers.filter(({ status }) => status !== 201)
  expect(refused).toHaveLength(7)
  for (const answer of refused) expect(answer).toMatchObject({ status: 409, body: { code: 'too_many_keys' } })
  expect(await keysOf(first)).toHaveLength(64)
  await first.gateway.stop()
  const second = await startTestGateway({ dataDir })
  const [, oldest] = (await keysOf(second)).slice(-2)
  expect((await second.api('DELETE', `signing-keys/${oldest.id}`)).status).toBe(200)
  expect((await second.api('POST', 'signing-keys')).status).toBe(201)
})
