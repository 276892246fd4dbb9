import { useRef } from 'preact/hooks'
import { entries, filters } from '../state/audit.ts'
import { ACTIONS } from './audit-words.ts'
import { useTypedField } from './typed-field.ts'

const PASTS = [
  { name: 'any time', ms: 0 },
  { name: 'the last hour', ms: 3_600_000 },
  { name: 'the last day', ms: 86_400_000 },
  { name: 'the last 7 days', ms: 7 * 86_400_000 },
  { name: 'the last 30 days', ms: 30 * 86_400_000 },
]

/** What of the log is shown. It is asked for when a field is left, or on Enter. */
export function AuditFilterForm(props: { apply: (fields: Readonly<Record<string, string>>) => void }) {
  const form = useRef<HTMLFormElement>(null)
  const { actor, action, device, outcome, pastMs } = filters.value
  const deviceField = useTypedField(device)
  const apply = () => {
    if (form.current === null) return
    const fields = [...new FormData(form.current)].map(([name, value]) => [name, String(value).trim()])
    props.apply(Object.fromEntries(fields))
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    apply()
  }
  return (
    <search>
      <form class="audit-filters" ref={form} onChange={apply} onSubmit={submit}>
        <ActorField value={actor} />
        <ActionField value={action} />
        <label>
          Device
          <input name="device" ref={deviceField} placeholder="id" spellcheck={false} autocapitalize="off" />
        </label>
        <label>
          Outcome
          <select name="outcome" value={outcome}>
            <option value="">all</option>
            <option value="ok">done</option>
            <option value="refused">refused</option>
          </select>
        </label>
        <PastField value={pastMs} />
      </form>
    </search>
  )
}

function ActorField({ value }: { value: string }) {
  const field = useTypedField(value)
  const seen = new Set(entries.value?.map(({ actor }) => actor))
  return (
    <label>
      Who
      <input name="actor" ref={field} list="audit-actors" placeholder="user:anna, key:ci" spellcheck={false} />
      <datalist id="audit-actors">
        {[...seen].map((actor) => (
          <option key={actor} value={actor} />
        ))}
      </datalist>
    </label>
  )
}

function ActionField({ value }: { value: string }) {
  return (
    <label>
      What
      <select name="action" value={value}>
        <option value="">everything</option>
        {Object.entries(ACTIONS).map(([group, actions]) => (
          <optgroup key={group} label={group}>
            {Object.entries(actions).map(([action, words]) => (
              <option key={action} value={action}>
                {words}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  )
}

function PastField({ value }: { value: number }) {
  return (
    <label>
      When
      <select name="pastMs" value={String(value)}>
        {PASTS.map(({ name, ms }) => (
          <option key={ms} value={String(ms)}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
