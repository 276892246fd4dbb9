import { beforeEach, expect, test } from 'vitest'
import type { CommandEvent, NewCommand } from '../../gateway/core/command-machine.ts'
import type { Registry } from '../../gateway/core/registry.ts'
import { HOSTILE_NAMES, NOW_MS, newCommand, newDevice, newToken, type RegistryUnderTest } from './registry-fixtures.ts'

const WAITING_MAX = 100

/** What the port promises about commands. The device `pump` exists. */
export function commandContract(opened: () => RegistryUnderTest): void {
  let registry: Registry
  beforeEach(async () => {
    registry = opened().registry
    await registry.createDevice(newDevice('pump'), newToken('pump'))
  })
  const insert = (command: NewCommand, waitingMax = WAITING_MAX) => registry.insertCommand(command, waitingMax)
  const advance = (id: string, event: CommandEvent, atMs = NOW_MS) => registry.advanceCommand(id, 'pump', event, atMs)
  const idsOf = (commands: readonly { id: string }[]) => commands.map((command) => command.id)

  test('a command is stored as queued, due when its life ends [C-4]', async () => {
    expect(await insert(newCommand('c'))).toBe('inserted')
    expect(await registry.command('c')).toEqual({
      ...newCommand('c'),
      state: 'queued',
      dueAtMs: NOW_MS + 60_000,
      deliveries: 0,
      history: [{ state: 'queued', atMs: NOW_MS }],
    })
    expect(await registry.command('d')).toBeUndefined()
  })

  test('an id is inserted once, also when it is sent many times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => insert(newCommand('c', { ttlS: i + 1 }))))
    expect(answers.filter((answer) => answer === 'inserted')).toHaveLength(1)
    expect(answers.filter((answer) => answer === 'exists')).toHaveLength(19)
    expect((await registry.unpublishedChanges(9)).map((change) => change.command)).toEqual(['c'])
  })

  test('an unknown device gets no command', async () => {
    expect(await insert(newCommand('c', { device: 'nobody' }))).toBe('no_device')
    expect(await registry.command('c')).toBeUndefined()
  })

  test('a device has at most `waitingMax` commands that are not final; a repeat is told `exists` all the same', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => insert(newCommand(`c${i}`), 4)))
    expect(answers).toEqual(['inserted', 'inserted', 'inserted', 'inserted', 'full', 'full'])
    expect(await insert(newCommand('c0'), 4)).toBe('exists')
    await advance('c1', { kind: 'cancel' })
    expect(await insert(newCommand('c6'), 4)).toBe('inserted')
    expect(await insert(newCommand('c7'), 4)).toBe('full')
  })

  test('open commands come in the order in which they were taken, though the clock steps back', async () => {
    const asked = Array.from({ length: 20 }, (_, i) => insert(newCommand(`c${i}`, { createdAtMs: NOW_MS - i * 1000 })))
    await Promise.all(asked)
    await advance('c3', { kind: 'sent' })
    await advance('c4', { kind: 'result', ok: true })
    const expected = Array.from({ length: 20 }, (_, i) => `c${i}`).filter((id) => id !== 'c4')
    expect(idsOf(await registry.openCommands('pump'))).toEqual(expected)
    expect(await registry.openCommands('nobody')).toEqual([])
  })

  test('a command goes through its states, each with its time, to one final state with its result', async () => {
    await insert(newCommand('c'))
    await advance('c', { kind: 'sent' }, NOW_MS + 1)
    const accepted = await advance('c', { kind: 'accepted' }, NOW_MS + 2)
    expect(accepted).toMatchObject({ changed: true, command: { state: 'accepted', dueAtMs: NOW_MS + 2 + 30_000 } })
    await advance('c', { kind: 'progress' }, NOW_MS + 3)
    expect(await advance('c', { kind: 'progress' }, NOW_MS + 4)).toMatchObject({ changed: false })
    const ended = await advance('c', { kind: 'result', ok: true, data: { litres: 3 } }, NOW_MS + 5)
    expect(ended?.command).toEqual({
      ...newCommand('c'),
      state: 'succeeded',
      deliveries: 1,
      result: { litres: 3 },
      history: ['queued', 'sent', 'accepted', 'running', 'succeeded'].map((state, i) => ({
        state,
        atMs: NOW_MS + (i < 4 ? i : 5),
      })),
    })
    expect(await (await opened().reopen()).command('c')).toEqual(ended?.command)
  })

  test('a final state stays, whoever comes at the same time', async () => {
    await insert(newCommand('c'))
    const events: CommandEvent[] = [
      { kind: 'result', ok: false, error: { code: 'jammed', message: 'stuck' } },
      { kind: 'result', ok: true },
      { kind: 'cancel' },
      { kind: 'due' },
    ]
    const answers = await Promise.all(events.map((event) => advance('c', event, NOW_MS + 60_000)))
    expect(answers.map((answer) => answer?.changed)).toEqual([true, false, false, false])
    expect(await registry.command('c')).toMatchObject({
      state: 'rejected',
      error: { code: 'jammed', message: 'stuck' },
      history: [{ state: 'queued' }, { state: 'rejected' }],
    })
  })

  test('a command of another device cannot be advanced', async () => {
    await insert(newCommand('c'))
    expect(await registry.advanceCommand('c', 'other', { kind: 'cancel' }, NOW_MS)).toBeUndefined()
    expect(await advance('unknown', { kind: 'cancel' })).toBeUndefined()
    expect((await registry.command('c'))?.state).toBe('queued')
  })

  test('a result after `unknown` is kept beside it, once, and changes no state [C-8]', async () => {
    await insert(newCommand('c'))
    await advance('c', { kind: 'sent' })
    await advance('c', { kind: 'due' }, NOW_MS + 60_000)
    const late = await advance('c', { kind: 'result', ok: true, data: 'done' }, NOW_MS + 61_000)
    expect(late).toMatchObject({ changed: true, command: { state: 'unknown', lateResult: { ok: true, data: 'done' } } })
    expect(late?.command.history.map((line) => line.state)).toEqual(['queued', 'sent', 'unknown'])
    expect(await advance('c', { kind: 'result', ok: false }, NOW_MS + 62_000)).toMatchObject({ changed: false })
    expect(await registry.command('c')).toEqual(late?.command)
  })

  test('commands whose time has passed are found, the longest overdue first, final ones never', async () => {
    for (const [id, ttlS] of [
      ['slow', 90],
      ['quick', 10],
      ['ended', 5],
      ['next', 20],
    ] as const) {
      await insert(newCommand(id, { ttlS }))
    }
    await advance('ended', { kind: 'cancel' })
    expect(idsOf(await registry.dueCommands(NOW_MS + 9_999, 10))).toEqual([])
    expect(idsOf(await registry.dueCommands(NOW_MS + 20_000, 10))).toEqual(['quick', 'next'])
    expect(idsOf(await registry.dueCommands(NOW_MS + 90_000, 2))).toEqual(['quick', 'next'])
  })

  test('commands are listed newest first, page by page; after an unknown id comes nothing', async () => {
    await registry.createDevice(newDevice('other'), newToken('other'))
    for (const id of ['a', 'b', 'c', 'd']) await insert(newCommand(id))
    await insert(newCommand('x', { device: 'other' }))
    expect(idsOf(await registry.listCommands('pump', { limit: 3 }))).toEqual(['d', 'c', 'b'])
    expect(idsOf(await registry.listCommands('pump', { before: 'b', limit: 3 }))).toEqual(['a'])
    expect(await registry.listCommands('pump', { before: 'x', limit: 3 })).toEqual([])
    expect(await registry.listCommands('pump', { before: 'nothing', limit: 3 })).toEqual([])
  })

  test('state changes wait for the bus in their order; only the final one has the result', async () => {
    await insert(newCommand('a'))
    await insert(newCommand('b'))
    await advance('a', { kind: 'sent' }, NOW_MS + 1)
    await advance('a', { kind: 'result', ok: true, data: null }, NOW_MS + 2)
    const changes = await (await opened().reopen()).unpublishedChanges(10)
    expect(changes.map(({ command, state }) => [command, state])).toEqual([
      ['a', 'queued'],
      ['b', 'queued'],
      ['a', 'sent'],
      ['a', 'succeeded'],
    ])
    expect(changes.map((change) => change.result)).toEqual([undefined, undefined, undefined, null])
    expect(changes[3]).toMatchObject({ device: 'pump', atMs: NOW_MS + 2 })
    const ids = changes.map((change) => change.changeId)
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
  })

  test('a published change never comes again; marking it twice is harmless', async () => {
    await insert(newCommand('a'))
    await advance('a', { kind: 'sent' })
    await advance('a', { kind: 'result', ok: false, error: { code: 'no', message: 'not now' } })
    const [first, second, third] = await registry.unpublishedChanges(10)
    expect(third?.error).toEqual({ code: 'no', message: 'not now' })
    await registry.markPublished([first?.changeId ?? 0, second?.changeId ?? 0])
    await registry.markPublished([first?.changeId ?? 0, 987_654])
    expect(await registry.unpublishedChanges(10)).toEqual([third])
    expect(await registry.unpublishedChanges(0)).toEqual([])
    expect((await registry.command('a'))?.history).toHaveLength(3)
  })

  test('the values of params and results are kept exactly', async () => {
    const odd = JSON.parse('{"__proto__":{"x":1},"constructor":[null,1e-7,"ä🚿\\u0000"]}') as Record<string, unknown>
    await insert(newCommand('c', { params: odd }))
    const ended = await advance('c', { kind: 'result', ok: true, data: odd })
    expect(JSON.stringify(ended?.command.result)).toBe(JSON.stringify(odd))
    expect(JSON.stringify((await registry.command('c'))?.params)).toBe(JSON.stringify(odd))
  })

  test.each(HOSTILE_NAMES)('the text %s is a command id like any other', async (id) => {
    expect(await registry.command(id)).toBeUndefined()
    expect(await insert(newCommand(id, { name: id, params: { [id]: id } }))).toBe('inserted')
    expect(await advance(id, { kind: 'sent' })).toMatchObject({ changed: true, command: { id, name: id } })
    expect(idsOf(await registry.listCommands('pump', { limit: 9 }))).toEqual([id])
  })

  /** Runs `count` commands through to their end, as many at a time as may wait. */
  const endAll = async (prefix: string, count: number) => {
    for (let from = 0; from < count; from += WAITING_MAX) {
      const ids = Array.from({ length: WAITING_MAX }, (_, i) => `${prefix}${from + i}`)
      const answers = await Promise.all(ids.map((id) => insert(newCommand(id))))
      expect(new Set(answers)).toEqual(new Set(['inserted']))
      await Promise.all(ids.map((id) => advance(id, { kind: 'cancel' })))
    }
  }

  test('ended commands do not pile up: the oldest that the bus has confirmed are dropped', async () => {
    await endAll('kept', 100)
    const unpublished = await registry.unpublishedChanges(1000)
    await endAll('old', 1200)
    await registry.markPublished(
      (await registry.unpublishedChanges(10_000)).slice(200).map((change) => change.changeId),
    )
    await endAll('new', 100)
    const ids = new Set(idsOf(await registry.listCommands('pump', { limit: 10_000 })))
    expect(ids.size).toBeLessThan(1300)
    for (const id of ['kept0', 'kept99', 'old1199', 'new99']) expect(ids).toContain(id)
    expect(ids).not.toContain('old0')
    expect((await registry.unpublishedChanges(200)).slice(0, 200)).toEqual(unpublished)
  })

  test('while the bus confirms nothing a device stops at a bound with `full`, and nothing unconfirmed is lost', async () => {
    await endAll('ended', 2000)
    expect(await insert(newCommand('too-much'))).toBe('full')
    expect(await registry.unpublishedChanges(10_000)).toHaveLength(4000)
    await registry.markPublished((await registry.unpublishedChanges(2000)).map((change) => change.changeId))
    expect(await insert(newCommand('again'))).toBe('inserted')
  })
}
