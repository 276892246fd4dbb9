import { useSignal } from '@preact/signals'
import { exactly, timeOf } from '../format.ts'
import { toDevice } from '../state/route.ts'
import type { Said } from '../state/said.ts'
import { Dialog } from './dialog.tsx'
import { isNarrow } from './narrow.ts'
import { CopyButton } from './provisioning.tsx'
import { VirtualRows } from './virtual-rows.tsx'

const ROW_HEIGHT_PX = 36
/** On a phone what is said stands below who said it. */
const TWO_LINES_PX = 58

interface TableProps {
  readonly list: readonly Said[]
  readonly onEdge: (edge: { readonly isAtTop: boolean; readonly isNearEnd: boolean }) => void
}

/** What was said, newest first, a row each. A row opens the whole of it. */
export function SaidTable({ list, onEdge }: TableProps) {
  const opened = useSignal<Said | undefined>(undefined)
  return (
    <>
      <VirtualRows
        items={list}
        rowHeight={isNarrow.value ? TWO_LINES_PX : ROW_HEIGHT_PX}
        label="What devices said"
        onEdge={onEdge}
        head={['Time', 'Device', 'What', 'Content'].map((title) => (
          <span key={title} role="columnheader">
            {title}
          </span>
        ))}
        row={(said, index) => <Row key={said.id} said={said} index={index} open={() => (opened.value = said)} />}
      />
      {opened.value && <Whole said={opened.value} close={() => (opened.value = undefined)} />}
    </>
  )
}

function Row({ said, index, open }: { said: Said; index: number; open: () => void }) {
  const { at, device, kind, name, level, data, text } = said
  return (
    <div class="row" role="row" aria-rowindex={index + 2} data-level={level}>
      <time role="cell" title={exactly(at)}>
        {timeOf(at)}
      </time>
      <span class="by" role="cell">
        <a href={toDevice(device)}>{device}</a>
      </span>
      <span class="what" role="cell">
        {kind === 'event' ? <b>{name}</b> : <i class="level">{level}</i>}
      </span>
      <span class="content" role="cell">
        <button type="button" onClick={open}>
          {kind === 'log' ? text : brief(data)}
        </button>
      </span>
    </div>
  )
}

/** The outer fields as `open: true, by: "timer"`; the whole stands in the dialog. */
function brief(data: unknown): string {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return JSON.stringify(data) ?? ''
  const fields = Object.entries(data).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  return fields.length === 0 ? '{}' : fields.join(', ')
}

function Whole({ said, close }: { said: Said; close: () => void }) {
  const { at, device, kind, name, level, data, text = '' } = said
  const whole = kind === 'log' ? text : JSON.stringify(data, null, 2)
  return (
    <Dialog title={kind === 'log' ? `Log, ${level}` : (name ?? '')} close={close}>
      <p>
        <a href={toDevice(device)}>{device}</a>, {exactly(at)}
      </p>
      <pre class="wrap">{whole}</pre>
      <div class="buttons">
        <CopyButton text={whole} what={kind === 'log' ? 'line' : 'data'} />
      </div>
    </Dialog>
  )
}
