import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ago, exactly } from '../format.ts'
import { type ApiKey, call } from '../state/api.ts'
import { fieldsOf, useAction } from './action.ts'
import { Confirm } from './confirm.tsx'
import { Dialog } from './dialog.tsx'
import { Problem } from './problem.tsx'
import { CopyButton } from './provisioning.tsx'
import { RoleSelect } from './role-select.tsx'
import { ScopePicker, scopesOf } from './scope-picker.tsx'

const DAY_S = 86_400
const LIVES = [
  { name: 'no end', s: 0 },
  { name: '30 days', s: 30 * DAY_S },
  { name: '1 year', s: 365 * DAY_S },
]

export function KeysCard() {
  const keys = useSignal<readonly ApiKey[]>([])
  const made = useSignal<string | undefined>(undefined)
  const { busy, problem, run } = useAction()
  const load = async () => {
    keys.value = (await call<{ items: ApiKey[] }>('GET', '/api-keys')).items
  }
  useEffect(() => run(load), [])
  const add = (event: SubmitEvent) => {
    const form = event.currentTarget as HTMLFormElement
    const { name = '', role, life, ...others } = fieldsOf(event)
    run(async () => {
      const body = { name: name.trim(), role, scopes: scopesOf(others), expires_in_s: Number(life) || undefined }
      made.value = (await call<{ key: string }>('POST', '/api-keys', body)).key
      form.reset()
      await load()
    })
  }
  const revoke = (name: string) => () => run(() => call('DELETE', `/api-keys/${name}`).then(load))
  return (
    <section class="card">
      <h2>API keys</h2>
      <p class="hint">What programs call the gateway with. Give each its own, with no more than it needs.</p>
      <ul class="list">
        {keys.value.map((key) => (
          <KeyRow key={key.name} apiKey={key} revoke={revoke(key.name)} />
        ))}
      </ul>
      <KeyForm add={add} isBusy={busy.value} />
      <Problem of={problem} />
      {made.value && <KeyDialog text={made.value} close={() => (made.value = undefined)} />}
    </section>
  )
}

function KeyForm({ add, isBusy }: { add: (event: SubmitEvent) => void; isBusy: boolean }) {
  const isSome = useSignal(false)
  return (
    <form class="add" onSubmit={add} onReset={() => (isSome.value = false)}>
      <input name="name" aria-label="Name of the new key" placeholder="what for" required spellcheck={false} />
      <RoleSelect name="role" label="Role of the new key" />
      <select name="life" aria-label="Life of the new key">
        {LIVES.map(({ name, s }) => (
          <option key={s} value={s}>
            {name}
          </option>
        ))}
      </select>
      <button type="submit" disabled={isBusy}>
        Make key
      </button>
      <ScopePicker isSome={isSome} />
    </form>
  )
}

function KeyRow({ apiKey, revoke }: { apiKey: ApiKey; revoke: () => void }) {
  const { name, role, scopes, expires_at, last_used_at } = apiKey
  return (
    <li>
      <span class="name">
        <b>{name}</b>
        <small title={last_used_at === undefined ? undefined : exactly(last_used_at)}>
          {last_used_at ? `used ${ago(last_used_at)}` : 'never used'}
          {expires_at !== null && ` · ends ${exactly(expires_at)}`}
        </small>
        {scopes && <Scopes of={scopes} />}
      </span>
      <span>{role}</span>
      <Confirm
        verb="Revoke"
        question={`Whatever uses the key ${name} is refused from now on. Revoke it?`}
        onYes={revoke}
      />
    </li>
  )
}

function Scopes({ of }: { of: readonly string[] }) {
  return (
    <span class="scope-list">
      {of.map((scope) => (
        <i class="tag" key={scope}>
          {scope}
        </i>
      ))}
    </span>
  )
}

function KeyDialog({ text, close }: { text: string; close: () => void }) {
  return (
    <Dialog title="A new API key" close={close}>
      <p>
        It is shown <b>this once</b>; only its hash is kept.
      </p>
      <pre class="wrap">{text}</pre>
      <div class="buttons">
        <CopyButton text={text} what="key" />
      </div>
    </Dialog>
  )
}
