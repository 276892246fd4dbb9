import { expect, test } from 'vitest'
import type { AuditEntry, AuditRow } from '../../gateway/core/records.ts'
import { HOSTILE_NAMES, NOW_MS, newDevice, newToken, type RegistryUnderTest } from './registry-fixtures.ts'

/** As the schema promises: what retention never touches. */
const ENTRIES_KEPT = 100_000

/** What the port promises about the audit log. */
export function auditContract(opened: () => RegistryUnderTest): void {
  const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
    ...{ atMs: NOW_MS, actor: 'key:first', action: 'updateDevice', outcome: 'ok' },
    ...more,
  })
  const targets = (rows: readonly AuditRow[]) => rows.map(({ target }) => target)

  test('entries come back whole, newest first, page by page', async () => {
    const { registry } = opened()
    const whole = entry({ target: 'devices/d', device: 'd', address: '::1', detail: { enabled: false, n: [1] } })
    await registry.appendAudit([whole, entry({ target: 'b' }), entry({ target: 'c' })])
    const first = await registry.listAudit({ limit: 2 })
    expect(targets(first)).toEqual(['c', 'b'])
    const [last, ...none] = await registry.listAudit({ limit: 2, before: first[1]?.id ?? 0 })
    expect(none).toEqual([])
    expect(last).toEqual({ ...whole, id: expect.any(Number) })
  })

  test('every filter holds, alone and together; texts are only compared', async () => {
    const { registry } = opened()
    const rows = [
      entry({ target: 'a', device: 'd1', actor: 'user:ada', atMs: NOW_MS }),
      entry({ target: 'b', device: 'd2', action: 'deleteDevice', atMs: NOW_MS + 10 }),
      entry({ target: 'c', device: 'd1', outcome: 'forbidden', atMs: NOW_MS + 20 }),
    ]
    await registry.appendAudit(rows)
    const found = async (query: object) => targets(await registry.listAudit({ limit: 9, ...query }))
    expect(await found({ device: 'd1' })).toEqual(['c', 'a'])
    expect(await found({ actor: 'user:ada' })).toEqual(['a'])
    expect(await found({ action: 'deleteDevice' })).toEqual(['b'])
    expect(await found({ outcome: 'forbidden' })).toEqual(['c'])
    expect(await found({ outcome: 'refused' })).toEqual(['c'])
    expect(await found({ outcome: 'ok' })).toEqual(['b', 'a'])
    expect(await found({ sinceMs: NOW_MS + 10 })).toEqual(['c', 'b'])
    expect(await found({ untilMs: NOW_MS + 10 })).toEqual(['a'])
    expect(await found({ device: 'd1', actor: 'key:first', sinceMs: NOW_MS, untilMs: NOW_MS + 21 })).toEqual(['c'])
    for (const name of HOSTILE_NAMES) {
      expect(await found({ device: name })).toEqual([])
      expect(await found({ actor: name })).toEqual([])
    }
    await registry.appendAudit(HOSTILE_NAMES.map((actor) => entry({ actor, target: 'hostile' })))
    for (const actor of HOSTILE_NAMES) expect(await found({ actor })).toEqual(['hostile'])
  })

  test('what was done to a device outlives it, and a restart', async () => {
    const { registry } = opened()
    await registry.createDevice(newDevice('d'), newToken('d'))
    await registry.appendAudit([entry({ device: 'd', target: 'devices/d' })])
    await registry.deleteDevice('d')
    const again = await opened().reopen()
    expect(await again.listAudit({ device: 'd', limit: 9 })).toHaveLength(1)
  })

  test('the oldest beyond 100,000 are dropped, and ids are never used twice', async () => {
    const { registry } = opened()
    const thousand = Array.from({ length: 1000 }, (_, i) => entry({ target: String(i) }))
    for (let i = 0; i < ENTRIES_KEPT / 1000; i++) await registry.appendAudit(thousand)
    const [newest] = await registry.listAudit({ limit: 1 })
    await registry.appendAudit([entry({ target: 'one more' }), entry({ target: 'and one' })])
    const [after] = await registry.listAudit({ limit: 1 })
    expect(after?.id).toBe((newest?.id ?? 0) + 2)
    const oldestKept = (after?.id ?? 0) - ENTRIES_KEPT + 1
    expect(targets(await registry.listAudit({ limit: 9, before: oldestKept + 1 }))).toEqual(['2'])
  })
}
