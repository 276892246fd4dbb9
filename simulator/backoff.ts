import { comeBackAfter } from '../protocol/close-codes.ts'

/**
 * How an attempt or a session came to its end, as far as a device can see it. `wasStable`: it had been ready for
 * `stableMs`, so the back-off starts anew.
 */
export type Ending =
  /** An HTTP answer instead of the 101. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfterMs?: number }
  /** No TCP, no TLS, or no answer in time. */
  | { readonly kind: 'unreachable' }
  | {
      readonly kind: 'bye'
      readonly code: number
      readonly reconnect: boolean
      readonly retryAfterMs: number
      readonly wasStable: boolean
    }
  /** A close frame without a `bye` before it. */
  | { readonly kind: 'closed'; readonly code: number; readonly wasStable: boolean }
  /** The link was lost without a word. */
  | { readonly kind: 'dropped'; readonly wasStable: boolean }

/** What earlier attempts left behind. */
export interface Attempts {
  /** Doublings of the back-off's cap. */
  readonly failures: number
  /** 502, 503, 504 in a row. */
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
/** More counts the same: every range has met its cap long before. */
const COUNT_MAX = 255
/** More is a mistake or a trap: a fleet must not be sent away for a day by one header. */
const RETRY_AFTER_MAX_MS = 3_600_000

export interface BackoffTable {
  /** Full jitter: uniform 0 … min(capMs, baseMs · 2^failures). */
  readonly baseMs: number
  readonly capMs: number
  /** A session that was ready this long clears the counters. */
  readonly stableMs: number
  /** 408, 502, 503, 504: doubled for each one in a row until its upper end meets `capMs`. */
  readonly busyMs: Range
  readonly tooManyMs: Range
  /** Both tokens refused, or a code that a person must settle: never give up, never erase credentials. */
  readonly personMs: Range
  /** 400, 403, 404, 426: the same request will be refused again until somebody changes something. */
  readonly wrongMs: Range
  /** A stable session that was lost: at once for one device, spread for a site whose access point restarted. */
  readonly droppedMs: Range
  /** The first connection after a start, and after one that lost its power: then the whole site may have. */
  readonly startMs: Range
  readonly powerOnMs: Range
  /**
   * Where the back-off goes on when the next attempt fails as well, as `failures`: a range that a whole fleet drew
   * from at one moment must be followed by a wider one, or its waves add up.
   */
  readonly goOnAfterDrop: number
  readonly goOnAfterBye: number
  readonly goOnAfterPowerOn: number
  /** A code of 4000 … 4499 that came without a hint. */
  readonly hintDefaultMs: number
  readonly hintMinMs: number
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
  startMs: [0, 5_000],
  powerOnMs: [0, 30_000],
  goOnAfterDrop: 4,
  goOnAfterBye: 3,
  goOnAfterPowerOn: 5,
  hintDefaultMs: 60_000,
  hintMinMs: 1_000,
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
  [408, 'busy'],
  [502, 'busy'],
  [503, 'busy'],
  [504, 'busy'],
])

interface Draw {
  readonly attempts: Attempts
  readonly random: () => number
  readonly table: BackoffTable
}

/** What sort of wait an ending asks for. */
type Row = StatusRow | 'backoff' | 'dropped' | 'hint' | 'person' | 'otherToken'

/**
 * When to come back after `ending`, and with which token. Pure but for `random` (uniform in [0, 1)).
 * `hasOtherToken`: the second slot holds one.
 */
export function planComeBack(
  ending: Ending,
  before: Attempts,
  hasOtherToken: boolean,
  random: () => number,
  table: BackoffTable = BACKOFF,
): ComeBackPlan {
  const attempts = wasStable(ending) ? FRESH : before
  const refused = rowOf(ending)
  const useOtherToken = refused === 'credentials' && hasOtherToken && !attempts.otherTokenTried // [H-13]
  const row = useOtherToken ? 'otherToken' : refused
  const delayMs = delayOf(row, ending, { attempts, random, table })
  return { delayMs, attempts: attemptsAfter(row, ending, attempts, table), useOtherToken }
}

/** The first connection after a start. `lostPower`: not a restart by itself, and not a wake. */
export function planStart(lostPower: boolean, random: () => number, table: BackoffTable = BACKOFF): ComeBackPlan {
  const delayMs = uniform(lostPower ? table.powerOnMs : table.startMs, random)
  const attempts = { ...FRESH, failures: lostPower ? table.goOnAfterPowerOn : 0 }
  return { delayMs, attempts, useOtherToken: false }
}

function wasStable(ending: Ending): boolean {
  return 'wasStable' in ending && ending.wasStable
}

function rowOf(ending: Ending): Row {
  switch (ending.kind) {
    case 'refused':
      return STATUS_ROWS.get(ending.status) ?? (ending.status < 500 ? 'wrong' : 'backoff')
    case 'unreachable':
      return 'backoff'
    case 'bye':
      return ending.reconnect ? comeBackAfter(ending.code) : 'person'
    case 'closed': {
      const advice = comeBackAfter(ending.code)
      return advice === 'backoff' && ending.wasStable ? 'dropped' : advice
    }
    case 'dropped':
      return ending.wasStable ? 'dropped' : 'backoff'
  }
}

function delayOf(row: Row, ending: Ending, draw: Draw): number {
  const { table, random } = draw
  const toldMs = 'retryAfterMs' in ending ? (ending.retryAfterMs ?? 0) : 0
  switch (row) {
    case 'backoff':
      return ending.kind === 'bye' ? Math.min(toldMs, table.hintMaxMs) + fullJitter(draw) : fullJitter(draw)
    case 'dropped':
      return uniform(table.droppedMs, random)
    case 'hint':
      return hinted(toldMs, draw)
    case 'person':
    case 'credentials':
      return uniform(table.personMs, random)
    case 'wrong':
      return uniform(table.wrongMs, random)
    case 'tooMany':
      return toldMs > 0 ? hinted(Math.min(toldMs, RETRY_AFTER_MAX_MS), draw) : uniform(table.tooManyMs, random)
    case 'busy':
      return toldMs > 0 ? hinted(Math.min(toldMs, RETRY_AFTER_MAX_MS), draw) : busy(draw)
    case 'otherToken':
      return uniform([0, table.baseMs], random)
  }
}

function attemptsAfter(row: Row, ending: Ending, { failures, busy }: Attempts, table: BackoffTable): Attempts {
  const afterBye = ending.kind === 'bye' || row === 'hint'
  const goOn = row === 'dropped' ? table.goOnAfterDrop : afterBye ? table.goOnAfterBye : 0
  return {
    failures: Math.max(goOn, Math.min(COUNT_MAX, failures + 1)),
    busy: row === 'busy' ? Math.min(COUNT_MAX, busy + 1) : 0,
    otherTokenTried: row === 'otherToken',
  }
}

/** The range doubles with each refusal in a row until its upper end meets the cap [H-13]. */
function busy({ attempts, random, table }: Draw): number {
  const [fromMs, toMs] = table.busyMs
  const scale = Math.max(1, Math.min(2 ** attempts.busy, table.capMs / toMs)) // keeps the spread when the cap is met
  return uniform([fromMs * scale, toMs * scale], random)
}

/** Never before the hint, and spread over half as much again. */
function hinted(hintMs: number, { random, table }: Draw): number {
  const fromMs = hintMs === 0 ? table.hintDefaultMs : Math.min(Math.max(hintMs, table.hintMinMs), table.hintMaxMs)
  return uniform([fromMs, fromMs + Math.floor(fromMs / 2)], random)
}

function fullJitter({ attempts, random, table }: Draw): number {
  return uniform([0, Math.min(table.capMs, table.baseMs * 2 ** attempts.failures)], random)
}

/** Whole ms, evenly drawn, both ends included. */
function uniform([fromMs, toMs]: Range, random: () => number): number {
  return fromMs + Math.min(toMs - fromMs, Math.floor(random() * (toMs - fromMs + 1)))
}

/** `Retry-After` in ms, or undefined for what is not a positive number of seconds. */
export function readRetryAfter(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,12}$/.test(header)) return undefined
  const delayMs = Math.min(Number(header) * 1_000, RETRY_AFTER_MAX_MS)
  return delayMs === 0 ? undefined : delayMs
}
