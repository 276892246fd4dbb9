import { useEffect } from 'preact/hooks'
import { count, now } from '../format.ts'
import type { DeviceDetails } from '../state/device-details.ts'
import { isInUse } from '../state/session.ts'

const LOOK_EVERY_MS = 5_000
const NAMES: Readonly<Record<string, string>> = {
  received: 'received',
  published: 'on the bus',
  repeated: 'repeated',
  refused: 'refused',
  dropped: 'dropped',
  malformed: 'malformed',
  gaps: 'missing numbers',
  connects: 'connects',
}

/** What became of the device's messages since the gateway started. */
export function Counters({ details, session }: { details: DeviceDetails; session: number }) {
  const counters = details.now.value?.counters ?? {}
  const beat = Math.floor(now.value / LOOK_EVERY_MS)
  useEffect(() => {
    if (document.hidden || (details.now.peek() !== undefined && !isInUse())) return
    details.load().catch(() => {}) // shown as it was; the pill says that the line is gone
  }, [details, session, beat])
  return (
    <section class="card counters">
      <h2>Since the gateway started</h2>
      <dl>
        {Object.entries(NAMES).map(([key, name]) => (
          <div key={key} data-bad={(key === 'dropped' || key === 'refused') && (counters[key] ?? 0) > 0}>
            <dt>{name}</dt>
            <dd>{count(counters[key] ?? 0)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
