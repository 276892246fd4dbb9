import { signal } from '@preact/signals'

export type Route =
  | { readonly page: 'fleet' }
  | { readonly page: 'device'; readonly id: string }
  | { readonly page: 'commands'; readonly part?: string }
  | { readonly page: 'events'; readonly device?: string }
  | { readonly page: 'system' | 'audit' | 'access' }
  | { readonly page: 'welcome'; readonly token: string }
  | { readonly page: 'unknown' }

export type PageName = Route['page']

/** Where the page is. It stands behind `#`, so that every address is one file for the gateway. */
export const route = signal<Route>(read())

addEventListener('hashchange', () => {
  route.value = read()
})

function read(): Route {
  const [page = '', raw = ''] = location.hash.replace(/^#\/?/, '').split('/')
  const part = decoded(raw)
  if (part === undefined) return { page: 'unknown' }
  if (page === '') return { page: 'fleet' }
  if (page === 'devices' && part !== '') return { page: 'device', id: part }
  if (page === 'commands') return { page, part: part === '' ? undefined : part }
  if (page === 'events') return { page, device: part === '' ? undefined : part }
  if (page === 'system' || page === 'audit' || page === 'access') return { page }
  if (page === 'welcome') {
    history.replaceState(null, '', location.pathname) // a secret must not stay in the history
    return { page, token: part }
  }
  return { page: 'unknown' }
}

/** Undefined for what somebody typed or cut off: `100%` is no part of an address. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

export const toBatch = (id: string): string => `#/commands/${encodeURIComponent(id)}`
export const toDevice = (id: string): string => `#/devices/${encodeURIComponent(id)}`

export const toEvents = (device: string): string => `#/events${device === '' ? '' : `/${encodeURIComponent(device)}`}`

export function go(hash: string): void {
  location.hash = hash
  route.value = read()
}
