import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { count, exactly, now, reasonText, span, timeOf } from '../format.ts'
import { type Connection, call, pathOf } from '../state/api.ts'
import { deviceById } from '../state/fleet.ts'

const SHOWN_MAX = 12
/** A connection is in the history a moment after it began or ended. */
const SETTLE_MS = 2_500

/** When the device was here lately, for how long, and why it left. */
export function ConnectionPanel({ id }: { id: string }) {
  const list = useSignal<readonly Connection[]>([])
  const device = deviceById(id)
  useEffect(() => {
    const load = () => {
      call<{ items: Connection[] }>('GET', `${pathOf(id)}/connections?limit=${SHOWN_MAX}`).then(
        ({ items }) => {
          list.value = items
        },
        () => {}, // asked again with the next change of presence
      )
    }
    load()
    const timer = setTimeout(load, SETTLE_MS)
    return () => clearTimeout(timer)
  }, [id, device?.state, device?.session])
  if (list.value.length === 0) return null
  return (
    <section class="card connections">
      <h2>Connections</h2>
      <ol>
        {list.value.map((connection) => (
          <Row key={connection.id} connection={connection} />
        ))}
      </ol>
    </section>
  )
}

function Row({ connection }: { connection: Connection }) {
  const { connected_at, ended_at, reason, address, messages, session } = connection
  return (
    <li data-open={ended_at === undefined}>
      <time title={exactly(connected_at)}>{timeOf(connected_at)}</time>
      <span class="lasted">{span((ended_at ?? now.value) - connected_at)}</span>
      <span class="why">{ended_at === undefined ? 'open' : reasonText(reason ?? '')}</span>
      <small>
        {ended_at !== undefined && `${count(messages)} messages · `}session {session}
        {address !== undefined && ` · ${address}`}
      </small>
    </li>
  )
}
