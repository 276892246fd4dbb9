import { useEffect, useMemo } from 'preact/hooks'
import { ago, exactly, reasonText } from '../format.ts'
import { AlarmList } from '../parts/alarm-list.tsx'
import { CommandPanel } from '../parts/command-panel.tsx'
import { ConnectionPanel } from '../parts/connection-panel.tsx'
import { Counters } from '../parts/counters.tsx'
import { DeviceActions } from '../parts/device-actions.tsx'
import { EditDevice } from '../parts/edit-device.tsx'
import { Empty } from '../parts/empty.tsx'
import { EventPanel } from '../parts/event-panel.tsx'
import { PresenceStrip } from '../parts/presence-strip.tsx'
import { SettingsPanel } from '../parts/settings-panel.tsx'
import { StateMark } from '../parts/state-mark.tsx'
import { Telemetry } from '../parts/telemetry.tsx'
import { TokenPanel } from '../parts/token-panel.tsx'
import { Waiting } from '../parts/waiting.tsx'
import { alarms } from '../state/alarms.ts'
import { DeviceConnections } from '../state/connections.ts'
import { DeviceDetails } from '../state/device-details.ts'
import { type Device, deviceById, isLoaded } from '../state/fleet.ts'
import { may } from '../state/session.ts'

export function DevicePage({ id }: { id: string }) {
  const device = deviceById(id)
  if (device === undefined && !isLoaded.value) return <Waiting />
  if (device === undefined) {
    return (
      <Empty title={`There is no device ${id}`}>
        It was deleted, or never added. <a href="#/">Back to the fleet</a>
      </Empty>
    )
  }
  return <Known id={id} device={device} />
}

function Known({ id, device }: { id: string; device: Device }) {
  const connections = useMemo(() => new DeviceConnections(id), [id])
  useEffect(() => connections.refresh(), [connections, device.state, device.session])
  const details = useMemo(() => new DeviceDetails(id), [id])
  useEffect(() => {
    details.load().catch(() => {}) // the counters ask again
  }, [details, device.model, device.tags.join('\n'), device.enabled])
  return (
    <div class="device">
      <Head device={device} details={details} />
      <AlarmList alarms={alarms.value.filter((alarm) => alarm.device === id)} isOfDevice />
      <PresenceStrip device={device} connections={connections} />
      <div class="columns">
        <section class="telemetry" aria-label="Telemetry">
          <Telemetry id={id} />
          <ConnectionPanel connections={connections} />
        </section>
        <aside>
          <CommandPanel id={id} device={device} />
          <SettingsPanel id={id} />
          {may('admin') && <TokenPanel id={id} />}
          <EventPanel id={id} />
          <Counters details={details} session={device.session} />
          {may('admin') && <DeviceActions device={device} />}
        </aside>
      </div>
    </div>
  )
}

function Head({ device, details }: { device: Device; details: DeviceDetails }) {
  const { id, state, session, reason, since, model, firmware, tags, enabled } = device
  const notes = details.now.value?.notes
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
      {notes && <p class="notes">{notes}</p>}
      {may('admin') && (
        <div class="actions">
          <EditDevice details={details} />
        </div>
      )}
    </header>
  )
}
