import { type Signal, useSignal } from '@preact/signals'
import { PART_MAX_DEVICES } from '../../../protocol/import-parts.ts'
import { count } from '../format.ts'
import { DeviceImport } from '../state/import.ts'
import { type Action, useAction } from './action.ts'
import { Dialog } from './dialog.tsx'
import { ImportTable } from './import-table.tsx'
import { NewTokens } from './new-tokens.tsx'
import { Problem } from './problem.tsx'

/** Many devices from a file. */
export function ImportDevices() {
  const isOpen = useSignal(false)
  const action = useAction()
  /** Outlives its window: who closes that while devices are added sees what became of it when it is opened again. */
  const current = useSignal<DeviceImport | undefined>(undefined)
  const close = () => {
    isOpen.value = false
    if (current.value?.phase.value === 'adding') return
    current.value = undefined
    action.problem.value = ''
  }
  return (
    <>
      <button type="button" onClick={() => (isOpen.value = true)}>
        Import
      </button>
      {isOpen.value && (
        <Dialog title="Import devices" isWide close={close}>
          <ImportSteps action={action} current={current} />
        </Dialog>
      )}
    </>
  )
}

interface StepsProps {
  readonly action: Action
  readonly current: Signal<DeviceImport | undefined>
}

function ImportSteps({ action, current }: StepsProps) {
  const choose = (file: File | undefined) => {
    if (file === undefined) return
    current.value = undefined
    action.run(async () => {
      const made = await DeviceImport.of(file)
      await made.check()
      current.value = made
    })
  }
  const { value } = current
  return (
    <div class="import">
      {value === undefined || value.phase.value === 'checked' ? (
        <DropZone choose={choose} isBusy={action.busy.value} isSmall={value !== undefined} />
      ) : null}
      <Problem of={action.problem} />
      {value !== undefined && <Result of={value} action={action} />}
    </div>
  )
}

interface DropZoneProps {
  readonly choose: (file: File | undefined) => void
  readonly isBusy: boolean
  readonly isSmall: boolean
}

function DropZone({ choose, isBusy, isSmall }: DropZoneProps) {
  const isOver = useSignal(false)
  const over = (event: DragEvent) => {
    event.preventDefault()
    isOver.value = true
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    isOver.value = false
    choose(event.dataTransfer?.files[0])
  }
  return (
    <label
      class="drop"
      data-over={isOver.value}
      onDragOver={over}
      onDragLeave={() => (isOver.value = false)}
      onDrop={drop}
    >
      <input
        type="file"
        accept=".csv,.ndjson,.jsonl,text/csv,application/x-ndjson"
        disabled={isBusy}
        onChange={(event) => {
          choose(event.currentTarget.files?.[0])
          event.currentTarget.value = '' // so that the same file, mended, can be chosen again
        }}
      />
      <b>{isBusy ? 'Looking through it…' : isSmall ? 'Choose another file' : 'Choose a file, or drop it here'}</b>
      {!isSmall && (
        <small>
          CSV with a heading of <code>id,model,tags,notes</code>, tags between semicolons; or NDJSON, one device a line.
          What an export wrote fits. Nothing is added before you have seen what would be. The gateway takes{' '}
          {count(PART_MAX_DEVICES)} devices or 1 MiB at once: a larger file goes in several parts.
        </small>
      )}
    </label>
  )
}

function Result({ of, action }: { of: DeviceImport; action: Action }) {
  const outcomes = of.outcomes.value
  const refused = outcomes.filter(({ outcome }) => outcome === 'refused').length
  const good = outcomes.length - refused
  const phase = of.phase.value
  const total = of.parts.length
  return (
    <>
      <p class="import-sum" role="status">
        {phase === 'adding' ? (
          `Adding, part ${Math.min(of.done.value + 1, total)} of ${total}…`
        ) : (
          <>
            <b>{of.fileName}</b>: {devices(good)} {phase === 'added' ? 'added' : 'would be added'}
            {refused > 0 && `, ${count(refused)} refused`}
          </>
        )}
      </p>
      {phase === 'adding' && <progress max={total} value={of.done.value} aria-label="Parts added" />}
      <ImportTable outcomes={outcomes} />
      {phase === 'checked' && good > 0 && (
        <button type="button" class="primary" disabled={action.busy.value} onClick={() => action.run(() => of.add())}>
          Add {devices(good)}
        </button>
      )}
      {phase === 'adding' && !action.busy.value && (
        <button type="button" class="primary" onClick={() => action.run(() => of.add())}>
          Go on with part {of.done.value + 1}
        </button>
      )}
      <NewTokens />
    </>
  )
}

const devices = (number: number): string => `${count(number)} device${number === 1 ? '' : 's'}`
