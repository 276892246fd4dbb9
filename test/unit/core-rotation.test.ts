import { beforeEach, describe, expect, test } from 'vitest'
import { CoreRig, type DeviceEnd } from '../helpers/core-rig.ts'
import { settled } from '../helpers/manual-clock.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

let rig: CoreRig
/** The token that the device was registered with. */
let old: string
beforeEach(async () => {
  rig = new CoreRig()
  old = await rig.register()
})

const rotate = (overlapS?: number) => rig.core.fleet.rotateToken('d1', { overlapS })
const row = (id: string) => rig.memory.tokens.get(`d1/${id}`)
const stateOf = async (id: string) => (await rig.core.fleet.listTokens('d1')).find((token) => token.id === id)?.state
const offers = (device: DeviceEnd) => device.link.of('token').map(({ tokenId }) => tokenId)

async function connect(tokenId: string, expiresAtMs?: number): Promise<DeviceEnd> {
  const device = rig.open('d1', tokenId, expiresAtMs)
  device.hello()
  await settled()
  return device
}
/** The device has read the last token back from its flash; `text` is what it read. */
async function answer(device: DeviceEnd, text = device.link.of('token').at(-1)?.token ?? ''): Promise<void> {
  const tokenId = device.link.of('token').at(-1)?.tokenId ?? 'none'
  device.send({ type: 'token_stored', tokenId, sha256: rig.tokens.digest(text) })
  await settled()
}
/** Whether the token opens a session that is like every other. */
async function works(tokenId: string): Promise<boolean> {
  const device = await connect(tokenId)
  device.vanish()
  return device.link.of('welcome').length === 1
}
function restart(): void {
  rig = new CoreRig({ after: rig })
}
/** Time passes, and what falls due with it is done. */
async function pass(ms: number): Promise<void> {
  rig.clock.suspend(ms)
  await rig.duty('replaced tokens')
  await rig.duty('due rotations')
  await settled()
}

describe('a rotation that goes well [K-7] [K-8] [K-9]', () => {
  test('is offered at once to a device that is here, and its text is stored nowhere', async () => {
    const device = await connect(old)
    const { id, state } = await rotate()
    expect(state).toBe('offered')
    expect(device.link.of('token')).toEqual([{ type: 'token', tokenId: id, token: `signed~d1~${id}~` }])
    expect(await stateOf(id)).toBe('offered')
    expect(JSON.stringify([...rig.memory.tokens.values()])).not.toContain('signed')
    expect(JSON.stringify(rig.log.lines)).not.toContain('signed')
  })

  test('waits for a device that is away, and is offered behind its welcome', async () => {
    const { id, state } = await rotate()
    expect(state).toBe('pending')
    expect(await stateOf(id)).toBe('pending')
    const device = await connect(old)
    expect(device.link.messages.map(({ type }) => type)).toEqual(['welcome', 'token'])
    expect(await stateOf(id)).toBe('offered')
  })

  test('counts the session under the new token once the device has it; the old one lives on for its overlap', async () => {
    const device = await connect(old)
    const { id } = await rotate(3_600)
    await answer(device)
    expect(row(id)).toMatchObject({ replaces: old, confirmedAtMs: rig.clock.wallMs() })
    expect(row(old)).toMatchObject({ endsAtMs: rig.clock.wallMs() + HOUR_MS })
    expect([await stateOf(old), await stateOf(id)]).toEqual(['ending', 'live'])
    await pass(HOUR_MS - 1)
    expect(await stateOf(old)).toBe('ending')
    await pass(1)
    expect(row(old)?.revokedAtMs).toBe(rig.clock.wallMs())
    expect([await stateOf(old), await stateOf(id)]).toEqual(['revoked', 'live'])
    expect(device.link.closes).toEqual([])
    await rig.core.fleet.revokeToken('d1', id)
    expect(device.link.closedWith).toBe(4500)
  })

  test('has an overlap of a day unless it is told otherwise', async () => {
    const device = await connect(old)
    await rotate()
    await answer(device)
    expect(row(old)?.endsAtMs).toBe(rig.clock.wallMs() + DAY_MS)
  })

  test('with an overlap of 0 ends the old token with the confirmation, not before', async () => {
    const device = await connect(old)
    const { id } = await rotate(0)
    await pass(DAY_MS)
    expect(await stateOf(old)).toBe('live')
    await answer(device)
    expect(await stateOf(old)).toBe('revoked')
    expect(await works(old)).toBe(false)
    expect(await works(id)).toBe(true)
  })

  test('revoking the old token early does not touch the session', async () => {
    const device = await connect(old)
    await rotate()
    await answer(device)
    await rig.core.fleet.revokeToken('d1', old)
    expect(device.link.closes).toEqual([])
  })

  test('counts each step', async () => {
    const device = await connect(old)
    await rotate(0)
    await answer(device)
    await pass(1_000)
    const steps = ['started', 'offered', 'confirmed', 'old_ended']
    expect(steps.map((step) => rig.metrics.of(`token_rotations ${step}`))).toEqual([1, 1, 1, 1])
  })
})

describe('a second rotation meanwhile is refused [K-9]', () => {
  const refused = (code: string) => expect(rotate()).rejects.toMatchObject({ code, status: 409 })

  test('while the new token waits, is offered, or lives beside the old one; then not', async () => {
    await rotate(3_600)
    await refused('rotation_in_progress')
    const device = await connect(old)
    await refused('rotation_in_progress')
    await answer(device)
    await refused('rotation_in_progress')
    await pass(HOUR_MS)
    expect(await rotate()).toMatchObject({ state: 'offered' })
  })

  test('of two at once one is taken', async () => {
    const answers = await Promise.allSettled([rotate(), rotate()])
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test('revoking the new token calls the rotation off; the old one is as before', async () => {
    const device = await connect(old)
    const { id } = await rotate()
    await rig.core.fleet.revokeToken('d1', id)
    await answer(device) // it was on its way already
    expect(rig.metrics.of('messages_dropped token_gone')).toBe(1)
    expect(device.link.closes).toEqual([])
    expect(await stateOf(old)).toBe('live')
    expect((await rotate()).state).toBe('offered')
  })

  test('there must be room, a token to replace, and a device [K-4]', async () => {
    const second = await rig.core.fleet.issueToken('d1', {})
    await refused('too_many_tokens')
    await rig.core.fleet.revokeToken('d1', old)
    await rig.core.fleet.revokeToken('d1', second.id)
    await refused('no_live_token')
    await expect(rig.core.fleet.rotateToken('x', {})).rejects.toMatchObject({ code: 'device_not_found' })
  })

  test('no token can be issued beside the two of a rotation', async () => {
    await rotate()
    await expect(rig.core.fleet.issueToken('d1', {})).rejects.toMatchObject({ code: 'too_many_tokens' })
  })
})

describe('whatever is cut between two steps, the device gets in with the token it has', () => {
  test('the offer is lost: the old token opens the next session, and the same token is offered there', async () => {
    const device = await connect(old)
    const { id } = await rotate()
    device.vanish()
    await pass(30 * DAY_MS)
    const again = await connect(old)
    expect(offers(again)).toEqual([id])
    await answer(again)
    expect(await stateOf(id)).toBe('live')
  })

  test('the answer is lost: the first session with the new token confirms it', async () => {
    const device = await connect(old)
    const { id } = await rotate(60)
    device.vanish()
    const again = await connect(id)
    expect(offers(again)).toEqual([])
    expect([await stateOf(old), await stateOf(id)]).toEqual(['ending', 'live'])
    await pass(60_000)
    expect(await stateOf(old)).toBe('revoked')
    expect(again.link.closes).toEqual([])
  })

  test('the device comes back with the old one after it had confirmed: it is offered the new one again', async () => {
    const device = await connect(old)
    const { id } = await rotate(3_600)
    await answer(device)
    const endsAtMs = row(old)?.endsAtMs
    device.vanish()
    await pass(HOUR_MS / 2)
    const again = await connect(old)
    expect(offers(again)).toEqual([id])
    await answer(again)
    expect(row(old)?.endsAtMs).toBe(endsAtMs) // a clone of the old token cannot put its end off
    await pass(HOUR_MS / 2)
    expect(again.link.closes).toEqual([])
    expect(await works(id)).toBe(true)
  })

  test('a session that still uses the old token when it ends is closed with 4500', async () => {
    const device = await connect(old)
    await rotate(3_600)
    await answer(device)
    const again = await connect(old)
    await pass(HOUR_MS)
    expect(again.link.closedWith).toBe(4500)
  })

  test('the device stored something else: counted, not confirmed, and offered again in the next session', async () => {
    const device = await connect(old)
    const { id } = await rotate()
    await answer(device, 'a flash that forgets')
    expect(rig.metrics.of('token_rotations wrong_hash')).toBe(1)
    await answer(device)
    expect(rig.metrics.of('messages_dropped unasked_token_stored')).toBe(1)
    expect(await stateOf(id)).toBe('pending')
    expect([offers(device), device.link.closes]).toEqual([[id], []])
    const again = await connect(old)
    expect(offers(again)).toEqual([id])
    await answer(again)
    expect(await stateOf(id)).toBe('live')
  })

  test('a right answer to an older session is no answer to this one', async () => {
    const device = await connect(old)
    const { id } = await rotate()
    const text = device.link.of('token')[0]?.token ?? ''
    device.vanish()
    rig.tokens.sign = async () => `${text}, signed anew`
    const again = await connect(old)
    await answer(again, text)
    expect(await stateOf(id)).toBe('pending')
  })

  test('an answer that came twice, or for a token that was never sent, changes nothing', async () => {
    const device = await connect(old)
    const { id } = await rotate()
    device.send({ type: 'token_stored', tokenId: 'other', sha256: rig.tokens.digest('x') })
    await answer(device)
    const confirmed = row(id)
    rig.clock.suspend(1_000)
    await answer(device)
    expect(row(id)).toEqual(confirmed)
    expect(rig.metrics.of('messages_dropped unasked_token_stored')).toBe(2)
  })
})

describe('whenever the gateway is killed, what it had stored is enough to go on', () => {
  test('between the row and the offer', async () => {
    const { id } = await rotate()
    restart()
    expect(offers(await connect(old))).toEqual([id])
  })

  test('between the offer and the answer', async () => {
    await connect(old)
    const { id } = await rotate()
    restart()
    const device = await connect(old)
    expect(offers(device)).toEqual([id])
    await answer(device)
    expect(await stateOf(id)).toBe('live')
  })

  test.each([
    ['the old', () => old],
    ['the new', (id: string) => id],
  ])('between the answer and its row, and the device comes back with %s one', async (_, which) => {
    const device = await connect(old)
    const { id } = await rotate(60)
    rig.memory.hold('confirmToken')
    await answer(device)
    restart()
    rig.memory.pass('confirmToken')
    expect([await stateOf(old), await stateOf(id)]).toEqual(['live', 'pending'])
    const again = await connect(which(id))
    await answer(again)
    expect([await stateOf(old), await stateOf(id)]).toEqual(['ending', 'live'])
  })

  test('in the overlap: the end of the old one is kept, and comes', async () => {
    const device = await connect(old)
    const { id } = await rotate(3_600)
    await answer(device)
    restart()
    expect(await works(old)).toBe(true)
    expect(await works(id)).toBe(true)
    rig.clock.suspend(HOUR_MS)
    restart()
    expect(await works(old)).toBe(false) // also before the sweep
    await pass(1_000)
    expect(row(old)?.revokedAtMs).toBeDefined()
    expect(await works(id)).toBe(true)
  })
})

describe('a store or a key that cannot be used', () => {
  test('at the confirmation ends the session; either token goes on from there', async () => {
    const device = await connect(old)
    const { id } = await rotate()
    rig.memory.fail('confirmToken')
    await answer(device)
    expect(device.link.closedWith).toBe(1011)
    rig.memory.recover()
    expect(await stateOf(id)).toBe('pending')
    expect(offers(await connect(old))).toEqual([id])
    await connect(id)
    expect(await stateOf(id)).toBe('live')
  })

  test('at the first use only puts the confirmation off', async () => {
    const { id } = await rotate()
    rig.memory.fail('confirmToken')
    const device = await connect(id)
    expect(await stateOf(id)).toBe('pending')
    rig.memory.recover()
    await rig.clock.advance(5_000)
    expect(await stateOf(id)).toBe('live')
    expect(device.link.closes).toEqual([])
  })

  test('after welcome only puts the offer off', async () => {
    const { id } = await rotate()
    rig.memory.fail('listTokens')
    const device = await connect(old)
    expect(offers(device)).toEqual([])
    rig.memory.recover()
    await rig.clock.advance(5_000)
    expect(offers(device)).toEqual([id])
  })

  test('at the request makes nothing, or nothing that is lost', async () => {
    const device = await connect(old)
    rig.memory.fail('addReplacement')
    await expect(rotate()).rejects.toMatchObject({ code: 'registry_unavailable' })
    rig.memory.recover()
    rig.tokens.broken = true
    const { id, state } = await rotate()
    expect(state).toBe('pending')
    expect(offers(device)).toEqual([])
    rig.tokens.broken = false
    await rig.clock.advance(5_000)
    expect(offers(device)).toEqual([id])
  })

  test('in the sweep of ended tokens leaves them for the next', async () => {
    const device = await connect(old)
    await rotate(0)
    await answer(device)
    rig.memory.fail('revokeToken')
    await expect(Promise.resolve(rig.duty('replaced tokens'))).rejects.toMatchObject({ code: 'registry_unavailable' })
    rig.memory.recover()
    await pass(1_000)
    expect(row(old)?.revokedAtMs).toBeDefined()
  })
})

describe('a token with an end [K-10]', () => {
  let endsAtMs: number
  beforeEach(async () => {
    const issued = await rig.core.fleet.issueToken('d1', { expiresInS: 3 * 3_600 })
    await rig.core.fleet.revokeToken('d1', old)
    old = issued.id
    endsAtMs = issued.expiresAtMs ?? 0
  })

  test('is rotated at two thirds of its life; the new one lives as long, and the session outlives the old one', async () => {
    const device = await connect(old, endsAtMs)
    await pass(2 * HOUR_MS - 1_000)
    expect(offers(device)).toEqual([])
    await pass(1_000)
    const [id = ''] = offers(device)
    expect(row(id)).toMatchObject({ replaces: old, expiresAtMs: rig.clock.wallMs() + 3 * HOUR_MS })
    await answer(device)
    await pass(HOUR_MS)
    await rig.duty('heartbeat')
    await rig.duty('heartbeat')
    expect(device.link.closes).toEqual([])
    expect(await stateOf(old)).toBe('expired')
  })

  test('and its successor after it, on and on in one session', async () => {
    const device = await connect(old, endsAtMs)
    for (let turn = 1; turn <= 4; turn++) {
      await pass(2 * HOUR_MS)
      expect(offers(device)).toHaveLength(turn)
      await answer(device)
    }
    expect(device.link.closes).toEqual([])
  })

  test('that is past that when the device connects is rotated at once', async () => {
    rig.clock.suspend(2.5 * HOUR_MS)
    const device = await connect(old, endsAtMs)
    await rig.duty('due rotations')
    await settled()
    expect(offers(device)).toHaveLength(1)
  })

  test('is tried again later where there is no room', async () => {
    const device = await connect(old, endsAtMs)
    const other = await rig.core.fleet.issueToken('d1', {})
    await pass(2 * HOUR_MS)
    expect(rig.log.at('warn')).toEqual(['a token that ends soon could not be rotated'])
    await rig.core.fleet.revokeToken('d1', other.id)
    await pass(600_000)
    expect(offers(device)).toHaveLength(1)
  })

  test('is not rotated for a session that is over', async () => {
    const device = await connect(old, endsAtMs)
    device.vanish()
    await pass(2 * HOUR_MS)
    expect(await rig.core.fleet.listTokens('d1')).toHaveLength(2)
  })
})

describe('a token whose end is over opens a session that only rotates [K-10]', () => {
  let endsAtMs: number
  beforeEach(async () => {
    const issued = await rig.core.fleet.issueToken('d1', { expiresInS: 60 })
    await rig.core.fleet.revokeToken('d1', old)
    old = issued.id
    endsAtMs = issued.expiresAtMs ?? 0
    rig.clock.suspend(30 * DAY_MS)
  })

  test('the new token comes right behind welcome, and once it is confirmed the session is like every other', async () => {
    await rig.core.fleet.submitCommand('d1', { name: 'ping' })
    await rig.core.fleet.changeDesired('d1', { a: 1 }, {})
    const device = await connect(old, endsAtMs)
    expect(device.link.messages.map(({ type }) => type)).toEqual(['welcome', 'token'])
    await rig.core.fleet.submitCommand('d1', { name: 'pong' })
    await settled()
    expect(device.link.of('command')).toEqual([])
    await answer(device)
    expect(device.link.of('command').map(({ name }) => name)).toEqual(['ping', 'pong'])
    expect(device.link.of('desired')).toHaveLength(1)
    device.telemetry(1)
    await settled()
    expect(rig.bus.on('/telemetry')).toHaveLength(1)
    await rig.clock.advance(10_000)
    await rig.duty('heartbeat')
    expect(device.link.closes).toEqual([])
  })

  test.each<[string, (device: DeviceEnd) => void]>([
    ['telemetry', (device) => device.telemetry(1)],
    ['a binary frame', (device) => device.binary(new Uint8Array([1, 0, 0, 0, 1, 1, 65, 66]))],
    ['a report', (device) => device.send({ type: 'reported', version: 0, state: {} })],
    ['a log line', (device) => device.send({ type: 'log', level: 'info', text: 'x' })],
  ])('%s before that ends it with 4001, and reaches nobody; the token was sent before', async (_, say) => {
    const device = rig.open('d1', old, endsAtMs)
    device.hello()
    say(device) // before it has heard anything
    await settled()
    expect(device.link.messages.map(({ type }) => type)).toEqual(['welcome', 'token', 'bye'])
    expect(device.link.closedWith).toBe(4001)
    const [id = ''] = offers(device)
    expect(rig.bus.publishes.some(({ topic }) => /telemetry|log/.test(topic))).toBe(false)
    expect(rig.memory.shadows.size).toBe(0)
    await connect(id, row(id)?.expiresAtMs)
    expect(await stateOf(id)).toBe('live')
  })

  test('it may leave, and the same token is offered in the next one', async () => {
    const device = await connect(old, endsAtMs)
    device.send({ type: 'bye' })
    expect(device.link.closedWith).toBe(1000)
    const again = await connect(old, endsAtMs)
    expect(offers(again)).toEqual(offers(device))
  })

  test('it lasts a minute without an answer', async () => {
    const device = await connect(old, endsAtMs)
    await rig.clock.advance(4_000)
    await rig.duty('heartbeat')
    expect(device.link.closes).toEqual([])
    for (let s = 4; s < 60; s += 4) {
      await rig.clock.advance(4_000)
      device.pong()
      await rig.duty('heartbeat')
    }
    expect(device.link.closedWith).toBe(4001)
  })

  test('without room for a new token there is no welcome but 4001', async () => {
    await rig.core.fleet.issueToken('d1', {})
    await rig.core.fleet.issueToken('d1', {})
    const device = await connect(old, endsAtMs)
    expect(device.link.messages.map(({ type }) => type)).toEqual(['bye'])
    expect(device.link.closedWith).toBe(4001)
  })

  test('a store that cannot be used is 1011: the device comes back soon', async () => {
    rig.memory.fail('addReplacement')
    const device = await connect(old, endsAtMs)
    expect(device.link.closedWith).toBe(1011)
  })

  test('an operator may begin the rotation before the device comes', async () => {
    const { id, state } = await rotate()
    expect(state).toBe('pending')
    expect(offers(await connect(old, endsAtMs))).toEqual([id])
  })

  test('after 90 days it is over', async () => {
    rig.clock.suspend(61 * DAY_MS)
    const device = await connect(old, endsAtMs)
    expect(device.link.closedWith).toBe(4001)
    expect(offers(device)).toEqual([])
    await expect(rotate()).rejects.toMatchObject({ code: 'no_live_token' })
  })
})
