import { useSignal } from '@preact/signals'
import { call } from '../state/api.ts'
import { toDevice } from '../state/route.ts'
import { fieldsOf, useAction } from './action.ts'
import { Dialog } from './dialog.tsx'
import { Problem } from './problem.tsx'
import { Provisioning } from './provisioning.tsx'
import { tagsOf } from './tags.ts'

export function AddDevice() {
  const isOpen = useSignal(false)
  return (
    <>
      <button type="button" class="primary" onClick={() => (isOpen.value = true)}>
        Add device
      </button>
      {isOpen.value && <AddDialog close={() => (isOpen.value = false)} />}
    </>
  )
}

interface Made {
  readonly id: string
  readonly token: string
}

function AddDialog({ close }: { close: () => void }) {
  const made = useSignal<Made | undefined>(undefined)
  if (made.value !== undefined) {
    return (
      <Dialog title={`${made.value.id} is added`} close={close}>
        <Provisioning token={made.value.token} />
        <p>
          <a href={toDevice(made.value.id)}>Open its page</a>
        </p>
      </Dialog>
    )
  }
  return (
    <Dialog title="Add a device" close={close}>
      <AddForm
        onMade={(device) => {
          made.value = device
        }}
      />
    </Dialog>
  )
}

function AddForm({ onMade }: { onMade: (device: Made) => void }) {
  const { busy, problem, run } = useAction()
  const submit = (event: SubmitEvent) => {
    const { id, model, tags = '' } = fieldsOf(event)
    const body = { id: id || undefined, model: model || undefined, tags: tagsOf(tags) }
    run(async () => onMade(await call<Made>('POST', '/devices', body)))
  }
  return (
    <form onSubmit={submit}>
      <label>
        Id
        <input
          name="id"
          placeholder="greenhouse-1"
          pattern="[A-Za-z0-9][A-Za-z0-9._\-]*"
          maxLength={64}
          spellcheck={false}
        />
        <small>Letters, digits, dot, hyphen, underscore. Empty: the gateway makes one.</small>
      </label>
      <label>
        Model
        <input name="model" placeholder="esp32-s3" maxLength={64} spellcheck={false} />
      </label>
      <label>
        Tags
        <input name="tags" placeholder="north, roof" spellcheck={false} />
        <small>Separated by commas.</small>
      </label>
      <Problem of={problem} />
      <button type="submit" class="primary" disabled={busy.value}>
        {busy.value ? 'Adding…' : 'Add device'}
      </button>
    </form>
  )
}
