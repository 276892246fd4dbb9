import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { exactly, now, span } from '../format.ts'
import { alarms } from '../state/alarms.ts'
import { call } from '../state/api.ts'
import { toDevice } from '../state/route.ts'
import { Release } from './release.tsx'

interface Quarantine {
  readonly device: string
  readonly since: number
  readonly until: number
  readonly addresses: readonly string[]
}

/** Devices that are kept apart since two use one token. Read again whenever an alarm says that one came or went. */
export function QuarantineList() {
  const list = useSignal<readonly Quarantine[]>([])
  const known = alarms.value.filter(({ kind }) => kind === 'device_quarantined')
  useEffect(() => {
    call<{ items: Quarantine[] }>('GET', '/quarantines?limit=200').then(
      ({ items }) => {
        list.value = items
      },
      () => {}, // shown as it was; the pill says that the line is gone
    )
  }, [known.map(({ id, count }) => `${id} ${count}`).join()])
  return (
    <section class="card quarantines" aria-label="Quarantined devices">
      <h2>Quarantined devices</h2>
      {list.value.length === 0 && (
        <p class="hint">None. Two devices that use one token would be kept apart and shown here.</p>
      )}
      <ul class="list">
        {list.value.map((one) => (
          <Row key={one.device} one={one} />
        ))}
      </ul>
    </section>
  )
}

function Row({ one: { device, until, addresses } }: { one: Quarantine }) {
  return (
    <li>
      <span class="name">
        <a href={toDevice(device)}>{device}</a>
        <small title={exactly(until)}>
          for another {span(until - now.value)}
          {addresses.length > 0 && ` · from ${addresses.join(' and ')}`}
        </small>
      </span>
      <Release device={device} />
    </li>
  )
}
