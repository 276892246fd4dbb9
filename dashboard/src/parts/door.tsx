import type { ComponentChildren } from 'preact'

/** The frame of the pages before the login. */
export function Door(props: { title: string; problem?: string | undefined; children: ComponentChildren }) {
  return (
    <main class="door">
      <svg class="door-line" viewBox="0 0 480 120" aria-hidden="true">
        <path d="M-10 96C120 96 150 60 240 60S360 24 490 24" fill="none" />
        <circle cx="240" cy="60" r="30" fill="none" />
      </svg>
      <p class="door-brand">Fairlead</p>
      <section class="card">
        <h1>{props.title}</h1>
        {props.problem && (
          <p class="problem" role="alert">
            {props.problem}
          </p>
        )}
        {props.children}
      </section>
    </main>
  )
}
