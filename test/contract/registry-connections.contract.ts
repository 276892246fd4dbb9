import { expect, test } from 'vitest'
import type { ConnectionRow } from '../../gateway/core/records.ts'
import { NOW_MS, newDevice, newToken, type RegistryUnderTest } from './registry-fixtures.ts'

const KEPT = 50

/** What the port promises about connections. */
export function connectionContract(opened: () => RegistryUnderTest): void {
  const row = (session: number, more: Partial<ConnectionRow> = {}): ConnectionRow => ({
    ...{ device: 'd', session, connectedAtMs: NOW_MS + session, messages: 0 },
    ...more,
  })
  const withDevices = async () => {
    const { registry } = opened()
    for (const id of ['d', 'e']) await registry.createDevice(newDevice(id), newToken(id))
    return registry
  }

  test('an open one is ended by its device and session; another is added', async () => {
    const registry = await withDevices()
    const whole = { address: '::1', firmware: '1.0', boot: 'b' }
    await registry.saveConnections([row(1, whole), row(1, { device: 'e' })])
    await registry.saveConnections([row(1, { ...whole, endedAtMs: NOW_MS + 9, reason: 'bye', messages: 7 }), row(2)])
    const [second, first, ...none] = await registry.listConnections('d', { limit: 9 })
    expect(none).toEqual([])
    expect(second).toMatchObject({ session: 2, endedAtMs: undefined })
    expect(first).toEqual({
      ...row(1, whole),
      endedAtMs: NOW_MS + 9,
      reason: 'bye',
      messages: 7,
      id: expect.any(Number),
    })
    expect(await registry.listConnections('e', { limit: 9 })).toMatchObject([{ endedAtMs: undefined }])
    expect(await registry.listConnections('d', { limit: 9, before: second?.id ?? 0 })).toHaveLength(1)
  })

  test('those that ended before anybody wrote them are rows of their own', async () => {
    const registry = await withDevices()
    await registry.saveConnections([row(0, { endedAtMs: NOW_MS, reason: 'no_hello' })])
    await registry.saveConnections([row(0, { endedAtMs: NOW_MS, reason: 'connection_lost' })])
    expect(await registry.listConnections('d', { limit: 9 })).toMatchObject([
      { reason: 'connection_lost' },
      { reason: 'no_hello' },
    ])
  })

  test('at a start those that are open end, and only those', async () => {
    const registry = await withDevices()
    await registry.saveConnections([row(1, { endedAtMs: NOW_MS + 2, reason: 'bye' }), row(2), row(3, { device: 'e' })])
    const again = await opened().reopen()
    await again.endConnections(NOW_MS + 100, 'gateway_restarted')
    const ended = { endedAtMs: NOW_MS + 100, reason: 'gateway_restarted' }
    expect(await again.listConnections('d', { limit: 9 })).toMatchObject([ended, { reason: 'bye' }])
    expect(await again.listConnections('e', { limit: 9 })).toMatchObject([ended])
  })

  test('what was open ends at the last mark of life, never before it began and never after now', async () => {
    const registry = await withDevices()
    await registry.markAlive(NOW_MS + 20)
    await registry.markAlive(NOW_MS + 30)
    await registry.saveConnections([row(1), row(40, { device: 'e' })])
    const again = await opened().reopen()
    await again.endConnections(NOW_MS + 100, 'gateway_restarted')
    expect(await again.listConnections('d', { limit: 9 })).toMatchObject([{ endedAtMs: NOW_MS + 30 }])
    expect(await again.listConnections('e', { limit: 9 })).toMatchObject([{ endedAtMs: NOW_MS + 40 }])
    await again.saveConnections([row(2)])
    await again.endConnections(NOW_MS + 10, 'gateway_restarted') // the clock was set back meanwhile
    expect(await again.listConnections('d', { limit: 1 })).toMatchObject([{ endedAtMs: NOW_MS + 10 }])
  })

  test('of each device the last 50 are kept; they go with the device, and never come for one that is gone', async () => {
    const registry = await withDevices()
    await registry.saveConnections([row(1, { device: 'e' })])
    await registry.saveConnections(Array.from({ length: KEPT + 5 }, (_, i) => row(i + 1)))
    const kept = await registry.listConnections('d', { limit: 200 })
    expect([kept.length, kept[0]?.session, kept.at(-1)?.session]).toEqual([KEPT, KEPT + 5, 6])
    expect(await registry.listConnections('e', { limit: 9 })).toHaveLength(1)
    await registry.deleteDevice('d')
    await registry.saveConnections([row(99)])
    expect(await registry.listConnections('d', { limit: 9 })).toEqual([])
  })
}
