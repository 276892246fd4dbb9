import { useSignal } from '@preact/signals'
import { count, exactly, lasting, now, reasonText, timeOf } from '../format.ts'
import type { Connection } from '../state/api.ts'
import type { DeviceConnections } from '../state/connections.ts'
import { useAction } from './action.ts'
import { Problem } from './problem.tsx'

const STEP = 10

/** When the device was here lately, for how long, and why it left. */
export function ConnectionPanel({ connections }: { connections: DeviceConnections }) {
  const shownMax = useSignal(STEP)
  const { busy, problem, run } = useAction()
  const { value: list } = connections.list
  const isAll = list.length <= shownMax.value && !connections.hasMore.value
  const more = () =>
    run(async () => {
      if (list.length <= shownMax.value) await connections.more()
      shownMax.value += STEP
    })
  if (list.length === 0) return null
  return (
    <section class="card connections">
      <h2>Connections</h2>
      <ol>
        {list.slice(0, shownMax.value).map((connection) => (
          <Row key={connection.id} connection={connection} />
        ))}
      </ol>
      <Problem of={problem} />
      {!isAll && (
        <button type="button" class="quiet more" disabled={busy.value} onClick={more}>
          Load more
        </button>
      )}
    </section>
  )
}

function Row({ connection }: { connection: Connection }) {
  const { connected_at, ended_at, reason, address, messages, session } = connection
  return (
    <li data-open={ended_at === undefined}>
      <time title={exactly(connected_at)}>{timeOf(connected_at)}</time>
      <span class="lasted">{lasting((ended_at ?? now.value) - connected_at)}</span>
      <span class="why">{ended_at === undefined ? 'open' : reasonText(reason ?? '')}</span>
      <small>
        {ended_at !== undefined && `${count(messages)} messages · `}
        {session > 0 ? `session ${session}` : 'not let in'}
        {address !== undefined && ` · ${address}`}
      </small>
    </li>
  )
}
