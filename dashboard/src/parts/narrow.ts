import { signal } from '@preact/signals'

/** As in the styles: a phone held upright. */
const query = matchMedia('(max-width: 700px)')

/** Whether the page is as narrow as a phone, for what styles alone cannot say. */
export const isNarrow = signal(query.matches)
query.addEventListener('change', () => {
  isNarrow.value = query.matches
})
