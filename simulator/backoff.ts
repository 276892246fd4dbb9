import { comeBackAfter } from '../protocol/close-codes.ts'

/** How an attempt or a session came to its end, as far as a device can see it. */
export type Ending =
  /** An HTTP answer instead of the 101. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfterMs?: number }
  /** No TCP, no TLS, or no answer in time. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'bye'; readonly code: number; readonly reconnect: boolean; readonly retryAfterMs: number }
  /** A close frame without a `bye` before it. */
  | { readonly kind: 'closed'; readonly code: number }
  /** The link was lost without a word. `wasStable`: it had been ready for `stableMs`. */
  | { readonly kind: 'dropped'; readonly wasStable: boolean }

/** What earlier attempts left behind. A session that was ready for `stableMs` starts again from FRESH. */
export interface Attempts {
  readonly failures: number
  readonly busy: number
  readonly otherTokenTried: boolean
}
export const FRESH: Attempts = { failures: 0, busy: 0, otherTokenTried: false }

export interface ComeBackPlan {
  readonly delayMs: number
  readonly attempts: Attempts
  readonly useOtherToken: boolean
}

type Range = readonly [fromMs: number, toMs: number]

export interface BackoffTable {
  /** Full jitter: uniform 0 … min(capMs, baseMs · 2^failures). */
  readonly baseMs: number
  readonly capMs: number
  /** A session that was ready this long clears the counters. */
  readonly stableMs: number
  /** 502, 503, 504: doubled for each one in a row until its upper end meets `capMs`. */
  readonly busyMs: Range
  readonly tooManyMs: Range
  /** Both tokens refused, or a code that a person must settle: never give up, never erase credentials. */
  readonly personMs: Range
  /** 400, 403, 404, 426: the same request will be refused again until somebody changes something. */
  readonly wrongMs: Range
  /** A stable session that was lost: at once for one device, spread for a site whose access point restarted. */
  readonly droppedMs: Range
  /** A code of 4000 … 4499 that came without a hint. */
  readonly hintDefaultMs: number
  readonly hintMaxMs: number
}

/** The same waits as in the firmware [X-6] [H-13]. */
export const BACKOFF: BackoffTable = {
  baseMs: 1_000,
  capMs: 300_000,
  stableMs: 60_000,
  busyMs: [5_000, 30_000],
  tooManyMs: [300_000, 600_000],
  personMs: [300_000, 900_000],
  wrongMs: [600_000, 1_800_000],
  droppedMs: [500, 10_000],
  hintDefaultMs: 60_000,
  hintMaxMs: 24 * 3_600_000,
}

type StatusRow = 'busy' | 'tooMany' | 'credentials' | 'wrong'
const STATUS_ROWS: ReadonlyMap<number, StatusRow> = new Map([
  [400, 'wrong'],
  [401, 'credentials'],
  [403, 'wrong'],
  [404, 'wrong'],
  [426, 'wrong'],
  [429, 'tooMany'],
  [502, 'busy'],
  [503, 'busy'],
  [504, 'busy'],
])

interface Draw {
  readonly attempts: Attempts
  readonly random: () => number
  readonly table: BackoffTable
}

/**
 * When to come back after `ending`, and with which token. Pure but for `random` (uniform in [0, 1)).
 * `hasOtherToken`: the second slot holds one.
 */
export function planComeBack(
  ending: Ending,
  attempts: Attempts,
  hasOtherToken: boolean,
  random: () => number,
  table: BackoffTable = BACKOFF,
): ComeBackPlan {
  const draw = { attempts, random, table }
  const busy = ending.kind === 'refused' && STATUS_ROWS.get(ending.status) === 'busy'
  const refusedToken = ending.kind === 'refused' && ending.status === 401
  const useOtherToken = refusedToken && hasOtherToken && !attempts.otherTokenTried
  const delayMs = useOtherToken ? random() * table.baseMs : delayAfter(ending, draw)
  const next = { failures: attempts.failures + 1, busy: busy ? attempts.busy + 1 : 0, otherTokenTried: useOtherToken }
  return { delayMs, attempts: next, useOtherToken }
}

function delayAfter(ending: Ending, draw: Draw): number {
  const { table } = draw
  switch (ending.kind) {
    case 'refused':
      return afterRefusal(ending.status, ending.retryAfterMs, draw)
    case 'unreachable':
      return fullJitter(draw)
    case 'bye':
      return afterBye(ending.code, ending.reconnect, ending.retryAfterMs, draw)
    case 'closed':
      return afterBye(ending.code, true, 0, draw)
    case 'dropped':
      return ending.wasStable ? uniform(table.droppedMs, draw) : fullJitter(draw)
  }
}

function afterRefusal(status: number, retryAfterMs: number | undefined, draw: Draw): number {
  const { table, attempts } = draw
  const row = STATUS_ROWS.get(status) ?? (status < 500 ? 'wrong' : undefined)
  if (retryAfterMs !== undefined && (row === 'busy' || row === 'tooMany')) return hinted(retryAfterMs, draw)
  if (row === 'tooMany') return uniform(table.tooManyMs, draw)
  if (row === 'credentials') return uniform(table.personMs, draw)
  if (row === 'wrong') return uniform(table.wrongMs, draw)
  if (row !== 'busy') return fullJitter(draw)
  const [fromMs, toMs] = table.busyMs
  const scale = Math.max(1, Math.min(2 ** attempts.busy, table.capMs / toMs)) // keeps the spread when the cap is met
  return uniform([fromMs * scale, toMs * scale], draw)
}

function afterBye(code: number, reconnect: boolean, hintMs: number, draw: Draw): number {
  const advice = comeBackAfter(code)
  if (advice === 'person' || !reconnect) return uniform(draw.table.personMs, draw)
  if (advice === 'hint') return hinted(hintMs === 0 ? draw.table.hintDefaultMs : hintMs, draw)
  return Math.min(hintMs, draw.table.hintMaxMs) + fullJitter(draw)
}

/** Never before the hint, and spread over half as much again. */
function hinted(hintMs: number, draw: Draw): number {
  const capped = Math.min(hintMs, draw.table.hintMaxMs)
  return uniform([capped, capped * 1.5], draw)
}

function fullJitter({ attempts, random, table }: Draw): number {
  return random() * Math.min(table.capMs, table.baseMs * 2 ** attempts.failures)
}

function uniform([fromMs, toMs]: Range, { random }: Draw): number {
  return fromMs + random() * (toMs - fromMs)
}

/** More is a mistake or a trap: a fleet must not be sent away for a day by one header. */
const RETRY_AFTER_MAX_S = 3_600

/** `Retry-After` in ms, or undefined for what is not a positive number of seconds. */
export function readRetryAfter(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,12}$/.test(header)) return undefined
  const seconds = Math.min(Number(header), RETRY_AFTER_MAX_S)
  return seconds === 0 ? undefined : seconds * 1_000
}
