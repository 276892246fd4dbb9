import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { ago, exactly, reasonText } from '../format.ts'
import { AlarmList } from '../parts/alarm-list.tsx'
import { CommandPanel } from '../parts/command-panel.tsx'
import { ConnectionPanel } from '../parts/connection-panel.tsx'
import { Counters } from '../parts/counters.tsx'
import { DeviceActions } from '../parts/device-actions.tsx'
import { Empty } from '../parts/empty.tsx'
import { EventPanel } from '../parts/event-panel.tsx'
import { Plot } from '../parts/plot.tsx'
import { SettingsPanel } from '../parts/settings-panel.tsx'
import { StateMark } from '../parts/state-mark.tsx'
import { TokenPanel } from '../parts/token-panel.tsx'
import { Values } from '../parts/values.tsx'
import { alarms } from '../state/alarms.ts'
import { call, pathOf } from '../state/api.ts'
import { type Device, deviceById, isLoaded } from '../state/fleet.ts'
import { Series, type Value } from '../state/series.ts'
import { may } from '../state/session.ts'

export function DevicePage({ id }: { id: string }) {
  const device = deviceById(id)
  if (device === undefined && !isLoaded.value)
    return (
      <p class="waiting" role="status">
        Loading…
      </p>
    )
  if (device === undefined) {
    return (
      <Empty title={`There is no device ${id}`}>
        It was deleted, or never added. <a href="#/">Back to the fleet</a>
      </Empty>
    )
  }
  return (
    <div class="device">
      <Head device={device} />
      <AlarmList alarms={alarms.value.filter((alarm) => alarm.device === id)} isOfDevice />
      <div class="columns">
        <Telemetry id={id} />
        <aside>
          <CommandPanel id={id} device={device} />
          <SettingsPanel id={id} />
          {may('admin') && <TokenPanel id={id} />}
          <EventPanel id={id} />
          <Counters id={id} session={device.session} />
        </aside>
      </div>
    </div>
  )
}

function Head({ device }: { device: Device }) {
  const { id, state, session, reason, since, model, firmware, tags, enabled } = device
  return (
    <header class="device-head">
      <a class="back" href="#/">
        Fleet
      </a>
      <h1>{id}</h1>
      <p class="presence">
        <StateMark state={state} />
        <span>
          {enabled ? reasonText(reason) : 'disabled by an operator'}
          {session > 0 && <time title={exactly(since)}> · {ago(since)}</time>}
        </span>
      </p>
      <p class="facts">
        {model && <span>{model}</span>}
        {firmware && <span>firmware {firmware}</span>}
        {tags.map((tag) => (
          <i key={tag} class="tag">
            {tag}
          </i>
        ))}
      </p>
      {may('admin') && <DeviceActions device={device} />}
    </header>
  )
}

const WINDOWS = [
  { s: 60, name: '1 min' },
  { s: 300, name: '5 min' },
  { s: 3600, name: '1 h' },
]

function Telemetry({ id }: { id: string }) {
  const series = useMemo(() => new Series(), [id])
  const windowS = useSignal(300)
  useEffect(() => {
    call<Record<string, Value>>('GET', `${pathOf(id)}/state`).then(
      (values) => series.seed(values),
      () => {}, // the live socket brings them with the next message
    )
    return series.watch(id)
  }, [series])
  series.version.value
  const keys = series.numericKeys
  return (
    <section class="telemetry" aria-label="Telemetry">
      {keys.length > 0 && (
        <fieldset class="choice">
          <legend class="unseen">How far back</legend>
          {WINDOWS.map(({ s, name }) => (
            <label key={s}>
              <input type="radio" name="window" checked={windowS.value === s} onChange={() => (windowS.value = s)} />
              {name}
            </label>
          ))}
        </fieldset>
      )}
      {series.last.size === 0 && (
        <Empty title="Nothing measured yet">Plots appear here as soon as the device sends telemetry.</Empty>
      )}
      <div class="plots">
        {keys.map((key) => (
          <Plot key={key} series={series} name={key} windowS={windowS.value} />
        ))}
      </div>
      <Values series={series} />
      <ConnectionPanel id={id} />
    </section>
  )
}
