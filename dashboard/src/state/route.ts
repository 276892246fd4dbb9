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
  const [page = '', part = ''] = location.hash.replace(/^#\/?/, '').split('/')
  if (page === '') return { page: 'fleet' }
  if (page === 'devices' && part !== '') return { page: 'device', id: decodeURIComponent(part) }
  if (page === 'commands') return { page, part: part === '' ? undefined : decodeURIComponent(part) }
  if (page === 'events') return { page, device: part === '' ? undefined : decodeURIComponent(part) }
  if (page === 'system' || page === 'audit' || page === 'access') return { page }
  if (page === 'welcome') {
    history.replaceState(null, '', location.pathname) // a secret must not stay in the history
    return { page, token: part }
  }
  return { page: 'unknown' }
}

export const toBatch = (id: string): string => `#/commands/${encodeURIComponent(id)}`
export const toDevice = (id: string): string => `#/devices/${encodeURIComponent(id)}`

export const toEvents = (device: string): string => `#/events${device === '' ? '' : `/${encodeURIComponent(device)}`}`

export function go(hash: string): void {
  location.hash = hash
  route.value = read()
}
