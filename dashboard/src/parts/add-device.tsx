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
  /** Kept here and not in the window: its token is shown this once, also when the window was closed before it came. */
  const made = useSignal<Made | undefined>(undefined)
  const onMade = (device: Made) => {
    isOpen.value = false
    made.value = device
  }
  return (
    <>
      <button type="button" class="primary" onClick={() => (isOpen.value = true)}>
        Add device
      </button>
      {isOpen.value && (
        <Dialog title="Add a device" close={() => (isOpen.value = false)}>
          <AddForm onMade={onMade} />
        </Dialog>
      )}
      {made.value && <AddedDialog device={made.value} close={() => (made.value = undefined)} />}
    </>
  )
}

interface Made {
  readonly id: string
  readonly token: string
}

function AddedDialog({ device, close }: { device: Made; close: () => void }) {
  return (
    <Dialog title={`${device.id} is added`} close={close}>
      <Provisioning token={device.token} />
      <p>
        <a href={toDevice(device.id)}>Open its page</a>
      </p>
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
