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
