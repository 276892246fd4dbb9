import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { BadInput, World } from './world.ts'

/** A request that cannot be taken: its response says why, nothing is stored, and no device sees it. */
function answered(sends: string, payload: string | Buffer, code: string, device?: string): BadInput {
  const does = async (world: World): Promise<void> => {
    const { raw, id } = await world.device()
    const target = device ?? id
    const command = randomUUID()
    await world.bus.publish(`fairlead/devices/${target}/command/request/${command}`, payload)
    const response = `fairlead/devices/${target}/command/response/${command}`
    const { text } = await world.bus.next(({ topic }) => topic === response)
    expect(JSON.parse(text)).toMatchObject({ id: command, state: 'rejected', error: { code } })
    expect((await world.gateway.api('GET', `commands/${command}`)).status).toBe(404)
    expect(raw.of('command')).toEqual([])
    raw.destroy()
  }
  return { id: 'B25', sends, answer: `rejected: ${code}`, does, counts: ['bus_requests_refused', code] }
}

export const fromTheBus: readonly BadInput[] = [
  answered('no JSON', '{', 'bad_request'),
  answered('bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'bad_request'),
  answered('an array', '[]', 'bad_request'),
  answered('a name with a slash', '{"name":"no/name"}', 'bad_request'),
  answered('params that are no object', '{"name":"x","params":[]}', 'bad_request'),
  answered('a life of 0 s', '{"name":"x","ttl_s":0}', 'bad_request'),
  answered('17 KiB', JSON.stringify({ name: 'x', params: { text: 'x'.repeat(17 * 1024) } }), 'too_large'),
  answered('an unknown device', '{"name":"x"}', 'device_not_found', 'nobody'),
  {
    id: 'B25',
    sends: 'a command whose life is over',
    answer: 'expired; the device never sees it [C-6]',
    does: expired,
    counts: ['commands_changed', 'expired'],
  },
  { id: 'B25', sends: 'a command id that is no name', answer: 'ignored: it is no topic of ours', does: badTopic },
]

async function expired(world: World): Promise<void> {
  const { id, token } = await world.gateway.enrol()
  const command = randomUUID()
  await world.bus.publish(`fairlead/devices/${id}/command/request/${command}`, '{"name":"x","ttl_s":1}')
  const state = async () => (await world.gateway.api('GET', `commands/${command}`)).body.state
  await expect.poll(state).toBe('expired')
  const device = world.gateway.device(token, { onCommand: () => 'ran' })
  device.start()
  await device.ready
  expect(await device.telemetry({ n: 1 }).settled).toBe('acked')
  expect(device.counts.commands).toBe(0)
  await device.stop()
}

async function badTopic(world: World): Promise<void> {
  const { raw, id } = await world.device()
  for (const command of ['..', 'a b', '$x', 'a'.repeat(65)]) {
    await world.bus.publish(`fairlead/devices/${id}/command/request/${command}`, '{"name":"x"}')
  }
  const { body } = await world.gateway.api('GET', `devices/${id}/commands`)
  expect(body.items).toEqual([])
  expect(raw.of('command')).toEqual([])
  raw.destroy()
}
