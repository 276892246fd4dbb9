import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { fieldsOf, useAction } from '../parts/action.ts'
import { Door } from '../parts/door.tsx'
import { ApiError, call } from '../state/api.ts'
import { go } from '../state/route.ts'
import { logInByLink } from '../state/session.ts'

type Link = { readonly state: 'checking' } | { readonly state: 'bad'; readonly why: string } | Good
interface Good {
  readonly state: 'good'
  /** Whose password it sets; null: a new admin chooses. */
  readonly name: string | null
}

/** Where a login link leads: a name and a password of one's own. */
export function WelcomePage({ token }: { token: string }) {
  const link = useSignal<Link>({ state: 'checking' })
  useEffect(() => {
    call<{ name: string | null }>('POST', '/session/link/check', { token }).then(
      ({ name }) => {
        link.value = { state: 'good', name }
      },
      (error: unknown) => {
        link.value = { state: 'bad', why: error instanceof ApiError ? error.message : String(error) }
      },
    )
  }, [token])
  const { value } = link
  if (value.state === 'checking') return <Door title="One moment">Checking the link…</Door>
  if (value.state === 'good') return <Welcome token={token} name={value.name} />
  return (
    <Door title="This link does not work" problem={value.why}>
      <p>
        A login link works once, for 24 hours. For a new one run <code>npm run fairlead -- login-link</code> on the
        gateway's machine, or ask an admin.
      </p>
      <a href="#/">To the login</a>
    </Door>
  )
}

function Welcome({ token, name }: { token: string; name: string | null }) {
  const { busy, problem, run } = useAction()
  const submit = (event: SubmitEvent) => {
    const fields = fieldsOf(event)
    run(async () => {
      if (fields.password !== fields.again) throw new Error('The two passwords differ.')
      await logInByLink(token, name ?? (fields.name ?? '').trim(), fields.password ?? '')
      go('#/')
    })
  }
  return (
    <Door title={name === null ? 'Become the admin' : `Welcome, ${name}`} problem={problem.value}>
      <form onSubmit={submit}>
        {name === null ? (
          <label>
            Your name
            <input name="name" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
          </label>
        ) : (
          <input name="name" autocomplete="username" value={name} hidden readOnly />
        )}
        <label>
          New password
          <input name="password" type="password" autocomplete="new-password" minLength={12} required />
        </label>
        <label>
          The same again
          <input name="again" type="password" autocomplete="new-password" minLength={12} required />
        </label>
        <p class="hint">At least 12 characters. A few words in a row are easy to keep and hard to guess.</p>
        <button type="submit" class="primary" disabled={busy.value}>
          {busy.value ? 'Saving…' : 'Set password and log in'}
        </button>
      </form>
    </Door>
  )
}
