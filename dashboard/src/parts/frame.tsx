import type { ComponentChildren } from 'preact'
import { now } from '../format.ts'
import { figures, line } from '../state/live.ts'
import { route } from '../state/route.ts'
import { logOut, who } from '../state/session.ts'
import { AccountButton } from './account.tsx'
import { type Action, useAction } from './action.ts'
import { Navigation } from './navigation.tsx'
import { ThemeButton } from './theme.tsx'

/** What stands around every page: where one can go, whether the line is alive, who one is. */
export function Frame({ children }: { children: ComponentChildren }) {
  const leaving = useAction()
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <header class="bar">
        <a class="brand" href="#/" aria-label="Fairlead, to the fleet">
          <Mark />
          <span>Fairlead</span>
        </a>
        <Navigation />
        <LinePill />
        <ThemeButton />
        <Person leaving={leaving} />
      </header>
      <StillIn problem={leaving.problem.value} />
      <BusWarning />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  )
}

function skip(): void {
  document.getElementById('main')?.focus()
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <circle cx="16" cy="16" r="8" fill="none" stroke="var(--accent)" stroke-width="4.5" />
      <path
        d="M1 24c8 0 9-8 15-8s7-8 15-8"
        fill="none"
        stroke="var(--signal)"
        stroke-width="3"
        stroke-linecap="round"
      />
    </svg>
  )
}

/** Whether what one sees is live. */
function LinePill() {
  const { value } = line
  if (value.state === 'live') {
    return (
      <span class="pill" data-line="live" role="status">
        <i class="beat" />
        Live
      </span>
    )
  }
  const waitS = value.state === 'lost' ? Math.max(0, Math.ceil((value.nextTryMs - Date.now()) / 1000)) : 0
  now.value // counts down
  return (
    <span class="pill" data-line={value.state} role="status">
      <i class="beat" />
      {value.state === 'lost' ? 'Reconnecting' : 'Connecting'}
      <span aria-hidden="true">{waitS > 0 ? ` in ${waitS} s` : '…'}</span>
    </span>
  )
}

function BusWarning() {
  const last = figures.value.at(-1)?.fleet
  const isTold = route.value.page === 'system'
  if (last === undefined || last.bus_ready || line.value.state !== 'live' || isTold) return null
  return (
    <p class="warning" role="alert">
      The bus is away. Devices stay connected and keep what they measure until it is back; {last.bus_waiting} messages
      wait. <a href="#/system">System</a> says why.
    </p>
  )
}

function Person({ leaving: { busy, run } }: { leaving: Action }) {
  const { value } = who
  if (value.state !== 'in') return null
  return (
    <span class="person">
      <AccountButton session={value.session} />
      <button type="button" class="quiet" disabled={busy.value} onClick={() => run(logOut)}>
        Log out
      </button>
    </span>
  )
}

function StillIn({ problem }: { problem: string }) {
  if (problem === '') return null
  return (
    <p class="warning" role="alert">
      You are still logged in. {problem} Log out once more.
    </p>
  )
}
