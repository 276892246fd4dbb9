import { exactly } from '../format.ts'
import type { AuditEntry } from '../state/audit.ts'
import { toDevice } from '../state/route.ts'
import { detailWords } from './audit-detail.ts'
import { actionWords, outcomeWords } from './audit-words.ts'

const dayName = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** Entries newest first, under the day on which they were made. */
export function AuditList({ entries }: { entries: readonly AuditEntry[] }) {
  const days = Map.groupBy(entries, ({ at }) => dayName.format(at))
  return (
    <div class="audit-days">
      {[...days].map(([day, ofDay]) => (
        <section key={day} class="card">
          <h2>{day}</h2>
          <ol>
            {ofDay.map((entry) => (
              <Entry key={entry.id} entry={entry} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  )
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { at, action, outcome, address } = entry
  const isRefused = outcome !== 'ok'
  const facts = detailWords(entry)
  return (
    <li class="audit-entry" data-refused={isRefused}>
      <time title={exactly(at)}>{clock.format(at)}</time>
      <Actor actor={entry.actor} />
      <p class="audit-what">
        <b title={action}>{actionWords(action)}</b> <Target entry={entry} />
        {facts !== '' && <small>{facts}</small>}
      </p>
      <p class="audit-how">
        {isRefused && (
          <span class="chip" data-state="rejected" title={outcome}>
            {outcomeWords(outcome)}
          </span>
        )}
        {address !== undefined && <small>{address}</small>}
      </p>
    </li>
  )
}

/** `user:anna` as the name, with its kind beside it where it is no person. */
function Actor({ actor }: { actor: string }) {
  const [kind = '', ...rest] = actor.split(':')
  const name = rest.join(':')
  if (name === '') return <span class="audit-who">{kind}</span>
  return (
    <span class="audit-who" title={actor}>
      {kind === 'device' ? <a href={toDevice(name)}>{name}</a> : name}
      {kind !== 'user' && <i class="tag">{kind}</i>}
    </span>
  )
}

/** The device, else what else it was done to. */
function Target({ entry: { device, target } }: { entry: AuditEntry }) {
  if (device !== undefined) return <a href={toDevice(device)}>{device}</a>
  const name = /^(?:users|api-keys)\/([^/]+)/.exec(target ?? '')?.[1]
  return name === undefined ? null : <span class="audit-target">{decoded(name)}</span>
}

/** What was tried may be no name at all. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
