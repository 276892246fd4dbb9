import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { allDevices } from '../state/fleet.ts'
import { LEVELS, type Level, type SaidFilter } from '../state/said.ts'
import { may } from '../state/session.ts'
import { Choice } from './choice.tsx'
import { useTypedField } from './typed-field.ts'

/** Ids offered for what is typed so far. */
const OFFERED_MAX = 20

const KINDS: readonly { readonly value: SaidFilter['kind']; readonly name: string }[] = [
  { value: 'all', name: 'Everything' },
  { value: 'event', name: 'Events' },
  { value: 'log', name: 'Log lines' },
]
const LEVEL_NAMES: Readonly<Record<Level, string>> = {
  debug: 'all levels',
  info: 'info and worse',
  warn: 'warn and worse',
  error: 'error alone',
}

interface FiltersProps {
  readonly filter: SaidFilter
  readonly change: (filter: SaidFilter) => void
}

export function SaidFilters({ filter, change }: FiltersProps) {
  const kind = {
    get value() {
      return filter.kind
    },
    set value(next: SaidFilter['kind']) {
      change({ ...filter, kind: next })
    },
  }
  return (
    <search class="said-filters">
      <DeviceFilter device={filter.device} choose={(device) => change({ ...filter, device })} />
      {may('operator') && <Choice name="said-kind" legend="What" options={KINDS} chosen={kind} />}
      {(filter.kind === 'event' || !may('operator')) && (
        <NameFilter name={filter.name} choose={(name) => change({ ...filter, kind: 'event', name })} />
      )}
      {filter.kind === 'log' && (
        <select
          aria-label="Level"
          value={filter.level}
          onChange={(event) => change({ ...filter, level: event.currentTarget.value as Level })}
        >
          {LEVELS.map((level) => (
            <option key={level} value={level}>
              {LEVEL_NAMES[level]}
            </option>
          ))}
        </select>
      )}
    </search>
  )
}

function NameFilter({ name, choose }: { name: string; choose: (name: string) => void }) {
  return (
    <input
      aria-label="Name of the event"
      placeholder="name of the event"
      spellcheck={false}
      autocapitalize="none"
      ref={useTypedField(name)}
      onChange={(event) => choose(event.currentTarget.value.trim())}
    />
  )
}

/** An id, offered from what is typed; nothing is all devices. */
function DeviceFilter({ device, choose }: { device: string; choose: (device: string) => void }) {
  const typed = useSignal(device)
  useEffect(() => {
    typed.value = device
  }, [device])
  const part = typed.value.trim().toLowerCase()
  const offered = part === '' ? [] : allDevices.value.filter(({ id }) => id.toLowerCase().includes(part))
  return (
    <>
      <input
        type="search"
        aria-label="Device"
        placeholder="all devices"
        list="said-devices"
        spellcheck={false}
        autocapitalize="none"
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value
        }}
        onChange={() => choose(typed.value.trim())}
      />
      <datalist id="said-devices">
        {offered.slice(0, OFFERED_MAX).map(({ id }) => (
          <option key={id} value={id} />
        ))}
      </datalist>
    </>
  )
}
