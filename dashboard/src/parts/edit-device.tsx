import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { DeviceDetail, DeviceLabels } from '../state/api.ts'
import type { DeviceDetails } from '../state/device-details.ts'
import { changedFields, type Fields, merge } from '../state/edit.ts'
import { useAction } from './action.ts'
import { Dialog } from './dialog.tsx'
import { Problem } from './problem.tsx'
import { tagsOf } from './tags.ts'

const NOTES_MAX_CHARACTERS = 2_000
const LABEL_MAX_CHARACTERS = 64

/** A form for what people say of a device. */
export function EditDevice({ details }: { details: DeviceDetails }) {
  const isOpen = useSignal(false)
  const close = () => {
    isOpen.value = false
  }
  return (
    <>
      <button type="button" onClick={() => (isOpen.value = true)}>
        Edit
      </button>
      {isOpen.value && (
        <Dialog title="Model, tags and notes" close={close}>
          <EditForm details={details} close={close} />
        </Dialog>
      )}
    </>
  )
}

const fieldsOf = ({ model = '', tags, notes = '' }: DeviceDetail): Fields => ({ model, tags: tags.join(', '), notes })

function patchOf(fields: Fields, names: readonly string[]): Partial<DeviceLabels> {
  const { model, tags = '', notes } = fields
  const all: Record<string, unknown> = { model, tags: tagsOf(tags), notes }
  return Object.fromEntries(names.map((name) => [name, all[name]]))
}

/** What is edited: as it was read, as it stands in the form, and what others wrote since. */
function useEdit(details: DeviceDetails, close: () => void) {
  const etag = useSignal('')
  const base = useSignal<Fields | undefined>(undefined)
  const form = useSignal<Fields>({})
  const conflicts = useSignal<Fields>({})
  const wasMerged = useSignal(false)
  const action = useAction()
  const read = async () => {
    etag.value = await details.load()
    const { value } = details.now
    return value === undefined ? {} : fieldsOf(value)
  }
  const save = async () => {
    const before = base.value ?? {}
    const names = changedFields(before, form.value)
    if (names.length === 0 || (await details.change(patchOf(form.value, names), etag.value))) return close()
    const theirs = await read()
    const merged = merge(before, form.value, theirs)
    base.value = theirs
    form.value = merged.mine
    conflicts.value = merged.conflicts
    wasMerged.value = true
  }
  useEffect(
    () =>
      action.run(async () => {
        const first = await read()
        base.value = first
        form.value = first
      }),
    [],
  )
  return { base, form, conflicts, wasMerged, save: () => action.run(save), ...action }
}

function EditForm({ details, close }: { details: DeviceDetails; close: () => void }) {
  const { base, form, conflicts, wasMerged, save, busy, problem } = useEdit(details, close)
  const isOver = Object.keys(conflicts.value).length > 0
  const field = (name: string) => ({ name, form, conflicts })
  if (base.value === undefined) return problem.value === '' ? <p class="hint">Loading…</p> : <Problem of={problem} />
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    save()
  }
  return (
    <form class="edit-device" onSubmit={submit}>
      {wasMerged.value && (
        <p class="warning" role="alert">
          Somebody else changed this device meanwhile, and nothing is saved yet.{' '}
          {isOver
            ? 'Where both of you wrote something, theirs stands below yours.'
            : 'What they wrote is in the form now, beside what you wrote.'}
        </p>
      )}
      <Field {...field('model')} title="Model" required={base.value.model !== ''}>
        A device that names its model itself overwrites this when it connects.
      </Field>
      <Field {...field('tags')} title="Tags">
        Separated by commas.
      </Field>
      <Field {...field('notes')} title="Notes" isLong>
        Where it hangs, who has the key. Everybody who may look at the fleet sees them.
      </Field>
      <Problem of={problem} />
      <button type="submit" class="primary" disabled={busy.value}>
        {busy.value ? 'Saving…' : isOver ? 'Save mine over theirs' : 'Save'}
      </button>
    </form>
  )
}

interface FieldProps {
  readonly name: string
  readonly title: string
  readonly form: Signal<Fields>
  readonly conflicts: Signal<Fields>
  readonly isLong?: boolean
  readonly required?: boolean
  readonly children: string
}

function Field({ name, title, form, conflicts, isLong, required, children }: FieldProps) {
  const theirs = conflicts.value[name]
  const write = (text: string) => {
    form.value = { ...form.value, [name]: text }
  }
  const take = () => {
    write(theirs ?? '')
    const { [name]: _, ...others } = conflicts.value
    conflicts.value = others
  }
  const shared = { id: `edit-${name}`, name, required, value: form.value[name], spellcheck: isLong === true }
  return (
    <div>
      <label for={`edit-${name}`}>
        {title}
        {isLong ? (
          <textarea
            {...shared}
            rows={4}
            maxLength={NOTES_MAX_CHARACTERS}
            onInput={(event) => write(event.currentTarget.value)}
          />
        ) : (
          <input
            {...shared}
            maxLength={name === 'model' ? LABEL_MAX_CHARACTERS : undefined}
            onInput={(event) => write(event.currentTarget.value)}
          />
        )}
        <small>{children}</small>
      </label>
      {theirs !== undefined && <Theirs text={theirs} take={take} />}
    </div>
  )
}

function Theirs({ text, take }: { text: string; take: () => void }) {
  return (
    <p class="theirs">
      <span>
        Theirs: <b>{text === '' ? 'nothing' : text}</b>
      </span>
      <button type="button" class="quiet" onClick={take}>
        Take theirs
      </button>
    </p>
  )
}
