import { count } from '../format.ts'
import type { Counts, TargetState } from '../state/batches.ts'

interface Group {
  readonly name: 'succeeded' | 'running' | 'waiting' | 'failed' | 'cancelled'
  readonly text: string
  readonly states: readonly TargetState[]
}

/** In the order of the bar: what is done, what goes on, what went wrong. */
const GROUPS: readonly Group[] = [
  { name: 'succeeded', text: 'succeeded', states: ['succeeded'] },
  { name: 'running', text: 'running', states: ['sent', 'accepted', 'running'] },
  { name: 'waiting', text: 'waiting', states: ['queued', 'pending'] },
  {
    name: 'failed',
    text: 'without success',
    states: ['failed', 'rejected', 'expired', 'unknown', 'refused', 'deleted'],
  },
  { name: 'cancelled', text: 'cancelled', states: ['cancelled'] },
]

/** How far a batch has got: a bar of shares, and the same in numbers and words. */
export function BatchBar({ counts, total }: { counts: Counts; total: number }) {
  const groups = GROUPS.map((group) => ({ ...group, n: sumOf(counts, group.states) })).filter(({ n }) => n > 0)
  const ended = total - sumOf(counts, ['pending', 'queued', 'sent', 'accepted', 'running'])
  return (
    <div class="batch-progress">
      <div
        class="batch-bar"
        role="progressbar"
        aria-label="Devices that have ended"
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={ended}
        aria-valuetext={`${count(ended)} of ${count(total)} ended`}
      >
        {groups.map(({ name, n }) => (
          <i key={name} data-group={name} style={{ flexGrow: n }} />
        ))}
      </div>
      <ul class="batch-legend">
        {groups.map(({ name, text, states, n }) => (
          <li key={name} data-group={name} title={wordsOf(counts, states)}>
            <b>{count(n)}</b> {text}
          </li>
        ))}
      </ul>
    </div>
  )
}

const sumOf = (counts: Counts, states: readonly TargetState[]): number =>
  states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)

/** `2 failed, 1 refused` */
function wordsOf(counts: Counts, states: readonly TargetState[]): string {
  const there = states.filter((state) => (counts[state] ?? 0) > 0)
  return there.map((state) => `${count(counts[state] ?? 0)} ${state}`).join(', ')
}
