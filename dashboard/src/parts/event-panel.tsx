import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { exactly, timeOf } from '../format.ts'
import { subscribe } from '../state/live.ts'
import { toEvents } from '../state/route.ts'

interface Event {
  readonly id: number
  readonly name: string
  readonly ts: number
  readonly data: unknown
}
const SHOWN_MAX = 20

/** What the device reported beside its telemetry, newest first. */
export function EventPanel({ id }: { id: string }) {
  const events = useSignal<readonly Event[]>([])
  useEffect(() => {
    const add = (items: readonly unknown[]) => {
      events.value = [...(items as Event[]).toReversed(), ...events.value].slice(0, SHOWN_MAX)
    }
    const snapshot = (items: readonly unknown[], isFirst: boolean) => {
      if (isFirst) events.value = []
      add(items)
    }
    return subscribe(`events:${id}`, { snapshot, changes: add })
  }, [id])
  if (events.value.length === 0) return null
  return (
    <section class="card events">
      <h2>
        Events <a href={toEvents(id)}>all, with log lines</a>
      </h2>
      <ol>
        {events.value.map((event) => (
          <li key={event.id}>
            <time title={exactly(event.ts)}>{timeOf(event.ts)}</time> <b>{event.name}</b>{' '}
            {event.data !== null && <code>{JSON.stringify(event.data)}</code>}
          </li>
        ))}
      </ol>
    </section>
  )
}
