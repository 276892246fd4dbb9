import { computed, signal } from '@preact/signals'
import { download } from './download.ts'
import { who } from './session.ts'

/** Tokens of devices that were just added: shown once, so the page keeps them until somebody has saved them. */

export interface NewToken {
  readonly id: string
  readonly token: string
}

interface Kept {
  /** Who added the devices: nobody else who logs in here sees the tokens. */
  readonly owner: string
  readonly list: readonly NewToken[]
  readonly isSaved: boolean
}

const kept = signal<Kept>({ owner: '', list: [], isSaved: true })
const me = () => (who.value.state === 'in' ? who.value.session.name : '')

/** The tokens that wait for the person who looks. */
export const newTokens = computed<Kept>(() =>
  kept.value.owner === me() ? kept.value : { owner: '', list: [], isSaved: true },
)

export function keepTokens(list: readonly NewToken[]): void {
  if (list.length === 0) return
  kept.value = { owner: me(), list: [...newTokens.value.list, ...list], isSaved: false }
}

export function forgetTokens(): void {
  kept.value = { owner: '', list: [], isSaved: true }
}

/** Writes them to a file of the browser's downloads. Ids and tokens hold nothing that CSV would quote. */
export function saveTokens(): void {
  const rows = newTokens.value.list.map(({ id, token }) => `${id},${token}\n`)
  download('tokens.csv', 'text/csv', ['id,token\n', ...rows].join(''))
  kept.value = { ...kept.value, isSaved: true }
}

addEventListener('beforeunload', (event) => {
  if (!kept.value.isSaved) event.preventDefault()
})
