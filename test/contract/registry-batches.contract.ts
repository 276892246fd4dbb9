import { beforeEach, expect, test } from 'vitest'
import type { NewBatch } from '../../gateway/core/batch-store.ts'
import type { Registry } from '../../gateway/core/registry.ts'
import { NOW_MS, newCommand, newDevice, newToken, type RegistryUnderTest } from './registry-fixtures.ts'

const LIMITS = { targetsMax: 4, pendingMax: 2 }
const WAITING_MAX = 3

/** What the port promises about commands for many devices. Devices a, b and c have the tag `north`. */
export function batchContract(opened: () => RegistryUnderTest): void {
  let registry: Registry
  beforeEach(async () => {
    registry = opened().registry
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      const tags = id < 'd' ? ['north', 'all'] : ['all']
      await registry.createDevice(newDevice(id, { tags }), newToken(id))
    }
  })
  const newBatch = (id: string): NewBatch => ({
    ...{ id, name: 'water', params: { litres: 3 }, ttlS: 60, timeoutS: 30, createdAtMs: NOW_MS },
  })
  const create = (id: string, aim: { tag: string } | { devices: string[] }, limits = LIMITS) =>
    registry.batches.createBatch(newBatch(id), aim, limits)
  const expand = async (...ids: string[]) => {
    const { commands, refused } = await registry.batches.expandBatches(ids, WAITING_MAX)
    return { devices: commands.map(({ device }) => device), refused: refused.map(({ device }) => device) }
  }
  const counts = async (id: string) => (await registry.batches.batch(id))?.counts
  const advance = (id: string, device: string) =>
    registry.advanceCommand(id, device, { kind: 'result', ok: true, data: 1 }, NOW_MS)

  test('a batch is stored with the devices of that moment, all pending', async () => {
    expect(await create('x', { tag: 'north' })).toBe('created')
    await registry.updateDevice('d', { tags: ['north'] })
    expect(await registry.batches.batch('x')).toEqual({
      ...newBatch('x'),
      ...{ tag: 'north', cancelledAtMs: undefined, counts: { pending: 3 } },
    })
    expect(await registry.batches.batchTargets('x', { limit: 9 })).toEqual(
      ['a', 'b', 'c'].map((device) => ({ device, state: 'pending', command: undefined, error: undefined })),
    )
    expect(await registry.batches.batch('y')).toBeUndefined()
    expect(await registry.batches.batchTargets('y', { limit: 9 })).toBeUndefined()
  })

  test('devices that there are not are refused; none, too many, or too many batches leave nothing', async () => {
    expect(await create('x', { devices: ['nobody', 'a', 'a'] })).toBe('created')
    expect(await counts('x')).toEqual({ pending: 1, refused: 1 })
    expect(await create('y', { devices: ['nobody'] })).toBe('no_device')
    expect(await create('y', { tag: 'nothing' })).toBe('no_device')
    expect(await create('y', { tag: 'all' })).toBe('too_many')
    expect(await create('y', { tag: 'north' })).toBe('created')
    expect(await create('z', { tag: 'north' })).toBe('full')
    expect((await registry.batches.listBatches({ limit: 9 })).map(({ id }) => id)).toEqual(['y', 'x'])
    expect((await registry.batches.listBatches({ limit: 9, before: 'y' })).map(({ id }) => id)).toEqual(['x'])
    expect(await registry.batches.listBatches({ limit: 9, before: 'none' })).toEqual([])
  })

  test('commands are made in chunks, once each, with the time and the id of the batch', async () => {
    await create('x', { tag: 'north' })
    expect(await expand('c1', 'c2')).toEqual({ devices: ['a', 'b'], refused: [] })
    expect(await counts('x')).toEqual({ pending: 1, queued: 2 })
    expect(await registry.command('c1')).toMatchObject({
      ...newCommand('c1', { device: 'a' }),
      ...{ state: 'queued', batch: 'x', dueAtMs: NOW_MS + 60_000 },
    })
    const { commands } = await registry.batches.expandBatches(['c3', 'c4'], WAITING_MAX)
    expect(commands).toEqual([await registry.command('c3')])
    expect(await expand('c5')).toEqual({ devices: [], refused: [] })
    expect((await registry.unpublishedChanges(9)).map(({ command }) => command)).toEqual(['c1', 'c2', 'c3'])
    expect((await registry.openCommands('a')).map(({ batch }) => batch)).toEqual(['x'])
  })

  test('what is pending when everything stops is there afterwards', async () => {
    await create('x', { tag: 'north' })
    await expand('c1')
    const again = await opened().reopen()
    expect((await again.batches.batch('x'))?.counts).toEqual({ pending: 2, queued: 1 })
    const { commands } = await again.batches.expandBatches(['c2', 'c3'], WAITING_MAX)
    expect(commands.map(({ device }) => device)).toEqual(['b', 'c'])
  })

  test('a full or vanished device is refused, and the others get theirs', async () => {
    for (const id of ['f1', 'f2', 'f3']) await registry.insertCommand(newCommand(id, { device: 'a' }), WAITING_MAX)
    await create('x', { tag: 'north' })
    await registry.deleteDevice('b')
    expect(await expand('c1', 'c2', 'c3')).toEqual({ devices: ['c'], refused: ['a', 'b'] })
    expect(await registry.batches.batchTargets('x', { limit: 9 })).toMatchObject([
      { device: 'a', state: 'refused', error: { code: 'queue_full', message: expect.any(String) } },
      { device: 'b', state: 'refused', error: { code: 'device_not_found', message: expect.any(String) } },
      { device: 'c', state: 'queued', command: 'c3' },
    ])
  })

  test('a target follows its command, to its end and beyond', async () => {
    await create('x', { tag: 'north' })
    await expand('c1', 'c2', 'c3')
    await advance('c1', 'a')
    await registry.advanceCommand('c2', 'b', { kind: 'sent' }, NOW_MS)
    expect(await counts('x')).toEqual({ succeeded: 1, sent: 1, queued: 1 })
    const sent = await registry.batches.batchTargets('x', { state: 'sent', limit: 9 })
    expect(sent).toMatchObject([{ device: 'b', command: 'c2' }])
    expect(await registry.batches.batchTargets('x', { after: 'a', limit: 1 })).toMatchObject([{ device: 'b' }])
    const error = { code: 'stuck', message: 'the vent is stuck' }
    await registry.advanceCommand('c2', 'b', { kind: 'result', ok: false, error }, NOW_MS)
    const [a, b] = (await registry.batches.batchTargets('x', { limit: 9 })) ?? []
    expect([a, b]).toEqual([
      { device: 'a', state: 'succeeded', command: 'c1', result: 1, error: undefined },
      { device: 'b', state: 'rejected', command: 'c2', result: undefined, error },
    ])
    for (const device of ['a', 'c']) await registry.deleteDevice(device)
    expect(await counts('x')).toEqual({ succeeded: 1, rejected: 1, deleted: 1 })
    const gone = await registry.batches.batchTargets('x', { limit: 1 })
    expect(gone).toEqual([{ device: 'a', state: 'succeeded', command: 'c1', result: undefined, error: undefined }])
  })

  test('cancelled: what is pending ends at once, what is queued is named until it has ended', async () => {
    await create('x', { tag: 'north' })
    await create('other', { devices: ['d'] })
    await expand('c1', 'c2')
    await registry.advanceCommand('c1', 'a', { kind: 'sent' }, NOW_MS)
    expect(await registry.batches.cancelBatch('none', NOW_MS)).toBe(false)
    expect(await registry.batches.cancelBatch('x', NOW_MS)).toBe(true)
    expect(await registry.batches.cancelBatch('x', NOW_MS + 5)).toBe(true)
    expect(await registry.batches.batch('x')).toMatchObject({
      cancelledAtMs: NOW_MS,
      counts: { sent: 1, queued: 1, cancelled: 1 },
    })
    expect(await expand('c3')).toEqual({ devices: ['d'], refused: [] })
    expect(await registry.batches.cancelledButQueued(9)).toEqual(['c2'])
    await registry.advanceCommand('c2', 'b', { kind: 'cancel' }, NOW_MS)
    expect(await registry.batches.cancelledButQueued(9)).toEqual([])
  })

  test('the latest 50 are kept, and every one that is not finished', async () => {
    await create('old', { devices: ['e'] })
    for (let i = 0; i < 60; i++) {
      await create(`b${i}`, { devices: ['a'] }, { ...LIMITS, pendingMax: 99 })
      await registry.batches.cancelBatch(`b${i}`, NOW_MS)
    }
    const kept = await registry.batches.listBatches({ limit: 99 })
    expect(kept).toHaveLength(51)
    expect(kept.at(-1)?.id).toBe('old')
  })
}
