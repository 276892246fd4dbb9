import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { count, now } from '../format.ts'
import { call, type DeviceDetail, pathOf } from '../state/api.ts'
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
export function Counters({ id, session }: { id: string; session: number }) {
  const counters = useSignal<Readonly<Record<string, number>>>({})
  const loaded = useRef('')
  const beat = Math.floor(now.value / LOOK_EVERY_MS)
  useEffect(() => {
    if (document.hidden || (loaded.current === id && !isInUse())) return
    loaded.current = id
    call<DeviceDetail>('GET', pathOf(id)).then(
      (device) => {
        counters.value = device.counters
      },
      () => {}, // shown as it was; the pill says that the line is gone
    )
  }, [id, session, beat])
  return (
    <section class="card counters">
      <h2>Since the gateway started</h2>
      <dl>
        {Object.entries(NAMES).map(([key, name]) => (
          <div key={key} data-bad={(key === 'dropped' || key === 'refused') && (counters.value[key] ?? 0) > 0}>
            <dt>{name}</dt>
            <dd>{count(counters.value[key] ?? 0)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
