import { expect, test } from 'vitest'
import type { Ban } from '../../gateway/core/ban-store.ts'
import { NOW_MS, type RegistryUnderTest } from './registry-fixtures.ts'

/** What the port promises about bans. */
export function banContract(opened: () => RegistryUnderTest): void {
  const ban = (id: string, more: Partial<Ban>): Ban => ({ id, createdAtMs: NOW_MS, ...more })
  const ids = async () => (await opened().registry.banStore.bans()).map(({ id }) => id)

  test('bans come back whole, by id, also after a restart', async () => {
    const { banStore } = opened().registry
    const address = ban('b', { address: '2001:db8::/32', reason: '"x"; --', endsAtMs: NOW_MS + 5 })
    const device = ban('a', { device: 'pump' })
    expect(await banStore.putBan(address, 9)).toBe('kept')
    expect(await banStore.putBan(device, 9)).toBe('kept')
    const again = await opened().reopen()
    expect(await again.banStore.bans()).toEqual([device, address])
  })

  test('one of the same address or device is replaced, and does not count against the bound', async () => {
    const { banStore } = opened().registry
    await banStore.putBan(ban('a', { device: 'pump' }), 2)
    await banStore.putBan(ban('b', { address: '10.0.0.1' }), 2)
    expect(await banStore.putBan(ban('c', { device: 'pump' }), 2)).toBe('kept')
    expect(await banStore.putBan(ban('d', { device: 'fan' }), 2)).toBe('full')
    expect(await ids()).toEqual(['b', 'c'])
  })

  test('they are removed once, and forgotten when they have ended', async () => {
    const { banStore } = opened().registry
    await banStore.putBan(ban('a', { device: 'pump' }), 9)
    await banStore.putBan(ban('b', { device: 'fan', endsAtMs: NOW_MS }), 9)
    await banStore.putBan(ban('c', { device: 'lamp', endsAtMs: NOW_MS + 1 }), 9)
    await banStore.dropEndedBans(NOW_MS)
    expect(await ids()).toEqual(['a', 'c'])
    expect(await banStore.removeBan('a')).toBe(true)
    expect(await banStore.removeBan('a')).toBe(false)
    expect(await ids()).toEqual(['c'])
  })
}
