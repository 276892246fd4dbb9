import { effect, signal, untracked } from '@preact/signals'
import { ApiError, call, type Role, type Session, whenLoggedOut } from './api.ts'

export type Who =
  | { readonly state: 'asking' }
  | { readonly state: 'out'; readonly why?: string }
  | { readonly state: 'in'; readonly session: Session }

/** Who looks at this page. */
export const who = signal<Who>({ state: 'asking' })

const ORDER: readonly Role[] = ['viewer', 'operator', 'admin']

/** Whether the person may do what needs this role. The gateway checks again; this only hides what would be refused. */
export function may(needed: Role): boolean {
  const { value } = who
  return value.state === 'in' && ORDER.indexOf(value.session.role) >= ORDER.indexOf(needed)
}

whenLoggedOut(() => {
  if (who.value.state === 'in') who.value = { state: 'out', why: 'Your login has ended. Log in again to go on.' }
})

/** Called when somebody else than before has logged in: what one person searched for is not for the next. */
export function whenUserChanges(forget: () => void): void {
  let last = ''
  effect(() => {
    const { value } = who
    if (value.state !== 'in') return
    const name = `${value.session.kind}:${value.session.name}`
    if (last !== '' && last !== name) untracked(forget)
    last = name
  })
}

/** Asks the gateway who this is. True when somebody is logged in; rejects when it cannot be reached. */
export async function askWho(): Promise<boolean> {
  try {
    const session = await call<Session>('GET', '/session')
    if (who.value.state === 'out') return false // logged out while it was asked
    who.value = { state: 'in', session }
    return true
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error
    if (who.value.state === 'asking') who.value = { state: 'out' }
    return false
  }
}

export async function logIn(name: string, password: string): Promise<void> {
  who.value = { state: 'in', session: await call<Session>('POST', '/session', { name, password }) }
}

export async function logInByLink(token: string, name: string, password: string): Promise<void> {
  who.value = { state: 'in', session: await call<Session>('POST', '/session/link', { token, name, password }) }
}

export async function logOut(): Promise<void> {
  await call('DELETE', '/session')
  who.value = { state: 'out' }
}

export function followRole(role: Role): void {
  const { value } = who
  if (value.state === 'in') who.value = { state: 'in', session: { ...value.session, role } }
}

/** The gateway ends a login that nobody uses. A person who watches and clicks here uses it; what the page asks by itself must not. */
const USE_EVERY_MS = 5 * 60_000
const IN_USE_MS = 60_000
let usedAtMs = Date.now()
let toldAtMs = Date.now()
for (const event of ['pointerdown', 'keydown', 'wheel']) addEventListener(event, noteUse, { passive: true })

/** Whether a person did something here lately: only then the page may ask on its own. */
export const isInUse = (): boolean => Date.now() - usedAtMs < IN_USE_MS

function noteUse(): void {
  usedAtMs = Date.now()
  if (who.value.state !== 'in' || usedAtMs - toldAtMs < USE_EVERY_MS) return
  toldAtMs = usedAtMs
  call('GET', '/session').catch(() => {}) // the live socket notices what is wrong
}
