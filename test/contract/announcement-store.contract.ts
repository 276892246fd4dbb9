import { expect, test } from 'vitest'
import type { AnnouncementStore } from '../../gateway/core/home-assistant/ports.ts'
import type { Registry } from '../../gateway/core/registry.ts'
import { HOSTILE_NAMES, newDevice, newToken } from './registry-fixtures.ts'

type Store = Registry & { readonly announced: AnnouncementStore }
export interface AnnouncementStoreUnderTest {
  readonly registry: Store
  reopen(): Promise<Store>
}

/** What the port promises about retained messages that must be cleared some day. */
export function announcementContract(opened: () => AnnouncementStoreUnderTest): void {
  const TOPIC = 'homeassistant/device/fairlead/d/config'

  test('an announcement comes back whole, the last one of its topic', async () => {
    const { registry } = opened()
    expect(await registry.announced.announcements()).toEqual([])
    await registry.announced.saveAnnouncement({ topic: TOPIC, device: 'd', components: ['sensor_a'] })
    await registry.announced.saveAnnouncement({ topic: TOPIC, device: 'd', components: ['sensor_b', ...HOSTILE_NAMES] })
    await registry.announced.saveAnnouncement({ topic: 'other', device: 'd', components: [] })
    expect(await registry.announced.announcements()).toEqual([
      { topic: TOPIC, device: 'd', components: ['sensor_b', ...HOSTILE_NAMES] },
      { topic: 'other', device: 'd', components: [] },
    ])
    await registry.announced.dropAnnouncement('other')
    await registry.announced.dropAnnouncement('never there')
    expect((await registry.announced.announcements()).map(({ topic }) => topic)).toEqual([TOPIC])
  })

  test('it outlives its device, and a restart', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d'))
    await registry.announced.saveAnnouncement({ topic: TOPIC, device: 'd', components: ['sensor_a'] })
    await registry.deleteDevice('d')
    const again = await opened().reopen()
    expect(await again.announced.announcements()).toEqual([{ topic: TOPIC, device: 'd', components: ['sensor_a'] }])
  })
}
