import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call, type Session } from '../state/api.ts'
import { route } from '../state/route.ts'
import { fieldsOf, useAction } from './action.ts'
import { Dialog } from './dialog.tsx'
import { Problem } from './problem.tsx'

/** Who one is; opens what people do with their own login. */
export function AccountButton({ session }: { session: Session }) {
  const isOpen = useSignal(false)
  const here = route.value
  useEffect(() => {
    isOpen.value = false // who goes elsewhere has done with it
  }, [here])
  return (
    <>
      <button type="button" class="quiet account-button" aria-haspopup="dialog" onClick={() => (isOpen.value = true)}>
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
          <path d="M10 10a4 4 0 1 1 0-8 4 4 0 0 1 0 8zM3 18c0-4 3-6 7-6s7 2 7 6" />
        </svg>
        <span class="unseen">Your account: </span>
        <span class="who">
          {session.name} <small>{session.role}</small>
        </span>
      </button>
      {isOpen.value && (
        <Dialog title={`You are ${session.name}`} close={() => (isOpen.value = false)}>
          <p class="hint">Your role is {session.role}. Another admin can change it under Access.</p>
          <PasswordForm name={session.name} />
          <OtherPages />
        </Dialog>
      )}
    </>
  )
}

function PasswordForm({ name }: { name: string }) {
  const said = useSignal('')
  const { busy, problem, run } = useAction()
  const change = (event: SubmitEvent) => {
    const form = event.currentTarget as HTMLFormElement
    const { current, next, again } = fieldsOf(event)
    said.value = ''
    run(async () => {
      if (next !== again) throw new Error('The two new passwords differ.')
      await call('PUT', '/session/password', { current_password: current, new_password: next })
      form.reset()
      said.value = 'Your password is changed. Your other pages are logged out.'
    })
  }
  return (
    <form onSubmit={change} class="account-form">
      <h3>Change your password</h3>
      <input type="hidden" name="username" autocomplete="username" value={name} />
      <label>
        Present password
        <input type="password" name="current" autocomplete="current-password" required />
      </label>
      <label>
        New password
        <input type="password" name="next" autocomplete="new-password" minLength={12} required />
      </label>
      <label>
        The same again
        <input type="password" name="again" autocomplete="new-password" required />
      </label>
      <Problem of={problem} />
      <Said text={said.value} />
      <div class="buttons">
        <button type="submit" class="primary" disabled={busy.value}>
          Change password
        </button>
      </div>
    </form>
  )
}

function OtherPages() {
  const said = useSignal('')
  const { busy, problem, run } = useAction()
  const logOutOthers = () =>
    run(async () => {
      const { ended } = await call<{ ended: number }>('DELETE', '/session/others')
      said.value = ended === 0 ? 'You are logged in nowhere else.' : `Logged out elsewhere: ${ended}.`
    })
  return (
    <section class="account-form">
      <h3>Other browsers and computers</h3>
      <Problem of={problem} />
      <Said text={said.value} />
      <div class="buttons">
        <button type="button" disabled={busy.value} onClick={logOutOthers}>
          Log out everywhere else
        </button>
      </div>
    </section>
  )
}

/** That it is done, read out when it appears. */
function Said({ text }: { text: string }) {
  return (
    <p class="outcome-said" role="status">
      {text}
    </p>
  )
}
