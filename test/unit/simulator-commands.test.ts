import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { COMMAND_IDS_REMEMBERED } from '../../protocol/limits.ts'
import type { Command, DeviceMessage } from '../../protocol/messages.ts'
import { CommandFailed, CommandRunner, type RunCommand } from '../../simulator/command-runner.ts'
import { TokenSlots } from '../../simulator/token-slots.ts'

const command = (id: string, name = 'job', expiresInMs = 1_000): Command => ({
  type: 'command',
  id,
  name,
  params: {},
  expiresInMs,
})

function runner(run: RunCommand, knows = (_name: string) => true) {
  const sent: DeviceMessage[] = []
  const counts = { commands: 0, repeatedCommands: 0 }
  return { sent, counts, commands: new CommandRunner(knows, run, (message) => void sent.push(message), counts) }
}

describe('a command', () => {
  test('is accepted, reports progress, and ends with its result [C-12]', async () => {
    const { sent, commands } = runner((_command, { progress }) => {
      progress(50, 'half')
      return Promise.resolve({ done: true })
    })
    commands.deliver(command('c1'))
    await expect.poll(() => sent).toHaveLength(3)
    expect(sent).toEqual([
      { type: 'accepted', id: 'c1' },
      { type: 'progress', id: 'c1', percent: 50, text: 'half' },
      { type: 'result', id: 'c1', ok: true, data: { done: true } },
    ])
  })

  test.each([
    ['the code of its handler', new CommandFailed('stuck', 'valve'), { code: 'stuck', message: 'valve' }],
    ['"failed" for any other error', new Error('oops'), { code: 'failed', message: 'oops' }],
    ['"failed" for a code that is no name', new CommandFailed('a b', 'x'), { code: 'failed', message: 'x' }],
  ])('fails with %s', async (_title, thrown, error) => {
    const { sent, commands } = runner(() => {
      throw thrown
    })
    commands.deliver(command('c1'))
    await expect.poll(() => sent[1]).toEqual({ type: 'result', id: 'c1', ok: false, error })
  })

  test('fails when its data cannot be sent [L-17]', async () => {
    const { sent, commands } = runner(() => ({ a: [[[[[[[[1]]]]]]]] }))
    commands.deliver(command('c1'))
    await expect.poll(() => sent[1]).toMatchObject({ ok: false, error: { code: 'bad_result' } })
  })

  test('with a name that nobody knows is refused without being accepted [C-17]', () => {
    const { sent, commands } = runner(
      () => undefined,
      () => false,
    )
    commands.deliver(command('c1', 'fly'))
    expect(sent).toMatchObject([{ type: 'result', ok: false, error: { code: 'unsupported' } }])
  })

  test('whose time is up is refused and does not run [C-13]', () => {
    let runs = 0
    const { sent, commands } = runner(() => runs++)
    commands.deliver(command('c1', 'job', 0))
    expect([sent.length, runs]).toEqual([1, 0])
    expect(sent).toMatchObject([{ ok: false, error: { code: 'expired' } }])
  })
})

describe('a repeated id [C-15]', () => {
  test('is answered with the stored result and does not run again', async () => {
    let runs = 0
    const { sent, counts, commands } = runner(() => ++runs)
    commands.deliver(command('c1'))
    await expect.poll(() => sent).toHaveLength(2)
    commands.deliver(command('c1'))
    expect(sent[2]).toEqual(sent[1])
    expect([runs, counts]).toEqual([1, { commands: 1, repeatedCommands: 1 }])
  })

  test('is accepted again while the command runs', () => {
    const { sent, commands } = runner(() => new Promise(() => undefined))
    commands.deliver(command('c1'))
    commands.deliver(command('c1'))
    expect(sent).toEqual([
      { type: 'accepted', id: 'c1' },
      { type: 'accepted', id: 'c1' },
    ])
  })

  test('is known for as many ids as the limit says, and the oldest is forgotten [L-20]', async () => {
    const { sent, counts, commands } = runner(() => 1)
    for (let i = 0; i <= COMMAND_IDS_REMEMBERED; i++) {
      commands.deliver(command(`c${i}`))
      await expect.poll(() => sent).toHaveLength(2 * (i + 1))
    }
    commands.deliver(command('c1'))
    expect(counts.repeatedCommands).toBe(1)
    commands.deliver(command('c0'))
    expect(counts).toEqual({ commands: COMMAND_IDS_REMEMBERED + 2, repeatedCommands: 1 })
  })
})

test('a running command is never forgotten: one too many is refused', () => {
  const { sent, commands } = runner(() => new Promise(() => undefined))
  for (let i = 0; i <= COMMAND_IDS_REMEMBERED; i++) commands.deliver(command(`c${i}`))
  expect(sent.at(-1)).toMatchObject({ type: 'result', ok: false, error: { code: 'busy' } })
})

describe('cancel [C-16]', () => {
  test('ends a running command at once, and what its handler does later is not heard', async () => {
    let finish: (() => void) | undefined
    const { sent, commands } = runner(async (_command, { signal, progress }) => {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      expect(signal.aborted).toBe(true)
      progress(100)
    })
    commands.deliver(command('c1'))
    commands.cancel('c1')
    await expect.poll(() => sent[1]).toMatchObject({ ok: false, error: { code: 'cancelled' } })
    finish?.()
    await Promise.resolve()
    expect(sent).toHaveLength(2)
  })

  test('of a finished command repeats its result, of an unknown one says nothing', async () => {
    const { sent, commands } = runner(() => 1)
    commands.deliver(command('c1'))
    await expect.poll(() => sent).toHaveLength(2)
    commands.cancel('c1')
    commands.cancel('c9')
    expect(sent.slice(2)).toEqual([sent[1]])
  })
})

test('a restart makes running commands fail as interrupted [C-15]', async () => {
  const { sent, commands } = runner(() => new Promise(() => undefined))
  commands.deliver(command('c1'))
  commands.interrupt()
  await expect.poll(() => sent[1]).toMatchObject({ ok: false, error: { code: 'interrupted' } })
})

describe('the token slots [K-6] [K-7]', () => {
  test('keep the old token beside the new one, which is used next', () => {
    const slots = new TokenSlots('old', undefined)
    expect(slots.hasOther).toBe(false)
    expect(slots.store('new')).toBe(createHash('sha256').update('new').digest('hex'))
    expect([slots.current, slots.hasOther]).toEqual(['new', true])
    slots.swap()
    expect(slots.current).toBe('old')
  })

  test('never lose the token that works', () => {
    const slots = new TokenSlots('works', 'stale')
    slots.store('next')
    slots.store('next')
    slots.swap()
    expect(slots.current).toBe('works')
    slots.store('third')
    slots.swap()
    expect(slots.current).toBe('works')
  })

  test('have nothing to swap with one token', () => {
    const slots = new TokenSlots('only', undefined)
    slots.swap()
    expect(slots.current).toBe('only')
  })
})
