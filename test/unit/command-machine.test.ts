import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyEvent, type CommandEvent, type CommandUpdate } from '../../gateway/core/command-machine.ts'
import { COMMAND_STATES, type CommandState, isFinal } from '../../protocol/command-request.ts'

const NOW_MS = 1_000_000
const DUE_MS = NOW_MS + 60_000
const TIMEOUT_S = 30
const RUNS_UNTIL_MS = NOW_MS + TIMEOUT_S * 1000
const error = { code: 'jammed', message: 'the valve is stuck' }
const stopped = { code: 'cancelled', message: 'stopped on request' }

interface Stimulus {
  readonly event: CommandEvent
  readonly atMs: number
}
const STIMULI = {
  sent: { event: { kind: 'sent' }, atMs: NOW_MS },
  accepted: { event: { kind: 'accepted' }, atMs: NOW_MS },
  progress: { event: { kind: 'progress' }, atMs: NOW_MS },
  'result ok': { event: { kind: 'result', ok: true, data: { mm: 3 } }, atMs: NOW_MS },
  'result error': { event: { kind: 'result', ok: false, error }, atMs: NOW_MS },
  'result cancelled': { event: { kind: 'result', ok: false, error: stopped }, atMs: NOW_MS },
  'due too early': { event: { kind: 'due' }, atMs: DUE_MS - 1 },
  due: { event: { kind: 'due' }, atMs: DUE_MS },
  cancel: { event: { kind: 'cancel' }, atMs: NOW_MS },
  'sent again': { event: { kind: 'sent_again' }, atMs: NOW_MS },
} as const satisfies Record<string, Stimulus>
type StimulusName = keyof typeof STIMULI

const succeeded: CommandUpdate = { state: 'succeeded', result: { mm: 3 } }
const cancelledByDevice: CommandUpdate = { state: 'cancelled', error: stopped }

/** What each state does with each event; what is not named changes nothing. */
const TABLE: Record<CommandState, Partial<Record<StimulusName, CommandUpdate>>> = {
  queued: {
    sent: { state: 'sent', dueAtMs: DUE_MS, deliveries: 1 },
    accepted: { state: 'accepted', dueAtMs: RUNS_UNTIL_MS },
    progress: { state: 'running', dueAtMs: RUNS_UNTIL_MS },
    'result ok': succeeded,
    'result error': { state: 'rejected', error },
    'result cancelled': cancelledByDevice,
    due: { state: 'expired' },
    cancel: { state: 'cancelled' },
  },
  sent: {
    accepted: { state: 'accepted', dueAtMs: RUNS_UNTIL_MS },
    progress: { state: 'running', dueAtMs: RUNS_UNTIL_MS },
    'result ok': succeeded,
    'result error': { state: 'rejected', error },
    'result cancelled': cancelledByDevice,
    due: { state: 'unknown' },
    cancel: { state: 'sent', dueAtMs: DUE_MS, cancelAskedAtMs: NOW_MS },
    'sent again': { state: 'sent', dueAtMs: DUE_MS, deliveries: 1 },
  },
  accepted: {
    progress: { state: 'running', dueAtMs: DUE_MS },
    'result ok': succeeded,
    'result error': { state: 'failed', error },
    'result cancelled': cancelledByDevice,
    due: { state: 'unknown' },
    cancel: { state: 'accepted', dueAtMs: DUE_MS, cancelAskedAtMs: NOW_MS },
    'sent again': { state: 'accepted', dueAtMs: DUE_MS, deliveries: 1 },
  },
  running: {
    'result ok': succeeded,
    'result error': { state: 'failed', error },
    'result cancelled': cancelledByDevice,
    due: { state: 'unknown' },
    cancel: { state: 'running', dueAtMs: DUE_MS, cancelAskedAtMs: NOW_MS },
    'sent again': { state: 'running', dueAtMs: DUE_MS, deliveries: 1 },
  },
  succeeded: {},
  failed: {},
  rejected: {},
  expired: {},
  cancelled: {},
  unknown: {
    'result ok': { state: 'unknown', lateResult: { ok: true, data: { mm: 3 } } },
    'result error': { state: 'unknown', lateResult: { ok: false, error } },
    'result cancelled': { state: 'unknown', lateResult: { ok: false, error: stopped } },
  },
}

describe('every event in every state', () => {
  for (const state of COMMAND_STATES) {
    for (const name of Object.keys(STIMULI) as StimulusName[]) {
      const expected = TABLE[state][name]
      test(`${state} + ${name} → ${expected?.state ?? 'nothing'}`, () => {
        const { event, atMs } = STIMULI[name]
        const dueAtMs = isFinal(state) ? undefined : DUE_MS
        expect(applyEvent({ state, dueAtMs, timeoutS: TIMEOUT_S }, event, atMs)).toEqual(expected)
      })
    }
  }

  test('only the first late result is kept [C-8]', () => {
    const command = { state: 'unknown', timeoutS: TIMEOUT_S, lateResult: { ok: true } } as const
    expect(applyEvent(command, { kind: 'result', ok: false, error }, NOW_MS)).toBeUndefined()
  })

  test('one that was sent in ten sessions without an answer is given up, and may still have a late result [C-20]', () => {
    const sent = { state: 'sent', dueAtMs: DUE_MS, timeoutS: TIMEOUT_S } as const
    const again = { kind: 'sent_again' } as const
    expect(applyEvent({ ...sent, deliveries: 9 }, again, NOW_MS)).toEqual({
      state: 'sent',
      dueAtMs: DUE_MS,
      deliveries: 10,
    })
    const given = applyEvent({ ...sent, deliveries: 10 }, again, NOW_MS)
    expect(given).toMatchObject({ state: 'unknown', error: { code: 'too_many_deliveries' } })
    const late = applyEvent({ ...given, state: 'unknown', timeoutS: 1 }, { kind: 'result', ok: true }, NOW_MS)
    expect(late).toMatchObject({ state: 'unknown', error: { code: 'too_many_deliveries' }, lateResult: { ok: true } })
  })

  test('one that was accepted is never given up for that: its run time ends it', () => {
    const running = { state: 'running', dueAtMs: DUE_MS, timeoutS: TIMEOUT_S, deliveries: 50 } as const
    expect(applyEvent(running, { kind: 'sent_again' }, NOW_MS)).toMatchObject({ state: 'running', deliveries: 51 })
  })

  test('only the first wish to cancel counts [C-16]', () => {
    const asked = { state: 'sent', dueAtMs: DUE_MS, timeoutS: TIMEOUT_S, cancelAskedAtMs: 1 } as const
    expect(applyEvent(asked, { kind: 'cancel' }, NOW_MS)).toBeUndefined()
  })

  test('`due` changes nothing when no time limit runs', () => {
    expect(applyEvent({ state: 'sent', timeoutS: TIMEOUT_S }, { kind: 'due' }, DUE_MS)).toBeUndefined()
  })
})

const anyEvent: fc.Arbitrary<CommandEvent> = fc.oneof(
  fc.constantFrom<CommandEvent>(
    { kind: 'sent' },
    { kind: 'accepted' },
    { kind: 'progress' },
    { kind: 'cancel' },
    { kind: 'sent_again' },
  ),
  fc.constant<CommandEvent>({ kind: 'due' }),
  fc.record({ kind: fc.constant('result' as const), ok: fc.boolean(), data: fc.jsonValue() }),
  fc.constant<CommandEvent>({ kind: 'result', ok: false, error: stopped }),
)
/** The wall clock may also step back. */
const anyLife = fc.array(fc.tuple(anyEvent, fc.integer({ min: -5_000, max: 40_000 })), { maxLength: 30 })

interface Life {
  readonly states: readonly CommandState[]
  readonly updates: readonly CommandUpdate[]
}

/** The states that a command goes through, as the registry writes them. */
function live(life: readonly (readonly [CommandEvent, number])[]): Life {
  let command: CommandUpdate & { timeoutS: number } = { state: 'queued', dueAtMs: DUE_MS, timeoutS: TIMEOUT_S }
  let atMs = NOW_MS
  const states: CommandState[] = ['queued']
  const updates: CommandUpdate[] = []
  for (const [event, stepMs] of life) {
    atMs += stepMs
    const update = applyEvent(command, event, atMs)
    if (!update) continue
    updates.push(update)
    if (update.state !== command.state) states.push(update.state)
    const { deliveries, cancelAskedAtMs } = command
    command = { deliveries, cancelAskedAtMs, ...update, timeoutS: TIMEOUT_S }
  }
  return { states, updates }
}

const RANK: Partial<Record<CommandState, number>> = { queued: 0, sent: 1, accepted: 2, running: 3 }

describe('any life of a command', () => {
  test('has at most one final state, and it is the last', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const { states } = live(life)
        expect(states.slice(0, -1).filter(isFinal)).toEqual([])
      }),
    )
  })

  test('never goes back and never repeats a state', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const ranks = live(life).states.map((state) => RANK[state] ?? 4)
        for (const [index, rank] of ranks.entries()) expect(rank).toBeGreaterThan(ranks[index - 1] ?? -1)
      }),
    )
  })

  test('has a time limit exactly until the final state, so it always ends', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const { states, updates } = live(life)
        for (const update of updates) expect(update.dueAtMs === undefined).toBe(isFinal(update.state))
        const ended = live([...life, [{ kind: 'due' }, 10 * DUE_MS]]).states.at(-1)
        expect(ended && isFinal(ended)).toBe(true)
        if (isFinal(states.at(-1) ?? 'queued')) expect(ended).toBe(states.at(-1))
      }),
    )
  })

  test('has a result or an error only with the device’s own final word', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const update of live(life).updates) {
          const said = update.result !== undefined || update.error !== undefined
          if (update.error?.code === 'too_many_deliveries') expect(update.state).toBe('unknown')
          else if (said) expect(['succeeded', 'failed', 'rejected', 'cancelled']).toContain(update.state)
          if (update.lateResult) expect(update.state).toBe('unknown')
        }
      }),
    )
  })
})
