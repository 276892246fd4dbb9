import { expect, test } from 'vitest'
import type { MadeBetween, Replacement } from '../../gateway/core/records.ts'
import type { Registry } from '../../gateway/core/registry.ts'
import { NOW_MS, newDevice, newToken, type RegistryUnderTest } from './registry-fixtures.ts'

const replacement = (id: string, more: Partial<Replacement> = {}): Replacement => ({
  ...newToken('d', id),
  replaces: 'old',
  overlapS: 60,
  ...more,
})

/** [K-9] What the registry promises of tokens that replace each other. */
export function rotationContract(opened: () => RegistryUnderTest): void {
  const row = async (id: string, registry: Registry = opened().registry) =>
    (await registry.listTokens('d')).find((token) => token.id === id)
  async function withDevice(): Promise<Registry> {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d', 'old'))
    return registry
  }

  test('a replacement is stored with what it replaces, and survives a restart', async () => {
    const registry = await withDevice()
    const token = replacement('new', { overlapS: 0, expiresAtMs: NOW_MS + 1_000 })
    expect(await registry.addReplacement(token, 2)).toBe('added')
    expect(await row('new', await opened().reopen())).toEqual(token)
  })

  test('it is refused without its device, for a token that is not there or has ended, and beside another rotation', async () => {
    const registry = await withDevice()
    expect(await registry.addReplacement(replacement('new', { device: 'nobody' }), 2)).toBe('no_device')
    expect(await registry.addReplacement(replacement('new', { replaces: 'none' }), 2)).toBe('gone')
    expect(await registry.addReplacement(replacement('new'), 2)).toBe('added')
    expect(await registry.addReplacement(replacement('newer'), 3)).toBe('in_progress')
    await registry.confirmToken('d', 'new', NOW_MS)
    const later = { createdAtMs: NOW_MS + 59_999, replaces: 'new' }
    expect(await registry.addReplacement(replacement('newer', later), 3)).toBe('in_progress')
    const after = { createdAtMs: NOW_MS + 60_000 }
    expect(await registry.addReplacement(replacement('newer', after), 3)).toBe('gone')
    expect(await registry.addReplacement(replacement('newer', { ...after, replaces: 'new' }), 2)).toBe('added')
    await registry.revokeToken('d', 'newer', NOW_MS + 60_000)
    await registry.revokeToken('d', 'new', NOW_MS + 60_000)
    expect(await registry.addReplacement(replacement('last', { ...after, replaces: 'new' }), 2)).toBe('gone')
  })

  test('it counts among the live ones, also while it waits; a token whose end is over may be replaced', async () => {
    const registry = await withDevice()
    const endsSoon = newToken('d', 'second', { expiresAtMs: NOW_MS + 1_000 })
    await registry.addToken(endsSoon, 2)
    expect(await registry.addReplacement(replacement('new', { replaces: 'second' }), 2)).toBe('too_many')
    const later = { replaces: 'second', createdAtMs: NOW_MS + 1_000 }
    expect(await registry.addReplacement(replacement('new', later), 2)).toBe('added')
    expect(await registry.addToken(newToken('d', 'third', { createdAtMs: NOW_MS + 1_000 }), 2)).toBe('too_many')
  })

  test('of many at the same time one is taken', async () => {
    const registry = await withDevice()
    const tries = Array.from({ length: 10 }, (_, i) => registry.addReplacement(replacement(`t${i}`), 2))
    expect((await Promise.all(tries)).filter((answer) => answer === 'added')).toHaveLength(1)
  })

  test('confirming sets the end of the replaced one, once and for all', async () => {
    const registry = await withDevice()
    await registry.addReplacement(replacement('new'), 2)
    expect((await row('old'))?.endsAtMs).toBeUndefined()
    const confirmed = { ...replacement('new'), confirmedAtMs: NOW_MS + 5 }
    expect(await registry.confirmToken('d', 'new', NOW_MS + 5)).toEqual(confirmed)
    expect((await row('old'))?.endsAtMs).toBe(NOW_MS + 60_005)
    expect(await registry.confirmToken('d', 'new', NOW_MS + 9_000)).toEqual(confirmed)
    const again = await opened().reopen()
    expect([await row('old', again), await row('new', again)]).toEqual([
      { ...newToken('d', 'old'), endsAtMs: NOW_MS + 60_005 },
      confirmed,
    ])
    expect((await again.credential('d', 'old'))?.token?.endsAtMs).toBe(NOW_MS + 60_005)
  })

  test('it also ends an earlier replacement of the same token that expired before anybody confirmed it', async () => {
    const registry = await withDevice()
    await registry.addReplacement(replacement('missed', { expiresAtMs: NOW_MS + 1_000 }), 2)
    const later = { createdAtMs: NOW_MS + 2_000 }
    expect(await registry.addReplacement(replacement('new', later), 2)).toBe('added')
    await registry.confirmToken('d', 'new', NOW_MS + 3_000)
    expect((await row('missed', await opened().reopen()))?.endsAtMs).toBe(NOW_MS + 63_000)
  })

  test('only a live replacement can be confirmed', async () => {
    const registry = await withDevice()
    await registry.addReplacement(replacement('new', { expiresAtMs: NOW_MS + 1_000 }), 2)
    expect(await registry.confirmToken('d', 'old', NOW_MS)).toBeUndefined()
    expect(await registry.confirmToken('d', 'none', NOW_MS)).toBeUndefined()
    expect(await registry.confirmToken('nobody', 'new', NOW_MS)).toBeUndefined()
    expect(await registry.confirmToken('d', 'new', NOW_MS + 1_000)).toBeUndefined()
    await registry.revokeToken('d', 'new', NOW_MS)
    expect(await registry.confirmToken('d', 'new', NOW_MS)).toBeUndefined()
    expect((await row('old'))?.endsAtMs).toBeUndefined()
  })

  test('tokens whose overlap is over are listed until they are revoked, the oldest end first', async () => {
    const { registry } = opened()
    for (const [device, overlapS] of [
      ['a', 2],
      ['b', 1],
      ['c', 3],
    ] as const) {
      await registry.createDevice(newDevice(device), newToken(device, 'old'))
      await registry.addReplacement(replacement('new', { device, overlapS }), 2)
      await registry.confirmToken(device, 'new', NOW_MS)
    }
    const ended = async (ms: number, limit = 9) =>
      (await registry.endedTokens(NOW_MS + ms, limit)).map(({ device, id }) => `${device}/${id}`)
    expect(await ended(999)).toEqual([])
    expect(await ended(2_000)).toEqual(['b/old', 'a/old'])
    expect(await ended(2_000, 1)).toEqual(['b/old'])
    await registry.revokeToken('b', 'old', NOW_MS + 1_000)
    expect(await ended(3_000)).toEqual(['a/old', 'c/old'])
  })

  test('an ended token no longer counts among the live ones, before anybody has revoked it', async () => {
    const registry = await withDevice()
    await registry.addReplacement(replacement('new', { overlapS: 1 }), 2)
    await registry.confirmToken('d', 'new', NOW_MS)
    expect(await registry.addToken(newToken('d', 't', { createdAtMs: NOW_MS + 999 }), 2)).toBe('too_many')
    expect(await registry.addToken(newToken('d', 't', { createdAtMs: NOW_MS + 1_000 }), 2)).toBe('added')
  })

  test('replaced tokens do not pile up', async () => {
    const registry = await withDevice()
    let present = 'old'
    for (let i = 0; i < 60; i++) {
      const createdAtMs = NOW_MS + i
      const token = replacement(`t${i}`, { replaces: present, overlapS: 0, createdAtMs })
      expect(await registry.addReplacement(token, 2)).toBe('added')
      await registry.confirmToken('d', token.id, createdAtMs)
      present = token.id
    }
    const ids = (await registry.listTokens('d')).map(({ id }) => id)
    expect(ids.length).toBeLessThan(50)
    expect(ids).toEqual(expect.arrayContaining(['t59', 't58']))
  })

  test('tokens are found by when they were made: live ones are counted, those that nothing replaces are listed', async () => {
    const registry = await withDevice()
    await registry.createDevice(newDevice('e'), newToken('e', 'later', { createdAtMs: NOW_MS + 10 }))
    const before = { fromMs: 0, beforeMs: NOW_MS + 10 }
    const since = { fromMs: NOW_MS + 10, beforeMs: undefined }
    const ids = async (made: MadeBetween) =>
      (await registry.unreplacedTokens(made, NOW_MS + 20, 10)).map(({ id }) => id)
    expect(await registry.countLiveTokens(before, NOW_MS + 20)).toBe(1)
    expect(await registry.countLiveTokens(since, NOW_MS + 20)).toBe(1)
    expect(await ids(before)).toEqual(['old'])
    expect(await ids(since)).toEqual(['later'])
    await registry.addReplacement(replacement('new', { createdAtMs: NOW_MS + 15 }), 2)
    expect(await ids(before)).toEqual([])
    expect(await registry.countLiveTokens(before, NOW_MS + 20)).toBe(1)
    expect(await registry.revokeTokensMade(before, NOW_MS + 20)).toEqual([{ device: 'd', id: 'old' }])
    expect(await registry.revokeTokensMade(before, NOW_MS + 20)).toEqual([])
    expect(await registry.countLiveTokens(before, NOW_MS + 20)).toBe(0)
    expect(await registry.countLiveTokens(since, NOW_MS + 20)).toBe(2)
  })

  test('all tokens of a device are revoked at once, and counted once', async () => {
    const registry = await withDevice()
    await registry.addReplacement(replacement('new'), 2)
    expect(await registry.revokeTokensOf('d', NOW_MS)).toBe(2)
    expect(await registry.revokeTokensOf('d', NOW_MS + 1)).toBe(0)
    expect((await row('old'))?.revokedAtMs).toBe(NOW_MS)
    expect(await registry.revokeTokensOf('nobody', NOW_MS)).toBe(0)
  })
}
