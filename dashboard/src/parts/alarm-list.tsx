import { ago, count, exactly } from '../format.ts'
import type { Alarm } from '../state/alarms.ts'
import { toDevice } from '../state/route.ts'
import { Release } from './release.tsx'

const TITLES: Readonly<Record<string, string>> = {
  bus_unavailable: 'The bus is away',
  bus_behind: 'The bus is behind',
  registry_unavailable: 'The registry cannot write',
  registry_slow: 'The registry is behind',
  disk_low: 'The disk is nearly full',
  certificate_ending: 'The certificate ends',
  event_loop_slow: 'The gateway is too busy',
  audit_lost: 'Audit entries were lost',
  log_lines_lost: 'Log lines were lost',
  dead_letters: 'Dead letters',
  device_quarantined: 'is quarantined',
  device_restarting: 'restarts over and over',
  device_flapping: 'loses its connection',
  device_overslept: 'did not wake',
  device_losing: 'loses messages',
}

/** What needs a person, each with what to do next. On the page of a device its name goes without saying. */
export function AlarmList({ alarms, isOfDevice = false }: { alarms: readonly Alarm[]; isOfDevice?: boolean }) {
  if (alarms.length === 0) return null
  return (
    <ul class="alarms card" aria-label="Alarms">
      {alarms.map((alarm) => (
        <li key={alarm.id} data-severity={alarm.severity}>
          <SeverityMark severity={alarm.severity} />
          <div>
            <p class="title">
              <b>
                <Title alarm={alarm} isOfDevice={isOfDevice} />
              </b>
              <time title={exactly(alarm.since)}>{ago(alarm.since)}</time>
            </p>
            <p>
              {alarm.text} <Further kind={alarm.kind} />
            </p>
          </div>
          {isOfDevice && alarm.kind === 'device_quarantined' && <Release device={alarm.device ?? ''} />}
        </li>
      ))}
    </ul>
  )
}

function Title({ alarm, isOfDevice }: { alarm: Alarm; isOfDevice: boolean }) {
  const { kind, device } = alarm
  const title = TITLES[kind] ?? kind.replaceAll('_', ' ')
  if (device === undefined && kind.startsWith('device_'))
    return (
      <>
        {count(alarm.count)} more: {title}
      </>
    )
  if (device === undefined) return <>{title}</>
  if (isOfDevice) return <>It {title}</>
  return (
    <>
      <a href={toDevice(device)}>{device}</a> {title}
    </>
  )
}

/** Where on these pages one sees more. */
function Further({ kind }: { kind: string }) {
  return kind === 'dead_letters' ? <a href="#/commands/dead-letters">Dead letters</a> : null
}

/** By shape and word, so that the colour is not needed. */
export function SeverityMark({ severity }: { severity: Alarm['severity'] }) {
  return (
    <span class="severity" data-severity={severity}>
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
        {severity === 'critical' ? (
          <path d="M6.500 1.500h7l5 5v7l-5 5h-7l-5-5v-7z" fill="currentColor" />
        ) : (
          <path
            d="M10 2.500 18.500 17.500h-17z"
            fill="none"
            stroke="currentColor"
            stroke-linejoin="round"
            stroke-width="2"
          />
        )}
        <path
          d={severity === 'critical' ? 'M10 5.500v5.500M10 14v.2' : 'M10 8v4.500M10 15v.1'}
          stroke={severity === 'critical' ? 'var(--card)' : 'currentColor'}
          stroke-linecap="round"
          stroke-width="2"
        />
      </svg>
      {severity}
    </span>
  )
}
