import type { ComponentChildren } from 'preact'

/** Nothing to show: why, and what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <svg viewBox="0 0 64 40" width="64" height="40" aria-hidden="true">
        <circle cx="32" cy="20" r="11" fill="none" stroke="currentColor" stroke-width="4" />
        <path d="M2 32c18 0 18-12 30-12s12-12 30-12" fill="none" stroke="currentColor" stroke-width="2.5" />
      </svg>
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  )
}
