import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call, pathOf, type Shadow } from '../state/api.ts'
import { may } from '../state/session.ts'
import { fieldsOf, useAction } from './action.ts'
import { useLooks } from './look-again.ts'
import { Problem } from './problem.tsx'

/** What the device should run with, and what it says it runs with. */
export function SettingsPanel({ id }: { id: string }) {
  const shadow = useSignal<Shadow | undefined>(undefined)
  const { problem, run } = useAction()
  const look = async () => {
    const asked = shadow.value
    const read = await call<Shadow>('GET', `${pathOf(id)}/shadow`)
    if (shadow.value === asked) shadow.value = read // else it was changed here meanwhile
  }
  const load = () => run(look)
  const { value } = shadow
  const isTaken = value !== undefined && value.reported_version >= value.desired_version
  useEffect(load, [id])
  useLooks(value !== undefined && !isTaken, look)
  return (
    <details class="card settings" onToggle={(event) => event.currentTarget.open && load()}>
      <summary>
        <h2>Settings</h2>
        {value !== undefined && value.desired_version > 0 && (
          <span class="chip" data-state={isTaken ? 'succeeded' : 'sent'}>
            {isTaken ? 'taken' : 'not taken yet'}
          </span>
        )}
      </summary>
      <Problem of={problem} />
      {value !== undefined && <Both shadow={value} />}
      {may('operator') && (
        <SettingForm
          change={async (patch) => {
            shadow.value = await call<Shadow>('PATCH', `${pathOf(id)}/shadow`, { desired: patch })
          }}
        />
      )}
    </details>
  )
}

function Both({ shadow }: { shadow: Shadow }) {
  return (
    <>
      <h3>Desired</h3>
      <pre>{JSON.stringify(shadow.desired, null, 1)}</pre>
      <h3>Reported</h3>
      <pre>{JSON.stringify(shadow.reported, null, 1)}</pre>
    </>
  )
}

function SettingForm({ change }: { change: (patch: object) => Promise<void> }) {
  const { busy, problem, run } = useAction()
  const submit = (event: SubmitEvent) => {
    const form = event.currentTarget as HTMLFormElement
    const { key = '', value = '' } = fieldsOf(event)
    run(async () => {
      await change({ [key.trim()]: settingOf(value) })
      form.reset()
    })
  }
  return (
    <form class="setting-form" onSubmit={submit}>
      <label>
        Key
        <input name="key" required placeholder="interval_s" spellcheck={false} autocapitalize="none" />
      </label>
      <label>
        Value
        <input name="value" placeholder="30" spellcheck={false} autocapitalize="none" />
      </label>
      <button type="submit" disabled={busy.value}>
        Set
      </button>
      <p class="hint">An empty value removes the key.</p>
      <Problem of={problem} />
    </form>
  )
}

/** JSON where it is JSON, else the text itself; nothing is null, which removes the key. */
function settingOf(text: string): unknown {
  if (text.trim() === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
