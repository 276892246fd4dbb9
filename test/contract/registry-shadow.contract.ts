import { expect, test } from 'vitest'
import type { Report } from '../../gateway/core/records.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { HOSTILE_NAMES, NOW_MS, newDevice, newToken, type RegistryUnderTest } from './registry-fixtures.ts'

const report = (state: JsonObject, more: Partial<Report> = {}): Report => ({
  version: 0,
  state,
  session: 1,
  atMs: NOW_MS,
  ...more,
})

/** [M-12] What the registry promises of settings. */
export function shadowContract(opened: () => RegistryUnderTest): void {
  async function withDevice(...ids: string[]) {
    const { registry } = opened()
    for (const id of ids) await registry.createDevice(newDevice(id), newToken(id))
    return registry
  }

  test('there is none before something was desired or reported', async () => {
    const registry = await withDevice('d')
    expect(await registry.shadow('d')).toBeUndefined()
    expect(await registry.shadow('nobody')).toBeUndefined()
    expect(await registry.shadowDevices({ limit: 9 })).toEqual([])
  })

  test('both sides are kept beside each other, and survive a restart', async () => {
    const registry = await withDevice('d')
    await registry.changeDesired('d', { a: 1, b: { c: 2 } }, { atMs: NOW_MS })
    await registry.changeDesired('d', { a: null, b: { d: 3 } }, { atMs: NOW_MS + 1 })
    expect(
      await registry.saveReported('d', report({ b: 'x' }, { version: 2, session: 7, atMs: NOW_MS + 2 })),
    ).toMatchObject({ desiredVersion: 2 })
    expect(await (await opened().reopen()).shadow('d')).toEqual({
      desired: { b: { c: 2, d: 3 } },
      desiredVersion: 2,
      desiredAtMs: NOW_MS + 1,
      reported: { b: 'x' },
      reportedVersion: 2,
      reportedAtMs: NOW_MS + 2,
      reportedSession: 7,
    })
  })

  test('a change tells what is desired now, and whether it changed', async () => {
    const registry = await withDevice('d')
    const change = (patch: JsonObject) => registry.changeDesired('d', patch, { atMs: NOW_MS })
    expect(await change({})).toMatchObject({ kind: 'stored', changed: false, shadow: { desiredVersion: 0 } })
    expect(await change({ a: 1 })).toMatchObject({ kind: 'stored', changed: true, shadow: { desiredVersion: 1 } })
    expect(await change({ a: 1 })).toMatchObject({ kind: 'stored', changed: false, shadow: { desiredVersion: 1 } })
    expect(await change({ a: 'x'.repeat(4_000) })).toEqual({ kind: 'too_large' })
    expect(await registry.changeDesired('d', { a: 2 }, { ifVersions: [0], atMs: NOW_MS })).toEqual({ kind: 'conflict' })
    expect(await registry.changeDesired('nobody', { a: 2 }, { atMs: NOW_MS })).toEqual({ kind: 'no_device' })
    expect((await registry.shadow('d'))?.desired).toEqual({ a: 1 })
  })

  test('of many changes at the same time none is lost, and each has its own version', async () => {
    const registry = await withDevice('d')
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
    const answers = await Promise.all(keys.map((key) => registry.changeDesired('d', { [key]: 1 }, { atMs: NOW_MS })))
    const versions = answers.map((answer) => (answer.kind === 'stored' ? answer.shadow.desiredVersion : answer.kind))
    expect(versions).toEqual(keys.map((_, i) => i + 1))
    expect(Object.keys((await registry.shadow('d'))?.desired ?? {})).toEqual(keys)
  })

  test('of many who change the same version one wins', async () => {
    const registry = await withDevice('d')
    const tries = Array.from({ length: 10 }, (_, n) =>
      registry.changeDesired('d', { n }, { ifVersions: [0], atMs: NOW_MS }),
    )
    expect((await Promise.all(tries)).filter(({ kind }) => kind === 'stored')).toHaveLength(1)
  })

  test('a report of an older session, or of a device that is gone, is dropped', async () => {
    const registry = await withDevice('d')
    await registry.saveReported('d', report({ n: 2 }, { session: 2 }))
    expect(await registry.saveReported('d', report({ n: 1 }, { session: 1 }))).toBeUndefined()
    expect((await registry.shadow('d'))?.reported).toEqual({ n: 2 })
    await registry.saveReported('d', report({ n: 3 }, { session: 2 }))
    expect((await registry.shadow('d'))?.reported).toEqual({ n: 3 })
    expect(await registry.saveReported('nobody', report({}))).toBeUndefined()
  })

  test('keys are any texts, and every version that is a safe number is kept', async () => {
    const registry = await withDevice('d')
    const odd = Object.fromEntries(HOSTILE_NAMES.map((name) => [name, { [name]: 1 }]))
    await registry.changeDesired('d', odd, { atMs: NOW_MS })
    await registry.saveReported('d', report(odd, { version: 2 ** 52 }))
    const shadow = await registry.shadow('d')
    expect(JSON.stringify([shadow?.desired, shadow?.reported])).toBe(JSON.stringify([odd, odd]))
    expect(shadow).toMatchObject({ reportedVersion: 2 ** 52, desiredVersion: 2 ** 52 + 1 })
  })

  test('devices with a shadow are listed by id in byte order, page by page', async () => {
    const registry = await withDevice('b', 'B', 'a', 'none')
    for (const id of ['b', 'a']) await registry.changeDesired(id, { x: 1 }, { atMs: NOW_MS })
    await registry.saveReported('B', report({}))
    expect(await registry.shadowDevices({ limit: 2 })).toEqual(['B', 'a'])
    expect(await registry.shadowDevices({ after: 'a', limit: 2 })).toEqual(['b'])
  })

  test('goes with its device', async () => {
    const registry = await withDevice('d')
    await registry.changeDesired('d', { a: 1 }, { atMs: NOW_MS })
    await registry.deleteDevice('d')
    await registry.createDevice(newDevice('d'), newToken('d'))
    expect(await registry.shadow('d')).toBeUndefined()
  })
}
