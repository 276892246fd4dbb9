import { COMMAND_STATES } from '../../../protocol/command-request.ts'
import { count } from '../format.ts'
import type { BatchView } from '../state/batch-view.ts'
import type { Counts, Target, TargetState } from '../state/batches.ts'
import { toDevice } from '../state/route.ts'
import { isNarrow } from './narrow.ts'
import { VirtualRows } from './virtual-rows.tsx'

const ROW_HEIGHT_PX = 44
/** Two lines on a phone: the reason stands below. */
const TALL_ROW_HEIGHT_PX = 60
/** As a command lives. */
const IN_ORDER: readonly TargetState[] = ['pending', ...COMMAND_STATES, 'refused', 'deleted']

/** What became of each device. Rows are read from the gateway as one scrolls. */
export function TargetTable({ view, counts, total }: { view: BatchView; counts: Counts; total: number }) {
  const targets = view.targets.value
  return (
    <section class="targets" aria-label="Devices">
      <Filter view={view} counts={counts} total={total} />
      {targets.length === 0 && !view.hasMore.value && <p class="waiting">No device is {view.filter.value} now.</p>}
      {targets.length > 0 && (
        <VirtualRows
          items={targets}
          rowHeight={isNarrow.value ? TALL_ROW_HEIGHT_PX : ROW_HEIGHT_PX}
          label="What became of each device"
          onEdge={({ isNearEnd }) => isNearEnd && view.more()}
          head={
            <>
              <span role="columnheader">Device</span>
              <span role="columnheader">State</span>
              <span role="columnheader">Result or reason</span>
            </>
          }
          row={(target, index) => <Row key={target.device} target={target} index={index} />}
        />
      )}
    </section>
  )
}

function Filter({ view, counts, total }: { view: BatchView; counts: Counts; total: number }) {
  const states = IN_ORDER.flatMap((state) => (counts[state] === undefined ? [] : [[state, counts[state]] as const]))
  const choices: (readonly [TargetState | '', number])[] = [['', total], ...states]
  const chosen = view.filter.value
  if (chosen !== '' && counts[chosen] === undefined) choices.push([chosen, 0])
  return (
    <fieldset class="choice states">
      <legend class="unseen">Only devices in this state</legend>
      {choices.map(([state, n]) => (
        <label key={state}>
          <input type="radio" name="target-state" checked={chosen === state} onChange={() => view.show(state)} />
          {state === '' ? 'all' : state} <b>{count(n)}</b>
        </label>
      ))}
    </fieldset>
  )
}

function Row({ target, index }: { target: Target; index: number }) {
  const { device, state } = target
  const reason = reasonOf(target)
  return (
    <div class="row" role="row" aria-rowindex={index + 2}>
      <span class="id" role="cell">
        <a href={toDevice(device)}>{device}</a>
      </span>
      <span role="cell">
        <span class="chip" data-state={state}>
          {state}
        </span>
      </span>
      <span class="reason" role="cell" title={reason}>
        {reason}
      </span>
    </div>
  )
}

const WORDS: Readonly<Partial<Record<TargetState, string>>> = {
  pending: 'its command is being made',
  queued: 'waits until the device comes',
  sent: 'sent; no answer yet',
  accepted: 'the device has taken it',
  running: 'the device is at it',
  expired: 'the device did not come in time; it did not run',
  unknown: 'sent, and no answer in time; it may have run',
  deleted: 'the device was deleted',
}

function reasonOf({ state, error, result }: Target): string {
  if (error !== undefined) return `${error.message} (${error.code})`
  if (result !== undefined && result !== null) return JSON.stringify(result)
  return WORDS[state] ?? ''
}
