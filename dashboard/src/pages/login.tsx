import { fieldsOf, useAction } from '../parts/action.ts'
import { Door } from '../parts/door.tsx'
import { logIn, who } from '../state/session.ts'

export function LoginPage() {
  const { busy, problem, run } = useAction()
  const why = who.value.state === 'out' ? who.value.why : undefined
  const submit = (event: SubmitEvent) => {
    const { name = '', password = '' } = fieldsOf(event)
    run(() => logIn(name.trim(), password))
  }
  return (
    <Door title="Log in" problem={problem.value || why}>
      <form onSubmit={submit}>
        <label>
          Name
          <input name="name" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <button type="submit" class="primary" disabled={busy.value}>
          {busy.value ? 'Checking…' : 'Log in'}
        </button>
      </form>
      <p class="hint">
        No login yet, or the password is lost? On the gateway's machine run <code>npm run fairlead -- login-link</code>{' '}
        and open the link that it prints.
      </p>
    </Door>
  )
}
