import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ago, exactly } from '../format.ts'
import { call, type LoginLink, type Role, type User } from '../state/api.ts'
import { who } from '../state/session.ts'
import { fieldsOf, useAction } from './action.ts'
import { Confirm } from './confirm.tsx'
import { Dialog } from './dialog.tsx'
import { Problem } from './problem.tsx'
import { CopyButton } from './provisioning.tsx'
import { RoleSelect } from './role-select.tsx'

export function UsersCard() {
  const users = useSignal<readonly User[]>([])
  const link = useSignal<LoginLink | undefined>(undefined)
  const { busy, problem, run } = useAction()
  const load = async () => {
    users.value = (await call<{ items: User[] }>('GET', '/users')).items
  }
  useEffect(() => run(load), [])
  const doing = (work: () => Promise<unknown>) => run(() => work().then(load))
  const add = (event: SubmitEvent) => {
    const form = event.currentTarget as HTMLFormElement
    const { name = '', role } = fieldsOf(event)
    doing(async () => {
      link.value = (await call<{ link: LoginLink }>('POST', '/users', { name: name.trim(), role })).link
      form.reset()
    })
  }
  const reset = async (name: string) => {
    link.value = await call<LoginLink>('POST', `/users/${name}/login-link`)
  }
  const actsOn = (name: string) => ({
    patch: (change: object) => doing(() => call('PATCH', `/users/${name}`, change)),
    reset: () => doing(() => reset(name)),
    remove: () => doing(() => call('DELETE', `/users/${name}`)),
  })
  return (
    <section class="card">
      <h2>People</h2>
      <ul class="list">
        {users.value.map((user) => (
          <UserRow key={user.name} user={user} {...actsOn(user.name)} />
        ))}
      </ul>
      <UserForm add={add} isBusy={busy.value} />
      <Problem of={problem} />
      {link.value && <LinkDialog link={link.value} close={() => (link.value = undefined)} />}
    </section>
  )
}

function UserForm({ add, isBusy }: { add: (event: SubmitEvent) => void; isBusy: boolean }) {
  return (
    <form class="add" onSubmit={add}>
      <input name="name" aria-label="Name of the new person" placeholder="name" required spellcheck={false} />
      <RoleSelect name="role" label="Role of the new person" />
      <button type="submit" disabled={isBusy}>
        Add person
      </button>
    </form>
  )
}

function LinkDialog({ link, close }: { link: LoginLink; close: () => void }) {
  const address = `${location.origin}/#/welcome/${link.token}`
  return (
    <Dialog title={`A login link for ${link.name}`} close={close}>
      <p>
        Give it to {link.name} over a way you trust. It works once, for 24 hours, and sets a password that only they
        know. It is shown <b>this once</b>.
      </p>
      <pre class="wrap">{address}</pre>
      <div class="buttons">
        <CopyButton text={address} what="link" />
      </div>
    </Dialog>
  )
}

interface RowProps {
  readonly user: User
  readonly patch: (change: { role?: Role; enabled?: boolean }) => void
  readonly reset: () => void
  readonly remove: () => void
}

function standing({ enabled, last_login_at, has_password }: User): string {
  if (!enabled) return 'disabled'
  if (last_login_at !== undefined) return `logged in ${ago(last_login_at)}`
  return has_password ? '' : 'has not used the link yet'
}

function UserRow({ user, patch, reset, remove }: RowProps) {
  const { name, role, enabled, last_login_at } = user
  const isMe = who.value.state === 'in' && who.value.session.kind === 'user' && who.value.session.name === name
  return (
    <li data-over={!enabled}>
      <span class="name">
        <span>
          <b>{name}</b> {isMe && <i class="tag">you</i>}
        </span>
        <small title={last_login_at === undefined ? undefined : exactly(last_login_at)}>{standing(user)}</small>
      </span>
      {isMe ? (
        <span>{role}</span>
      ) : (
        <RoleSelect value={role} label={`Role of ${name}`} onChange={(next) => patch({ role: next })} />
      )}
      <button type="button" class="quiet" onClick={reset}>
        New password
      </button>
      {!isMe && (
        <button type="button" class="quiet" onClick={() => patch({ enabled: !enabled })}>
          {enabled ? 'Disable' : 'Enable'}
        </button>
      )}
      {!isMe && (
        <Confirm
          verb="Remove"
          question={`${name} is logged out everywhere and cannot come back. What they did stays in the audit. Remove them?`}
          onYes={remove}
        />
      )}
    </li>
  )
}
