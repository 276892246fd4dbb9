import { useSignal } from '@preact/signals'
import { count } from '../format.ts'
import type { Outcome } from '../state/import.ts'
import { isNarrow } from './narrow.ts'
import { VirtualRows } from './virtual-rows.tsx'

const ROW_HEIGHT_PX = 34
/** On a phone what becomes of a line stands below it. */
const TWO_LINES_PX = 54
const WORDS = { created: 'added', valid: 'would be added' } as const

/** What becomes of each line; on demand those alone that were refused. */
export function ImportTable({ outcomes }: { outcomes: readonly Outcome[] }) {
  const onlyRefused = useSignal(false)
  const refused = outcomes.filter(({ outcome }) => outcome === 'refused')
  if (outcomes.length === 0) return null
  return (
    <>
      {refused.length > 0 && refused.length < outcomes.length && (
        <label class="only">
          <input
            type="checkbox"
            checked={onlyRefused.value}
            onChange={(event) => {
              onlyRefused.value = event.currentTarget.checked
            }}
          />
          Show the {count(refused.length)} refused alone
        </label>
      )}
      <VirtualRows
        items={onlyRefused.value && refused.length > 0 ? refused : outcomes}
        rowHeight={isNarrow.value ? TWO_LINES_PX : ROW_HEIGHT_PX}
        label="Lines of the file"
        head={['Line', 'Device', 'What becomes of it'].map((title) => (
          <span key={title} role="columnheader">
            {title}
          </span>
        ))}
        row={(one, index) => <Row key={one.line} one={one} index={index} />}
      />
    </>
  )
}

function Row({ one, index }: { one: Outcome; index: number }) {
  const { line, id, outcome, error } = one
  return (
    <div class="row" role="row" aria-rowindex={index + 2} data-outcome={outcome}>
      <span role="cell">{line}</span>
      <span role="cell" class="id">
        {id}
      </span>
      <span role="cell" title={error?.message}>
        {outcome === 'refused' ? error?.message : WORDS[outcome]}
      </span>
    </div>
  )
}
