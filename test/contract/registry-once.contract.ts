import { expect, test } from 'vitest'
import { NOW_MS, newCommand, newDevice, newToken, type RegistryUnderTest } from './registry-fixtures.ts'

const DAY_MS = 24 * 3600 * 1000
const WAITING_MAX = 100
const ONCE = { key: 'k', request: 'r' }

/** What the port promises about requests that are repeated, searches and dead letters. */
export function onceContract(opened: () => RegistryUnderTest): void {
  const withPump = async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('pump'), newToken('pump'))
    return registry
  }

  test('of many repeats at once one makes the command, and the others learn which', async () => {
    const registry = await withPump()
    const tries = Array.from({ length: 20 }, (_, i) => registry.insertCommand(newCommand(`c${i}`), WAITING_MAX, ONCE))
    const answers = await Promise.all(tries)
    expect(answers[0]).toBe('inserted')
    expect(answers.slice(1)).toEqual(Array(19).fill({ repeatOf: 'c0' }))
    expect(await registry.openCommands('pump')).toHaveLength(1)
  })

  test('a repeat is known after a restart, for a day, and also when the queue is full by now', async () => {
    const registry = await withPump()
    await registry.insertCommand(newCommand('c'), 1, ONCE)
    const again = await opened().reopen()
    const repeat = (atMs: number) => again.insertCommand(newCommand('d', { createdAtMs: atMs }), 1, ONCE)
    expect(await repeat(NOW_MS + DAY_MS - 1)).toEqual({ repeatOf: 'c' })
    expect(await repeat(NOW_MS + DAY_MS)).toBe('full')
    await again.advanceCommand('c', 'pump', { kind: 'cancel' }, NOW_MS)
    expect(await repeat(NOW_MS + DAY_MS)).toBe('inserted')
    expect(await repeat(NOW_MS + DAY_MS + 1)).toEqual({ repeatOf: 'd' })
  })

  test('the same key with another request is a conflict and makes nothing', async () => {
    const registry = await withPump()
    await registry.insertCommand(newCommand('c'), WAITING_MAX, ONCE)
    const other = { ...ONCE, request: 'another' }
    expect(await registry.insertCommand(newCommand('d'), WAITING_MAX, other)).toBe('conflict')
    expect(await registry.createDevice(newDevice('e'), newToken('e'), other)).toBe('conflict')
    expect(await registry.addToken(newToken('pump', 't'), 2, other)).toBe('conflict')
    expect(await registry.device('e')).toBeUndefined()
    expect(await registry.listTokens('pump')).toHaveLength(1)
  })

  test('a request that made nothing is not remembered', async () => {
    const registry = await withPump()
    const nobody = newCommand('c', { device: 'nobody' })
    expect(await registry.insertCommand(nobody, WAITING_MAX, ONCE)).toBe('no_device')
    expect(await registry.insertCommand(newCommand('c'), 0, ONCE)).toBe('full')
    expect(await registry.insertCommand(newCommand('c'), WAITING_MAX, ONCE)).toBe('inserted')
  })

  test('devices and tokens are made once, too', async () => {
    const registry = await withPump()
    const device = { key: 'device', request: 'r' }
    const token = { key: 'token', request: 'r' }
    expect(await registry.createDevice(newDevice('d'), newToken('d'), device)).toBe('created')
    expect(await registry.createDevice(newDevice('e'), newToken('e'), device)).toEqual({ repeatOf: 'd' })
    expect(await registry.addToken(newToken('d', 'second'), 2, token)).toBe('added')
    expect(await registry.addToken(newToken('d', 'third'), 2, token)).toEqual({ repeatOf: 'second' })
    expect((await registry.listTokens('d')).map(({ id }) => id).sort()).toEqual(['first', 'second'])
  })

  test('of an import repeated at once and after a restart one makes the devices', async () => {
    const { registry } = opened()
    const one = (id: string) => ({ device: newDevice(id), token: newToken(id) })
    const list = ['a', 'b'].map(one)
    const answers = await Promise.all([registry.createDevices(list, ONCE), registry.createDevices(list, ONCE)])
    expect(answers).toEqual([['created', 'created'], { repeatOf: 'a' }])
    const again = await opened().reopen()
    expect(await again.createDevices(list, ONCE)).toEqual({ repeatOf: 'a' })
    expect(await again.createDevices(['c'].map(one), { ...ONCE, request: 'another' })).toBe('conflict')
    expect(await again.device('c')).toBeUndefined()
    const nothingNew = { key: 'nothing new', request: 'r' }
    for (const _time of [1, 2]) expect(await again.createDevices(list, nothingNew)).toEqual(['exists', 'exists'])
  })

  test('of a batch repeated at once and after a restart one is stored, also when no more may be pending', async () => {
    const registry = await withPump()
    const limits = { targetsMax: 9, pendingMax: 1 }
    const batch = (id: string) => ({ ...newCommand(id), id })
    const create = (on: typeof registry, id: string, once = ONCE) =>
      on.batches.createBatch(batch(id), { devices: ['pump'] }, limits, once)
    expect(await Promise.all(['x', 'y', 'z'].map((id) => create(registry, id)))).toEqual([
      'created',
      { repeatOf: 'x' },
      { repeatOf: 'x' },
    ])
    const again = await opened().reopen()
    expect(await create(again, 'w')).toEqual({ repeatOf: 'x' })
    expect(await create(again, 'w', { ...ONCE, request: 'another' })).toBe('conflict')
    const full = { key: 'full', request: 'r' }
    expect(await create(again, 'w', full)).toBe('full')
    await again.batches.cancelBatch('x', NOW_MS)
    expect(await create(again, 'w', full)).toBe('created')
    expect((await again.batches.listBatches({ limit: 9 })).map(({ id }) => id)).toEqual(['w', 'x'])
  })

  test('commands of all devices are found by state, device and time, newest first', async () => {
    const registry = await withPump()
    await registry.createDevice(newDevice('lamp'), newToken('lamp'))
    const made = [
      newCommand('a', { createdAtMs: NOW_MS }),
      newCommand('b', { device: 'lamp', createdAtMs: NOW_MS + 10 }),
      newCommand('c', { createdAtMs: NOW_MS + 20 }),
      newCommand('d', { device: 'lamp', createdAtMs: NOW_MS + 30 }),
    ]
    for (const command of made) await registry.insertCommand(command, WAITING_MAX)
    await registry.advanceCommand('c', 'pump', { kind: 'sent' }, NOW_MS + 40)
    await registry.advanceCommand('d', 'lamp', { kind: 'cancel' }, NOW_MS + 40)
    const found = async (query: object) => (await registry.findCommands({ limit: 9, ...query })).map(({ id }) => id)
    expect(await found({})).toEqual(['d', 'c', 'b', 'a'])
    expect(await found({ limit: 2 })).toEqual(['d', 'c'])
    expect(await found({ before: 'c' })).toEqual(['b', 'a'])
    expect(await found({ before: 'nothing' })).toEqual([])
    expect(await found({ state: 'open' })).toEqual(['c', 'b', 'a'])
    expect(await found({ state: 'queued' })).toEqual(['b', 'a'])
    expect(await found({ state: 'cancelled', device: 'pump' })).toEqual([])
    expect(await found({ device: 'lamp', state: 'open' })).toEqual(['b'])
    expect(await found({ sinceMs: NOW_MS + 10, untilMs: NOW_MS + 30 })).toEqual(['c', 'b'])
    expect(await found({ sinceMs: NOW_MS + 31 })).toEqual([])
    expect(await found({ untilMs: NOW_MS, state: 'open', before: 'd' })).toEqual([])
  })

  test('deliveries and the wish to cancel are kept beside the state', async () => {
    const registry = await withPump()
    await registry.insertCommand(newCommand('c'), WAITING_MAX)
    const advance = (kind: 'sent' | 'sent_again' | 'cancel' | 'accepted') =>
      registry.advanceCommand('c', 'pump', { kind }, NOW_MS)
    await advance('sent')
    await advance('sent_again')
    expect((await advance('cancel'))?.changed).toBe(true)
    expect((await advance('cancel'))?.changed).toBe(false)
    await advance('accepted')
    const again = await opened().reopen()
    const command = await again.command('c')
    expect(command).toMatchObject({ state: 'accepted', deliveries: 2, cancelAskedAtMs: NOW_MS })
    expect(command?.history.map(({ state }) => state)).toEqual(['queued', 'sent', 'accepted'])
  })

  test('who deletes a device learns of its commands whose end nobody has heard, in one step with it', async () => {
    const registry = await withPump()
    for (const id of ['open', 'ended', 'heard']) await registry.insertCommand(newCommand(id), WAITING_MAX)
    for (const id of ['ended', 'heard']) await registry.advanceCommand(id, 'pump', { kind: 'cancel' }, NOW_MS)
    const changes = await registry.unpublishedChanges(99)
    await registry.markPublished(changes.filter(({ command }) => command === 'heard').map(({ changeId }) => changeId))
    const unheard = await registry.deleteDevice('pump')
    expect(unheard?.map(({ id, state }) => [id, state])).toEqual([
      ['open', 'queued'],
      ['ended', 'cancelled'],
    ])
    expect(await registry.command('open')).toBeUndefined()
  })

  test('dead letters are kept newest first; of more than a thousand the oldest go', async () => {
    const { registry } = opened()
    const letter = (topic: string, device?: string) => ({
      ...{ atMs: NOW_MS, topic, device, reason: 'bad_request', detail: 'not_json', bytes: 1, payload: '{' },
    })
    await registry.addDeadLetter({ ...letter('whole', 'pump'), command: 'c1' })
    expect(await registry.listDeadLetters({ limit: 9 })).toEqual([
      { ...letter('whole', 'pump'), command: 'c1', id: expect.any(Number) },
    ])
    await Promise.all(Array.from({ length: 1_001 }, (_, i) => registry.addDeadLetter(letter(`t${i}`))))
    const [newest] = await registry.listDeadLetters({ limit: 1 })
    const all = await registry.listDeadLetters({ limit: 5_000 })
    expect(newest?.topic).toBe('t1000')
    expect([all.length, all.at(-1)?.topic]).toEqual([1_000, 't1'])
    expect(await registry.listDeadLetters({ limit: 9, device: 'pump' })).toEqual([])
    expect(await registry.listDeadLetters({ limit: 9, before: (all.at(-1)?.id ?? 0) + 1 })).toHaveLength(1)
  })
}
