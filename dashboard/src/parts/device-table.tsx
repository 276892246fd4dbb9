import { useSignal } from '@preact/signals'
import { ago, exactly, reasonText } from '../format.ts'
import type { Device } from '../state/fleet.ts'
import { toDevice } from '../state/route.ts'
import { StateMark } from './state-mark.tsx'
import { VirtualRows } from './virtual-rows.tsx'

const ROW_HEIGHT_PX = 44

type Column = 'id' | 'state' | 'model' | 'firmware' | 'since'
const COLUMNS: readonly { readonly column: Column; readonly title: string }[] = [
  { column: 'id', title: 'Device' },
  { column: 'state', title: 'State' },
  { column: 'since', title: 'Since' },
  { column: 'model', title: 'Model' },
  { column: 'firmware', title: 'Firmware' },
]

export function DeviceTable({ devices }: { devices: readonly Device[] }) {
  const by = useSignal<{ column: Column; down: boolean }>({ column: 'id', down: false })
  const { column, down } = by.value
  const sorted = column === 'id' && !down ? devices : sortedBy(devices, column, down)
  const sort = (next: Column) => {
    by.value = { column: next, down: next === column ? !down : next === 'since' }
  }
  const head = COLUMNS.map(({ column: one, title }) => (
    <span
      key={one}
      class={one}
      role="columnheader"
      aria-sort={one === column ? (down ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" onClick={() => sort(one)}>
        {title}
        <i aria-hidden="true">{one === column ? (down ? '↓' : '↑') : ''}</i>
      </button>
    </span>
  ))
  return (
    <VirtualRows
      items={sorted}
      rowHeight={ROW_HEIGHT_PX}
      label="Devices"
      head={
        <>
          {head}
          <span class="tags" role="columnheader">
            Tags
          </span>
        </>
      }
      row={(device, index) => <Row key={device.id} device={device} index={index} />}
    />
  )
}

function sortedBy(devices: readonly Device[], column: Column, down: boolean): Device[] {
  const sign = down ? -1 : 1
  const key = (device: Device) => device[column] ?? ''
  return [...devices].sort((a, b) => {
    const [x, y] = [key(a), key(b)]
    return x < y ? -sign : x > y ? sign : 0 // they come by id, and stay so
  })
}

function Row({ device, index }: { device: Device; index: number }) {
  const { id, state, session, since, reason, model, firmware, tags, enabled } = device
  return (
    <div class="row" role="row" aria-rowindex={index + 2} data-state={state}>
      <span class="id" role="cell">
        <a href={toDevice(id)}>{id}</a>
      </span>
      <span class="state-cell" role="cell">
        <StateMark state={state} />
        {state !== 'online' && <small>{enabled ? reasonText(reason) : 'disabled'}</small>}
      </span>
      <span class="since" role="cell" title={since === 0 ? undefined : exactly(since)}>
        {session === 0 ? '' : ago(since)}
      </span>
      <span class="model" role="cell">
        {model}
      </span>
      <span class="firmware" role="cell">
        {firmware}
      </span>
      <span class="tags" role="cell">
        {tags.map((tag) => (
          <i key={tag} class="tag">
            {tag}
          </i>
        ))}
      </span>
    </div>
  )
}
