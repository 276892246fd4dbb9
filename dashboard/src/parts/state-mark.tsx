import type { JSX } from 'preact'
import type { PresenceState } from '../state/api.ts'

const SHAPES: Readonly<Record<PresenceState, JSX.Element>> = {
  online: <circle cx="7" cy="7" r="5" fill="currentColor" />,
  offline: <circle cx="7" cy="7" r="4" fill="none" stroke="currentColor" stroke-width="2" />,
  sleeping: <path d="M8.5 1.6a5.6 5.6 0 1 0 4 8.2A4.8 4.8 0 0 1 8.5 1.6z" fill="currentColor" />,
}

/** The state of a device by shape and colour, so that either is enough. */
export function StateMark({ state, label = true }: { state: PresenceState; label?: boolean }) {
  return (
    <span class="state" data-state={state}>
      <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
        {SHAPES[state]}
      </svg>
      {label ? state : <span class="unseen">{state}</span>}
    </span>
  )
}
