import { effect, signal } from '@preact/signals'

type Theme = 'system' | 'light' | 'dark'
const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' }
const KEY = 'fairlead-theme'

function stored(): Theme {
  const text = localStorage.getItem(KEY)
  return text === 'light' || text === 'dark' ? text : 'system'
}

const theme = signal<Theme>(stored())
const systemIsDark = matchMedia('(prefers-color-scheme: dark)')
/** Rises when colours change: what is drawn on a canvas must be drawn anew. */
export const paint = signal(0)

effect(() => {
  document.documentElement.dataset.theme = theme.value
  paint.value = paint.peek() + 1
})
systemIsDark.addEventListener('change', () => {
  paint.value += 1
})

export function ThemeButton() {
  const { value } = theme
  const step = () => {
    theme.value = NEXT[value]
    localStorage.setItem(KEY, theme.value)
  }
  return (
    <button
      type="button"
      class="quiet icon"
      onClick={step}
      title={`Colours: ${value}`}
      aria-label={`Colours: ${value}`}
    >
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
        <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.6" />
        {value === 'system' && <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />}
        {value === 'dark' && <circle cx="10" cy="10" r="7" fill="currentColor" />}
      </svg>
    </button>
  )
}
