import { seededRandom } from '../../../simulator/seeded-random.ts'

/** What may happen, and for how long. Times are ms from the start of the schedule. */
export type Fault = { readonly atMs: number; readonly device: number } & (
  | { readonly kind: 'cut' | 'half_open' | 'reboot' | 'revoke' | 'rotate' | 'rotate_at_once' }
  | { readonly kind: 'stall' | 'unreachable' | 'power_off' | 'disable' | 'clone'; readonly forMs: number }
  | { readonly kind: 'latency'; readonly forMs: number; readonly latencyMs: number }
  | { readonly kind: 'sleep'; readonly sleepS: number; readonly wakesAfterMs: number }
  | { readonly kind: 'gateway_killed'; readonly forMs: number; readonly silently: boolean }
  | { readonly kind: 'gateway_restarted' | 'bus_away' | 'disk_fails'; readonly forMs: number }
  | { readonly kind: 'records'; readonly count: number }
  | { readonly kind: 'disk_slow'; readonly forMs: number; readonly delayMs: number }
  | { readonly kind: 'clock_step'; readonly forMs: number; readonly stepMs: number }
  | {
      readonly kind: 'command'
      readonly ttlS: number
      readonly timeoutS: number
      readonly takesMs: number
      readonly count: number
    }
)

export interface Schedule {
  readonly seed: number
  readonly devices: number
  /** By time. */
  readonly faults: readonly Fault[]
}

const DEVICES = 2
/** The devices connect first. */
const FIRST_MS = 4_000
const LAST_MS = 45_000
const FAULTS_MAX = 10
/** In so many schedules everything happens within a few seconds: in the middle of handshakes and takeovers. */
const CROWDED_SHARE = 0.3
const CROWDED_MS = 4_000

/** How often each is drawn. */
const WEIGHTS: Readonly<Record<Fault['kind'], number>> = {
  cut: 10,
  half_open: 10,
  stall: 8,
  unreachable: 4,
  latency: 5,
  reboot: 5,
  power_off: 4,
  sleep: 8,
  clone: 5,
  revoke: 2,
  disable: 3,
  rotate: 5,
  rotate_at_once: 3,
  gateway_killed: 9,
  gateway_restarted: 6,
  bus_away: 8,
  disk_slow: 5,
  disk_fails: 5,
  records: 5,
  clock_step: 4,
  command: 20,
}

/** The same seed draws the same schedule. */
export function drawSchedule(seed: number): Schedule {
  const random = seededRandom(seed)
  const count = 2 + Math.floor(random() * (FAULTS_MAX - 1))
  const fromMs = FIRST_MS + random() * (LAST_MS - FIRST_MS - CROWDED_MS)
  const moments = random() < CROWDED_SHARE ? ([fromMs, fromMs + CROWDED_MS] as const) : ([FIRST_MS, LAST_MS] as const)
  const faults = Array.from({ length: count }, () => drawFault(random, moments))
  faults.sort((a, b) => a.atMs - b.atMs)
  return { seed, devices: DEVICES, faults }
}

function drawFault(random: () => number, moments: readonly [fromMs: number, toMs: number]): Fault {
  const between = (from: number, to: number) => Math.round(from + random() * (to - from))
  const pick = <T>(...all: T[]) => all[Math.floor(random() * all.length)] as T
  const when = { atMs: between(...moments), device: Math.floor(random() * DEVICES) }
  const kind = drawKind(random)
  const forMs = between(100, 20_000)
  switch (kind) {
    case 'latency':
      return { ...when, kind, forMs, latencyMs: between(100, 4_000) }
    case 'sleep':
      return { ...when, kind, sleepS: between(1, 40), wakesAfterMs: between(500, 90_000) }
    case 'gateway_killed':
      return { ...when, kind, forMs, silently: random() < 0.3 }
    case 'disk_slow':
      return { ...when, kind, forMs, delayMs: between(5, 2_500) }
    case 'clock_step':
      return { ...when, kind, forMs, stepMs: pick(-1, 1) * pick(60_000, 3_600_000, 86_400_000) }
    case 'records':
      return { ...when, kind, count: between(10, 150) }
    case 'command':
      return {
        ...when,
        kind,
        count: pick(1, 1, 1, 12),
        ttlS: between(1, 25),
        timeoutS: between(1, 15),
        takesMs: pick(0, 50, 2_000, 20_000),
      }
    default:
      return { ...when, kind, forMs } as Fault
  }
}

function drawKind(random: () => number): Fault['kind'] {
  const all = Object.entries(WEIGHTS) as [Fault['kind'], number][]
  let left = random() * all.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [kind, weight] of all) {
    left -= weight
    if (left < 0) return kind
  }
  return 'command'
}

/** When nothing disturbs any more. A sleeper that wakes, or does not, is no disturbance. */
export function lastFaultEndsMs({ faults }: Schedule): number {
  return Math.max(0, ...faults.map((fault) => fault.atMs + ('forMs' in fault ? fault.forMs : 0)))
}
