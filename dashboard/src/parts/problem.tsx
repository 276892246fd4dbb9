import type { Signal } from '@preact/signals'

/** What went wrong, read out when it appears; nothing when nothing did. */
export function Problem({ of }: { of: Signal<string> }) {
  if (of.value === '') return null
  return (
    <p class="problem" role="alert">
      {of.value}
    </p>
  )
}
