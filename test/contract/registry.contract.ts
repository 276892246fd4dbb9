import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Presence } from '../../gateway/core/records.ts'
import { auditContract } from './registry-audit.contract.ts'
import { banContract } from './registry-bans.contract.ts'
import { batchContract } from './registry-batches.contract.ts'
import { commandContract } from './registry-commands.contract.ts'
import { connectionContract } from './registry-connections.contract.ts'
import { HOSTILE_NAMES, NOW_MS, newDevice, newToken, type RegistryUnderTest } from './registry-fixtures.ts'
import { onceContract } from './registry-once.contract.ts'
import { rotationContract } from './registry-rotation.contract.ts'
import { searchContract } from './registry-search.contract.ts'
import { shadowContract } from './registry-shadow.contract.ts'

/** Everything the port `Registry` promises, for any implementation. */
export function registryContract(name: string, open: () => Promise<RegistryUnderTest>): void {
  describe(`registry: ${name}`, () => {
    let opened: RegistryUnderTest
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(() => opened.dispose())
    const current = () => opened

    describe('devices', () => deviceContract(current))
    describe('finding devices', () => searchContract(current))
    describe('tokens', () => tokenContract(current))
    describe('token rotation', () => rotationContract(current))
    describe('presence, sessions and last values', () => presenceContract(current))
    describe('shadows', () => shadowContract(current))
    describe('commands', () => commandContract(current))
    describe('commands for many devices', () => batchContract(current))
    describe('bans', () => banContract(current))
    describe('repeats, searches and dead letters', () => onceContract(current))
    describe('connections', () => connectionContract(current))
    describe('audit log', () => auditContract(current))
    describe('API keys and life', () => lifeContract(current))
  })
}

function deviceContract(opened: () => RegistryUnderTest): void {
  test('a device is found again as it was created, enabled and without firmware', async () => {
    const { registry } = opened()
    const device = newDevice('greenhouse-1', { model: 'esp32', tags: ['roof', 'ä "quoted"'] })
    expect(await registry.createDevice(device, newToken('greenhouse-1'))).toBe('created')
    expect(await registry.device('greenhouse-1')).toEqual({ ...device, enabled: true, capabilities: [] })
    expect(await registry.device('greenhouse-2')).toBeUndefined()
  })

  test('an id that exists is refused and its second token is not stored', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d', { model: 'old' }), newToken('d', 'first'))
    expect(await registry.createDevice(newDevice('d', { model: 'new' }), newToken('d', 'second'))).toBe('exists')
    expect((await registry.device('d'))?.model).toBe('old')
    expect((await registry.listTokens('d')).map((token) => token.id)).toEqual(['first'])
  })

  test('of many who create one id at the same time one wins', async () => {
    const { registry } = opened()
    const tries = Array.from({ length: 20 }, (_, i) => registry.createDevice(newDevice('d'), newToken('d', `t${i}`)))
    expect((await Promise.all(tries)).filter((answer) => answer === 'created')).toHaveLength(1)
    expect(await registry.listTokens('d')).toHaveLength(1)
  })

  test('devices are listed by id in byte order, page by page', async () => {
    const { registry } = opened()
    const ids = ['b', 'B', 'a-1', 'a.1', 'a', 'Z9', '0']
    await Promise.all(ids.map((id) => registry.createDevice(newDevice(id), newToken(id))))
    const first = await registry.listDevices({ limit: 4 })
    const rest = await registry.listDevices({ after: 'a', limit: 100 })
    expect(first.map((device) => device.id)).toEqual(['0', 'B', 'Z9', 'a'])
    expect(rest.map((device) => device.id)).toEqual(['a-1', 'a.1', 'b'])
    expect(await registry.listDevices({ after: 'b', limit: 100 })).toEqual([])
  })

  test('a patch changes what it names and nothing else', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d', { model: 'm', tags: ['x'] }), newToken('d'))
    expect(await registry.updateDevice('d', { enabled: false })).toMatchObject({
      enabled: false,
      model: 'm',
      tags: ['x'],
    })
    await registry.updateDevice('d', { firmware: '1.2.3', capabilities: ['vent'] })
    const after = await registry.updateDevice('d', { tags: [], model: 'n' })
    expect(after).toEqual({
      ...newDevice('d', { model: 'n' }),
      enabled: false,
      firmware: '1.2.3',
      capabilities: ['vent'],
    })
    expect(await registry.device('d')).toEqual(after)
    expect(await registry.updateDevice('nobody', { enabled: true })).toBeUndefined()
  })

  test('a deleted device leaves nothing behind, and its name can be used again', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d'))
    await registry.savePresence(presence('d', 3))
    await registry.saveLastValues([{ device: 'd', values: { t: 1 } }])
    await registry.insertCommand(
      { id: 'c', device: 'd', name: 'n', params: {}, ttlS: 1, timeoutS: 1, createdAtMs: 1 },
      9,
    )
    expect(await registry.deleteDevice('d')).toBeDefined()
    expect(await registry.deleteDevice('d')).toBeUndefined()
    expect(await registry.credential('d', 'first')).toBeUndefined()
    expect(await registry.command('c')).toBeUndefined()
    expect(await registry.unpublishedChanges(9)).toEqual([])
    await registry.createDevice(newDevice('d'), newToken('d', 'other'))
    expect((await registry.credential('d', 'first'))?.token).toBeUndefined()
    expect([await registry.presences(), await registry.lastValues(), await registry.openCommands('d')]).toEqual([
      [],
      [],
      [],
    ])
  })

  test.each(HOSTILE_NAMES)('the text %s is a name like any other', async (id) => {
    const { registry } = opened()
    await registry.createDevice(newDevice('bystander'), newToken('bystander'))
    expect(await registry.device(id)).toBeUndefined()
    expect(await registry.credential(id, id)).toBeUndefined()
    expect(await registry.createDevice(newDevice(id, { model: id, tags: [id] }), newToken(id, id))).toBe('created')
    expect(await registry.device(id)).toMatchObject({ id, model: id, tags: [id] })
    expect((await registry.credential(id, id))?.token?.id).toBe(id)
    expect(await registry.deleteDevice(id)).toEqual([])
    expect((await registry.listDevices({ limit: 9 })).map((device) => device.id)).toEqual(['bystander'])
  })
}

function tokenContract(opened: () => RegistryUnderTest): void {
  test('a credential tells whether the device is enabled and whether the token is its own', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d', 't', { expiresAtMs: NOW_MS + 5 }))
    await registry.createDevice(newDevice('other'), newToken('other', 'u'))
    expect(await registry.credential('d', 't')).toEqual({
      enabled: true,
      token: { id: 't', device: 'd', createdAtMs: NOW_MS, expiresAtMs: NOW_MS + 5 },
    })
    expect(await registry.credential('d', 'u')).toEqual({ enabled: true, token: undefined })
    expect(await registry.credential('nobody', 't')).toBeUndefined()
    await registry.updateDevice('d', { enabled: false })
    expect((await registry.credential('d', 't'))?.enabled).toBe(false)
  })

  test('a device has at most `liveMax` tokens that are neither revoked nor expired', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d', 'a', { expiresAtMs: NOW_MS + 1000 }))
    expect(await registry.addToken(newToken('d', 'b'), 2)).toBe('added')
    expect(await registry.addToken(newToken('d', 'c'), 2)).toBe('too_many')
    expect(await registry.addToken(newToken('d', 'c', { createdAtMs: NOW_MS + 1000 }), 2)).toBe('added')
    await registry.revokeToken('d', 'b', NOW_MS + 1000)
    expect(await registry.addToken(newToken('d', 'd', { createdAtMs: NOW_MS + 1001 }), 2)).toBe('added')
    expect(await registry.addToken(newToken('nobody', 'e'), 2)).toBe('no_device')
    expect((await registry.listTokens('d')).map((token) => token.id)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('of many tokens added at the same time only `liveMax` are taken', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d'))
    const tries = Array.from({ length: 10 }, (_, i) => registry.addToken(newToken('d', `t${i}`), 2))
    expect((await Promise.all(tries)).filter((answer) => answer === 'added')).toHaveLength(1)
  })

  test('a token is revoked once and keeps that time', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d', 't'))
    expect(await registry.revokeToken('d', 't', NOW_MS + 1)).toBe(true)
    expect(await registry.revokeToken('d', 't', NOW_MS + 2)).toBe(true)
    expect((await registry.credential('d', 't'))?.token?.revokedAtMs).toBe(NOW_MS + 1)
    expect(await registry.revokeToken('d', 'other', NOW_MS)).toBe(false)
    expect(await registry.revokeToken('nobody', 't', NOW_MS)).toBe(false)
  })

  test('the last use of a token never goes back', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d', 't'))
    await registry.markTokenUsed('d', 't', NOW_MS + 2)
    await registry.markTokenUsed('d', 't', NOW_MS + 1)
    await registry.markTokenUsed('d', 'unknown', NOW_MS)
    expect((await registry.listTokens('d'))[0]?.lastUsedAtMs).toBe(NOW_MS + 2)
  })

  test('revoked tokens do not pile up, and a live one is never dropped for them', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d', 'lives'))
    for (let i = 0; i < 100; i++) {
      expect(await registry.addToken(newToken('d', `t${i}`), 2)).toBe('added')
      await registry.revokeToken('d', `t${i}`, NOW_MS + i)
    }
    const ids = (await registry.listTokens('d')).map((token) => token.id)
    expect(ids.length).toBeLessThan(50)
    expect(ids).toEqual(expect.arrayContaining(['lives', 't99', 't98']))
  })
}

function presence(device: string, session: number, more: Partial<Presence> = {}): Presence {
  return { device, session, state: 'online', sinceMs: NOW_MS, reason: 'connected', node: 'node-1', ...more }
}

function presenceContract(opened: () => RegistryUnderTest): void {
  test('session numbers rise, also for many who ask at once', async () => {
    const { registry } = opened()
    expect(await registry.nextSession()).toBe(1)
    const numbers = await Promise.all(Array.from({ length: 500 }, () => registry.nextSession()))
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(await registry.nextSession()).toBeGreaterThan(numbers.at(-1) ?? Number.POSITIVE_INFINITY)
  })

  test('session numbers rise across restarts', async () => {
    let last = await opened().registry.nextSession()
    for (let restart = 0; restart < 3; restart++) {
      const registry = await opened().reopen()
      const next = await registry.nextSession()
      expect(next).toBeGreaterThan(last)
      last = next
    }
  })

  test('a late word of an older session is dropped, a later one of the same session is kept', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d'))
    await registry.savePresence(presence('d', 42))
    await registry.savePresence(presence('d', 41, { state: 'offline', reason: 'too late' }))
    expect(await registry.presences()).toEqual([presence('d', 42)])
    const asleep = presence('d', 42, { state: 'sleeping', reason: 'sleep', wakeAtMs: NOW_MS + 9 })
    await registry.savePresence(asleep)
    expect(await registry.presences()).toEqual([asleep])
    await registry.savePresence(presence('d', 43))
    expect(await registry.presences()).toEqual([presence('d', 43)])
  })

  test('a device that is gone has neither presence nor values', async () => {
    const { registry } = opened()
    await registry.savePresence(presence('ghost', 1))
    await registry.saveLastValues([{ device: 'ghost', values: { t: 1 } }])
    expect(await registry.presences()).toEqual([])
    expect(await registry.lastValues()).toEqual([])
  })

  test('last values are replaced as a whole and survive a restart', async () => {
    const { registry } = opened()
    for (const id of ['a', 'b']) await registry.createDevice(newDevice(id), newToken(id))
    const odd = JSON.parse('{"__proto__":1,"constructor":"x","t":2.5,"on":true}') as Record<string, unknown>
    await registry.saveLastValues([
      { device: 'a', values: { old: 1 } },
      { device: 'b', values: odd },
    ])
    await registry.saveLastValues([{ device: 'a', values: { t: 21.5 } }])
    const values = new Map((await (await opened().reopen()).lastValues()).map((row) => [row.device, row.values]))
    expect(values.get('a')).toEqual({ t: 21.5 })
    expect(JSON.stringify(values.get('b'))).toBe(JSON.stringify(odd))
  })
}

function lifeContract(opened: () => RegistryUnderTest): void {
  const key = { name: 'admin', sha256: 'a'.repeat(64), role: 'admin', createdAtMs: NOW_MS } as const

  test('an API key is found by its hash, and one of the same name replaces it', async () => {
    const { registry } = opened()
    expect(await registry.countApiKeys()).toBe(0)
    await registry.putApiKey(key)
    expect(await registry.apiKeyByHash(key.sha256)).toEqual(key)
    const newer = { ...key, sha256: 'b'.repeat(64), role: 'viewer' } as const
    await registry.putApiKey(newer)
    expect(await registry.apiKeyByHash(key.sha256)).toBeUndefined()
    expect(await registry.apiKeyByHash(newer.sha256)).toEqual(newer)
    await registry.putApiKey({ ...key, name: 'second' })
    expect(await registry.countApiKeys()).toBe(2)
  })

  test('an API key keeps its scopes, until one of the same name without scopes replaces it', async () => {
    const { registry } = opened()
    const scopes = ['devices:add', 'tokens'] as const
    await registry.putApiKey({ ...key, scopes })
    expect((await registry.apiKeyByHash(key.sha256))?.scopes).toEqual(scopes)
    await registry.putApiKey(key)
    expect((await registry.apiKeyByHash(key.sha256))?.scopes).toBeUndefined()
  })

  test('what was resolved is seen by the next read', async () => {
    const { registry } = opened()
    const ids = Array.from({ length: 200 }, (_, i) => `d${i}`)
    const seen = ids.map(async (id) => {
      await registry.createDevice(newDevice(id), newToken(id))
      return (await registry.device(id))?.id
    })
    expect(await Promise.all(seen)).toEqual(ids)
  })

  test('what was resolved is there after a restart', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d', { tags: ['x'] }), newToken('d', 't'))
    await registry.revokeToken('d', 't', NOW_MS)
    await registry.savePresence(presence('d', 7))
    await registry.putApiKey(key)
    const again = await opened().reopen()
    expect(await again.device('d')).toEqual({ ...newDevice('d', { tags: ['x'] }), enabled: true, capabilities: [] })
    expect((await again.credential('d', 't'))?.token?.revokedAtMs).toBe(NOW_MS)
    expect(await again.presences()).toEqual([presence('d', 7)])
    expect(await again.apiKeyByHash(key.sha256)).toEqual(key)
  })

  test('a stopped registry finishes what was asked, then is not ready and rejects', async () => {
    const { registry } = opened()
    expect(registry.health()).toEqual({ ready: true })
    const asked = Promise.all(
      Array.from({ length: 50 }, (_, i) => registry.createDevice(newDevice(`d${i}`), newToken(`d${i}`))),
    )
    const stopped = registry.stop()
    expect(new Set(await asked)).toEqual(new Set(['created']))
    await stopped
    await registry.stop()
    expect(registry.health()).toEqual({ ready: false, reason: expect.any(String) })
    await expect(registry.device('d1')).rejects.toMatchObject({ name: 'GatewayError', code: 'registry_unavailable' })
    await expect(registry.deleteDevice('d1')).rejects.toMatchObject({ code: 'registry_unavailable' })
    await expect(registry.nextSession()).rejects.toMatchObject({ code: 'registry_unavailable' })
    expect(await (await opened().reopen()).listDevices({ limit: 100 })).toHaveLength(50)
  })
}
