import { signal } from '@preact/signals'
import { call } from './api.ts'
import { isInUse, whenUserChanges } from './session.ts'

export interface AuditEntry {
  /** Rises. */
  readonly id: number
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly target?: string
  readonly device?: string
  readonly outcome: string
  readonly address?: string
  readonly detail?: Readonly<Record<string, unknown>>
}
interface AuditPage {
  readonly items: readonly AuditEntry[]
  readonly next: number | null
}

/** Empty fields let everything pass. */
export interface AuditFilters {
  readonly actor: string
  readonly action: string
  readonly device: string
  readonly outcome: string
  /** How far back, in ms. */
  readonly pastMs: number
}
export const NO_FILTERS: AuditFilters = { actor: '', action: '', device: '', outcome: '', pastMs: 0 }

const PAGE = 50
/** While a person is in front of the page, it looks for new entries this often: one row is asked for. */
const LOOK_EVERY_MS = 20_000

/** Kept while one looks at a device and comes back. */
export const filters = signal<AuditFilters>(NO_FILTERS)
/** Newest first; undefined until the gateway has answered. */
export const entries = signal<readonly AuditEntry[] | undefined>(undefined)
/** Where older entries begin; undefined when there are none. */
export const olderFrom = signal<number | undefined>(undefined)
/** There is something newer than what is shown. */
export const hasNewer = signal(false)

/** Which answer counts: filters may change while one is on its way. */
let generation = 0

whenUserChanges(() => {
  generation += 1
  filters.value = NO_FILTERS
  entries.value = undefined
  olderFrom.value = undefined
  hasNewer.value = false
})

function query(limit: number, before?: number): string {
  const { pastMs, ...others } = filters.value
  const given = Object.entries(others).filter(([, value]) => value !== '')
  const asked = new URLSearchParams([['limit', String(limit)], ...given])
  if (before !== undefined) asked.set('before', String(before))
  if (pastMs > 0) asked.set('since', String(Date.now() - pastMs))
  return `/audit?${asked}`
}

/** Reads the newest entries. */
export async function loadAudit(): Promise<void> {
  const mine = ++generation
  const page = await call<AuditPage>('GET', query(PAGE))
  if (mine !== generation) return
  entries.value = page.items
  olderFrom.value = page.next ?? undefined
  hasNewer.value = false
}

export function filterAudit(wanted: AuditFilters): Promise<void> {
  filters.value = wanted
  return loadAudit()
}

export async function loadOlder(): Promise<void> {
  const mine = generation
  if (olderFrom.value === undefined) return
  const page = await call<AuditPage>('GET', query(PAGE, olderFrom.value))
  if (mine !== generation) return
  const known = new Set(entries.value?.map(({ id }) => id)) // asked twice at once
  entries.value = [...(entries.value ?? []), ...page.items.filter(({ id }) => !known.has(id))]
  olderFrom.value = page.next ?? undefined
}

/** Adds what is newer than what is shown; when that is more than a page, the older ones go. */
export async function loadNewer(): Promise<void> {
  const newest = entries.value?.[0]?.id
  if (newest === undefined) return loadAudit()
  const mine = generation
  const page = await call<AuditPage>('GET', query(PAGE))
  if (mine !== generation) return
  const fresh = page.items.filter(({ id }) => id > newest)
  if (fresh.length === page.items.length) return loadAudit()
  entries.value = [...fresh, ...(entries.value ?? [])]
  hasNewer.value = false
}

async function look(): Promise<void> {
  if (entries.value === undefined || hasNewer.value) return
  const mine = generation
  const [newest] = (await call<AuditPage>('GET', query(1))).items
  if (mine !== generation) return
  hasNewer.value = newest !== undefined && newest.id > (entries.value[0]?.id ?? 0)
}

/** Looks for new entries while somebody is there, until the returned function is called. */
export function watchAudit(): () => void {
  const lookIfUsed = () => {
    if (document.visibilityState === 'visible' && isInUse()) look().catch(() => {}) // the next look may do
  }
  const timer = setInterval(lookIfUsed, LOOK_EVERY_MS)
  document.addEventListener('visibilitychange', lookIfUsed)
  return () => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', lookIfUsed)
  }
}
