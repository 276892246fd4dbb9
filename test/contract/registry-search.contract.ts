import { beforeEach, describe, expect, test } from 'vitest'
import type { DeviceQuery } from '../../gateway/core/device-query.ts'
import type { PresenceState } from '../../gateway/core/records.ts'
import type { Registry } from '../../gateway/core/registry.ts'
import { HOSTILE_NAMES, NOW_MS, newDevice, newToken, type RegistryUnderTest } from './registry-fixtures.ts'

/** What the port promises about finding devices. */
export function searchContract(opened: () => RegistryUnderTest): void {
  let registry: Registry
  const present = (device: string, state: PresenceState) =>
    registry.savePresence({ device, state, session: 1, sinceMs: NOW_MS, reason: 'test', node: 'n' })
  const found = async (query: Partial<DeviceQuery>) =>
    (await registry.listDevices({ limit: 100, ...query })).map(({ id }) => id)
  beforeEach(async () => {
    registry = opened().registry
    const devices = [
      newDevice('attic-1', { model: 'esp32', tags: ['north', 'roof'] }),
      newDevice('attic-2', { model: 'esp32-s3', tags: ['north'] }),
      newDevice('cellar-1', { model: 'esp32' }),
      newDevice('Cellar-2', { tags: ['north', 'north'] }),
    ]
    for (const device of devices) await registry.createDevice(device, newToken(device.id))
    await registry.updateDevice('attic-1', { firmware: '1.2.0' })
    await registry.updateDevice('cellar-1', { firmware: '1.2.0', enabled: false })
    await present('attic-1', 'online')
    await present('cellar-1', 'sleeping')
  })

  test('each filter holds alone', async () => {
    expect(await found({})).toEqual(['Cellar-2', 'attic-1', 'attic-2', 'cellar-1'])
    expect(await found({ prefix: 'attic' })).toEqual(['attic-1', 'attic-2'])
    expect(await found({ search: 'ELLAR' })).toEqual(['Cellar-2', 'cellar-1'])
    expect(await found({ tag: 'north' })).toEqual(['Cellar-2', 'attic-1', 'attic-2'])
    expect(await found({ model: 'esp32' })).toEqual(['attic-1', 'cellar-1'])
    expect(await found({ firmware: '1.2.0' })).toEqual(['attic-1', 'cellar-1'])
    expect(await found({ state: 'online' })).toEqual(['attic-1'])
    expect(await found({ state: 'sleeping' })).toEqual(['cellar-1'])
    expect(await found({ enabled: false })).toEqual(['cellar-1'])
  })

  test('each word of a text stands in the id, the model, the firmware or a tag', async () => {
    expect(await found({ text: 'ESP32' })).toEqual(['attic-1', 'attic-2', 'cellar-1'])
    expect(await found({ text: '  1.2 ATT ' })).toEqual(['attic-1'])
    expect(await found({ text: 'nor -2' })).toEqual(['Cellar-2', 'attic-2'])
    expect(await found({ text: 'north","roof' })).toEqual([])
    expect(await found({ text: 'roof', tag: 'north', state: 'online' })).toEqual(['attic-1'])
    expect(await found({ text: ' ' })).toHaveLength(4)
  })

  test('a device that was never seen is offline', async () => {
    expect(await found({ state: 'offline' })).toEqual(['Cellar-2', 'attic-2'])
    await present('attic-1', 'offline')
    expect(await found({ state: 'offline' })).toEqual(['Cellar-2', 'attic-1', 'attic-2'])
  })

  test('filters hold together, page by page', async () => {
    expect(await found({ tag: 'north', model: 'esp32', state: 'online', enabled: true, search: 'ic' })).toEqual([
      'attic-1',
    ])
    expect(await found({ tag: 'north', limit: 1 })).toEqual(['Cellar-2'])
    expect(await found({ tag: 'north', limit: 9, after: 'Cellar-2' })).toEqual(['attic-1', 'attic-2'])
    expect(await found({ state: 'offline', prefix: 'attic', after: 'attic-1' })).toEqual(['attic-2'])
    expect(await found({ model: 'esp32', firmware: '1.2.0', limit: 1, after: 'attic-1' })).toEqual(['cellar-1'])
  })

  test('a tag that is given or taken away is found, or not, from then on; so with a device that goes', async () => {
    await registry.updateDevice('attic-1', { tags: ['south'] })
    expect(await found({ tag: 'north' })).toEqual(['Cellar-2', 'attic-2'])
    expect(await found({ tag: 'south' })).toEqual(['attic-1'])
    await registry.updateDevice('attic-1', { firmware: '2' }) // a hello says nothing of tags
    expect(await found({ tag: 'south' })).toEqual(['attic-1'])
    await registry.deleteDevice('attic-1')
    expect(await found({ tag: 'south' })).toEqual([])
  })

  describe('texts are only compared', () => {
    test.each(HOSTILE_NAMES)('%s', async (text) => {
      for (const filter of ['prefix', 'search', 'tag', 'model', 'firmware']) {
        expect(await found({ [filter]: text })).toEqual([])
      }
      await registry.updateDevice('attic-2', { tags: [text], model: text, firmware: text })
      expect(await found({ tag: text, model: text, firmware: text })).toEqual(['attic-2'])
    })
  })

  test('notes are kept, and an empty text removes them', async () => {
    const notes = 'behind the second door\n"ä"'
    await registry.createDevice(newDevice('noted', { notes }), newToken('noted'))
    expect((await registry.device('noted'))?.notes).toBe(notes)
    await registry.updateDevice('noted', { model: 'x' })
    expect((await registry.device('noted'))?.notes).toBe(notes)
    expect((await registry.updateDevice('noted', { notes: '' }))?.notes).toBeUndefined()
    expect((await registry.device('noted'))?.notes).toBeUndefined()
  })
}
