import { computed, signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { count } from '../format.ts'
import { AddDevice } from '../parts/add-device.tsx'
import { DeviceTable } from '../parts/device-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { ImportDevices } from '../parts/import-devices.tsx'
import { NewTokens } from '../parts/new-tokens.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { Waiting } from '../parts/waiting.tsx'
import { alarmSum } from '../state/alarms.ts'
import type { PresenceState } from '../state/api.ts'
import { draft } from '../state/draft.ts'
import { allDevices, counts, isLoaded, rates } from '../state/fleet.ts'
import { go } from '../state/route.ts'
import { may, whenUserChanges } from '../state/session.ts'

/** As the export takes it. */
const SEARCH_MAX = 200
/** Kept while one looks at a device and comes back. */
const search = signal('')
const onlyState = signal<PresenceState | undefined>(undefined)

whenUserChanges(() => {
  search.value = ''
  onlyState.value = undefined
})

const found = computed(() => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
  const state = onlyState.value
  if (words.length === 0 && state === undefined) return allDevices.value
  return allDevices.value.filter(
    (device) => (state === undefined || device.state === state) && words.every((word) => device.text.includes(word)),
  )
})

export function FleetPage() {
  return (
    <div class="fleet">
      <h1 class="unseen">Fleet</h1>
      <Figures />
      <div class="tools">
        <Search />
        <span class="found" role="status">
          {found.value.length === allDevices.value.length
            ? `${count(allDevices.value.length)} devices`
            : `${count(found.value.length)} of ${count(allDevices.value.length)}`}
        </span>
        <div class="buttons">
          <SendToFound />
          <ExportLink />
          {may('admin') && <ImportDevices />}
          {may('admin') && <AddDevice />}
        </div>
      </div>
      <NewTokens />
      <List />
    </div>
  )
}

/** From what was found to a command for it. */
function SendToFound() {
  const isFiltered = search.value.trim() !== '' || onlyState.value !== undefined
  if (!may('operator') || !isFiltered || found.value.length === 0) return null
  const prepare = () => {
    const devices = found.value.map(({ id }) => id)
    draft.value = { devices, total: devices.length, from: 'found on the fleet page' }
    go('#/commands/new')
  }
  return (
    <button type="button" onClick={prepare}>
      Send command…
    </button>
  )
}

/** The devices that are listed, as a file. */
function ExportLink() {
  const query = new URLSearchParams()
  if (search.value.trim() !== '') query.set('text', search.value.trim())
  if (onlyState.value !== undefined) query.set('state', onlyState.value)
  return (
    <a class="button" href={`/api/v1/devices/export?${query}`} download="devices.csv">
      Export
    </a>
  )
}

function List() {
  if (!isLoaded.value) return <Waiting>Loading the fleet…</Waiting>
  if (allDevices.value.length === 0) {
    return (
      <Empty title="No device yet">
        {may('admin')
          ? 'Add the first one above: you get its token and the lines to type on its console.'
          : 'An admin can add the first one.'}
      </Empty>
    )
  }
  if (found.value.length === 0) return <Empty title="Nothing found">No device has all of these words. Try fewer.</Empty>
  return <DeviceTable devices={found.value} />
}

function Figures() {
  const { value } = counts
  const perSecond = rates.value.slice(-5)
  const rate = perSecond.reduce((sum, one) => sum + one, 0) / Math.max(1, perSecond.length)
  return (
    <section class="figures" aria-label="The fleet now">
      <Count state="online" value={value.online} />
      <Count state="sleeping" value={value.sleeping} />
      <Count state="offline" value={value.offline} />
      <Needs />
      <div class="figure rate">
        <span class="name">messages / s</span>
        <b>{rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}</b>
        <Sparkline values={rates.value} label="Messages per second over the last two minutes" />
      </div>
    </section>
  )
}

/** How much needs a person. */
function Needs() {
  const { all, critical } = alarmSum.value
  const worst = critical > 0 ? 'critical' : all > 0 ? 'warning' : 'none'
  return (
    <a class="figure needs" href="#/system" data-worst={worst}>
      <span class="name">alarms</span>
      <b>{count(all)}</b>
      {critical > 0 && <small>{count(critical)} critical</small>}
    </a>
  )
}

/** A figure that is also a filter. */
function Count({ state, value }: { state: PresenceState; value: number }) {
  const isOn = onlyState.value === state
  const toggle = () => {
    onlyState.value = isOn ? undefined : state
  }
  return (
    <button
      type="button"
      class="figure"
      data-state={state}
      data-zero={value === 0}
      aria-pressed={isOn}
      onClick={toggle}
    >
      <span class="name">{state}</span>
      <b>{count(value)}</b>
    </button>
  )
}

function Search() {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || (event.target as HTMLElement).closest('input, textarea, select, dialog')) return
      event.preventDefault()
      input.current?.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  const type = () => {
    search.value = input.current?.value ?? ''
  }
  return (
    <label class="search">
      <span class="unseen">Search devices</span>
      <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
        <path
          d="M8.5 3a5.5 5.5 0 1 0 3.4 9.8l4 4M8.5 3a5.5 5.5 0 0 1 4 9.3"
          fill="none"
          stroke="currentColor"
          stroke-width="1.8"
        />
      </svg>
      <input
        ref={input}
        type="search"
        maxLength={SEARCH_MAX}
        value={search.value}
        onInput={type}
        placeholder="id, model, firmware, tag"
        spellcheck={false}
      />
      <kbd title="Press / to search">/</kbd>
    </label>
  )
}
