import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { fieldsOf, messageOf, useAction } from '../parts/action.ts'
import { Door } from '../parts/door.tsx'
import { ApiError, call } from '../state/api.ts'
import { go } from '../state/route.ts'
import { logInByLink } from '../state/session.ts'

type Link = { readonly state: 'checking' } | { readonly state: 'bad' | 'unknown'; readonly why: string } | Good
interface Good {
  readonly state: 'good'
  /** Whose password it sets; null: a new admin chooses. */
  readonly name: string | null
}

/** Where a login link leads: a name and a password of one's own. */
export function WelcomePage({ token }: { token: string }) {
  const link = useSignal<Link>({ state: 'checking' })
  const check = () => {
    link.value = { state: 'checking' }
    call<{ name: string | null }>('POST', '/session/link/check', { token }).then(
      ({ name }) => {
        link.value = { state: 'good', name }
      },
      (error: unknown) => {
        link.value = { state: isAboutLink(error) ? 'bad' : 'unknown', why: messageOf(error) }
      },
    )
  }
  useEffect(check, [token])
  const { value } = link
  if (value.state === 'checking') return <Door title="One moment">Checking the link…</Door>
  if (value.state === 'good') return <Welcome token={token} name={value.name} />
  if (value.state === 'unknown')
    return (
      <Door title="The link could not be checked" problem={value.why}>
        <p>It is not used up. Stay on this page: the address does not hold the link any more.</p>
        <button type="button" class="primary" onClick={check}>
          Try again
        </button>
      </Door>
    )
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

/** Whether the gateway looked at the link at all: one that is away, or asks for patience, did not. */
const isAboutLink = (error: unknown): boolean =>
  error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429

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
