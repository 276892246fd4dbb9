import { useEffect, useMemo } from 'preact/hooks'
import { AlarmList } from '../parts/alarm-list.tsx'
import { HealthCards } from '../parts/health-cards.tsx'
import { Limits } from '../parts/limits.tsx'
import { Plot } from '../parts/plot.tsx'
import { QuarantineList } from '../parts/quarantine-list.tsx'
import { RefusalBars } from '../parts/refusals.tsx'
import { Waiting } from '../parts/waiting.tsx'
import { alarms, areAlarmsKnown } from '../state/alarms.ts'
import { COURSES, NodeWatch } from '../state/node.ts'

/** How far back the plots go: what happened while somebody fetched a coffee. */
const WINDOW_S = 600

/** What needs a person, and how the gateway and all that it stands on are. */
export function SystemPage() {
  const watch = useMemo(() => new NodeWatch(), [])
  useEffect(() => watch.watch(), [watch])
  const node = watch.node.value
  return (
    <div class="system">
      <h1>System</h1>
      <div aria-live="polite" aria-relevant="additions">
        <Needs />
      </div>
      {node === undefined ? (
        <Waiting>Asking the gateway how it is…</Waiting>
      ) : (
        <>
          <div class="plots">
            {Object.values(COURSES).map((name) => (
              <Plot key={name} series={watch.course} name={name} windowS={WINDOW_S} isFromZero />
            ))}
          </div>
          <HealthCards node={node} />
          <div class="outside">
            <RefusalBars refusals={node.handshakes_refused} />
            <QuarantineList />
          </div>
          <Limits limits={node.limits} />
        </>
      )}
    </div>
  )
}

function Needs() {
  if (alarms.value.length > 0) return <AlarmList alarms={alarms.value} />
  if (!areAlarmsKnown.value) return null
  return (
    <p class="calm card">
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <circle cx="10" cy="10" r="8.200" />
        <path d="m6 10.300 2.800 2.800L14 7.500" />
      </svg>
      <span>
        <b>Nothing needs you.</b> What does will stand here, with what to do.
      </span>
    </p>
  )
}
