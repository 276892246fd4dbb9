import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { exactly, now, span } from '../format.ts'
import { alarms } from '../state/alarms.ts'
import { call, pathOf } from '../state/api.ts'
import { toDevice } from '../state/route.ts'
import { may } from '../state/session.ts'
import { useAction } from './action.ts'
import { Problem } from './problem.tsx'

interface Quarantine {
  readonly device: string
  readonly since: number
  readonly until: number
  readonly addresses: readonly string[]
}

/** Devices that are kept apart since two use one token. Read again whenever an alarm says that one came or went. */
export function QuarantineList() {
  const list = useSignal<readonly Quarantine[]>([])
  const action = useAction()
  const load = async () => {
    list.value = (await call<{ items: Quarantine[] }>('GET', '/quarantines?limit=200')).items
  }
  const known = alarms.value.filter(({ kind }) => kind === 'device_quarantined')
  useEffect(() => {
    load().catch(() => {}) // shown as it was; the pill says that the line is gone
  }, [known.map(({ id }) => id).join(' ')])
  const release = (device: string) =>
    action.run(async () => {
      await call('DELETE', `${pathOf(device)}/quarantine`)
      await load()
    })
  return (
    <section class="card quarantines" aria-label="Quarantined devices">
      <h2>Quarantined devices</h2>
      {list.value.length === 0 && (
        <p class="hint">None. Two devices that use one token would be kept apart and shown here.</p>
      )}
      <ul class="list">
        {list.value.map((one) => (
          <Row key={one.device} one={one} release={release} busy={action.busy.value} />
        ))}
      </ul>
      <Problem of={action.problem} />
    </section>
  )
}

function Row({ one, release, busy }: { one: Quarantine; release: (device: string) => void; busy: boolean }) {
  const { device, until, addresses } = one
  return (
    <li>
      <span class="name">
        <a href={toDevice(device)}>{device}</a>
        <small title={exactly(until)}>
          for another {span(until - now.value)}
          {addresses.length > 0 && ` · from ${addresses.join(' and ')}`}
        </small>
      </span>
      {may('operator') && (
        <button type="button" disabled={busy} onClick={() => release(device)} aria-label={`Release ${device}`}>
          Release
        </button>
      )}
    </li>
  )
}
