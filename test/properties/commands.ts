import { deepEqual, equal, ok } from 'node:assert/strict'
import fc from 'fast-check'
import { applyEvent, type CommandEvent, type CommandUpdate } from '../../gateway/core/command-machine.ts'
import { type CommandState, isFinal } from '../../protocol/command-request.ts'
import { type Property, property } from './property.ts'

const NOW_MS = 1_767_225_600_000
const TTL_MS = 60_000
const TIMEOUT_S = 30

const anyEvent: fc.Arbitrary<CommandEvent> = fc.oneof(
  fc.constantFrom<CommandEvent>({ kind: 'sent' }, { kind: 'sent_again' }, { kind: 'accepted' }),
  fc.constantFrom<CommandEvent>({ kind: 'progress' }, { kind: 'cancel' }),
  fc.constant<CommandEvent>({ kind: 'due' }),
  fc.record({ kind: fc.constant('result' as const), ok: fc.boolean(), data: fc.integer() }),
  fc.constant<CommandEvent>({ kind: 'result', ok: false, error: { code: 'cancelled', message: 'stopped' } }),
)
/** The wall clock may also step back. */
const anyLife = fc.array(fc.tuple(anyEvent, fc.integer({ min: -5_000, max: 40_000 })), { maxLength: 30, size: 'max' })
type DrawnLife = readonly (readonly [CommandEvent, number])[]

interface Step {
  readonly event: CommandEvent
  readonly atMs: number
  readonly before: CommandUpdate
  /** Undefined: the event changed nothing. */
  readonly update: CommandUpdate | undefined
}

/** What the registry writes, event by event. */
function live(life: DrawnLife): Step[] {
  let command: CommandUpdate & { timeoutS: number } = { state: 'queued', dueAtMs: NOW_MS + TTL_MS, timeoutS: TIMEOUT_S }
  let atMs = NOW_MS
  return life.map(([event, stepMs]) => {
    atMs += stepMs
    const before = command
    const update = applyEvent(command, event, atMs)
    const { deliveries, cancelAskedAtMs } = command
    if (update !== undefined) command = { deliveries, cancelAskedAtMs, ...update, timeoutS: TIMEOUT_S }
    return { event, atMs, before, update }
  })
}

/** Each state once, in order. */
function statesOf(steps: readonly Step[]): CommandState[] {
  const states: CommandState[] = ['queued']
  for (const { update } of steps) if (update && update.state !== states.at(-1)) states.push(update.state)
  return states
}

const RANK: Partial<Record<CommandState, number>> = { queued: 0, sent: 1, accepted: 2, running: 3 }
const HAS_A_WORD: readonly CommandState[] = ['succeeded', 'failed', 'rejected', 'cancelled']

export const commandProperties: readonly Property[] = [
  property(
    'a command has at most one final state, and it is the last [C-2]',
    fc.property(anyLife, (life) => deepEqual(statesOf(live(life)).slice(0, -1).filter(isFinal), [])),
  ),
  property(
    'a command never goes back and never repeats a state [C-2]',
    fc.property(anyLife, (life) => {
      const ranks = statesOf(live(life)).map((state) => RANK[state] ?? 4)
      for (const [index, rank] of ranks.entries()) ok(rank > (ranks[index - 1] ?? -1))
    }),
  ),
  property(
    'after its end nothing changes but the first late result of an unknown one [C-8]',
    fc.property(anyLife, (life) => {
      for (const { before, update } of live(life)) {
        if (!isFinal(before.state) || update === undefined) continue
        deepEqual([before.state, update.state, before.lateResult], ['unknown', 'unknown', undefined])
        ok(update.lateResult)
      }
    }),
  ),
  property(
    'a command has a time limit exactly until its end, so it always ends [C-4]',
    fc.property(anyLife, (life) => {
      const steps = live(life)
      for (const { update } of steps) if (update) equal(update.dueAtMs === undefined, isFinal(update.state))
      const ended = statesOf(live([...life, [{ kind: 'due' }, 1_000 * TTL_MS]])).at(-1) ?? 'queued'
      ok(isFinal(ended))
      const last = statesOf(steps).at(-1) ?? 'queued'
      if (isFinal(last)) equal(ended, last)
    }),
  ),
  property(
    'time alone ends a command when its limit is over and not before: expired if never sent, else unknown [C-6]',
    fc.property(anyLife, (life) => {
      for (const { event, before, update, atMs } of live(life)) {
        if (event.kind !== 'due' || isFinal(before.state)) continue
        const isOver = before.dueAtMs !== undefined && before.dueAtMs <= atMs
        equal(update?.state, isOver ? (before.state === 'queued' ? 'expired' : 'unknown') : undefined)
      }
    }),
  ),
  property(
    'the run time starts when a device takes the command, and never again [C-4]',
    fc.property(anyLife, (life) => {
      for (const { before, update, atMs } of live(life)) {
        if (update?.dueAtMs === undefined) continue
        const starts = (RANK[before.state] ?? 4) < 2 && (RANK[update.state] ?? 4) >= 2
        equal(update.dueAtMs, starts ? atMs + TIMEOUT_S * 1_000 : before.dueAtMs)
      }
    }),
  ),
  property(
    'a result or an error stands only with the final word of the device, or where the gateway gave up [C-5] [C-20]',
    fc.property(anyLife, (life) => {
      for (const { update } of live(life)) {
        if (update === undefined) continue
        const said = update.result !== undefined || update.error !== undefined
        if (update.error?.code === 'too_many_deliveries') equal(update.state, 'unknown')
        else if (said) ok(HAS_A_WORD.includes(update.state))
        if (update.lateResult) equal(update.state, 'unknown')
      }
    }),
  ),
]
