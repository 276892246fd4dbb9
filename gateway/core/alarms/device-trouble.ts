import type { DeviceCountListener } from '../device-counters.ts'
import type { DeviceRow } from '../records.ts'
import { ALARM_LIMITS } from './limits.ts'
import { SlidingCount } from './sliding-count.ts'

/** Ends that somebody wished, or that were the gateway's own doing: they say nothing about the device. */
const PLANNED_ENDS: ReadonlySet<string> = new Set([
  ...['bye', 'going_away', 'restart', 'overload', 'bus_unavailable', 'internal_error'],
  ...['token_revoked', 'token_expired', 'device_disabled', 'device_deleted'],
])
/** Drops that lose something. What else is dropped comes again, was replaced by something newer, or waits for the bus. */
const LOSING_DROPS: ReadonlySet<string> = new Set(['bus_refused', 'log_rate'])

interface SessionEnd {
  readonly atMs: number
  readonly boot: string
  readonly reason: string
}

interface Trouble {
  ends: SessionEnd[]
  missing?: SlidingCount
  refused?: SlidingCount
  dropped?: SlidingCount
}

export interface LossView {
  readonly missing: number
  readonly refused: number
  readonly dropped: number
}

/** Sessions of one device that ended badly in the last minutes, and how many boots there were among them. */
export interface UnrestView {
  readonly ends: number
  readonly boots: number
  readonly lastReason: string
}

/** What went wrong with each device lately. Devices that give no trouble cost nothing here. */
export class DeviceTrouble {
  readonly #nowMs: () => number
  /** The one untouched for longest first. */
  readonly #byDevice = new Map<string, Trouble>()
  /** Nobody needs to look at a device that an operator switched off. */
  readonly #disabled = new Set<string>()

  constructor(clock: { monotonicMs(): number }) {
    this.#nowMs = () => clock.monotonicMs()
  }

  sessionEnded(device: string, boot: string, reason: string): void {
    if (PLANNED_ENDS.has(reason)) return
    const trouble = this.#touch(device)
    trouble.ends.push({ atMs: this.#nowMs(), boot, reason })
    if (trouble.ends.length > ALARM_LIMITS.drops) trouble.ends.shift()
  }

  /** On the way of every message: most of what is counted is no loss. */
  readonly counted: DeviceCountListener = (device, counter, reason, by) => {
    if (counter === 'gaps') this.#lost(device, 'missing', by)
    else if (counter === 'refused') this.#lost(device, 'refused', by)
    else if (counter === 'dropped' && LOSING_DROPS.has(reason ?? '')) this.#lost(device, 'dropped', by)
  }

  rowChanged({ id, enabled }: DeviceRow): void {
    if (enabled) this.#disabled.delete(id)
    else this.#disabled.add(id)
  }

  isDisabled(device: string): boolean {
    return this.#disabled.has(device)
  }

  forget(device: string): void {
    this.#byDevice.delete(device)
    this.#disabled.delete(device)
  }

  /** What its sessions ended with was the other holder of its token: that is another alarm. */
  forgetSessions(device: string): void {
    const trouble = this.#byDevice.get(device)
    if (trouble !== undefined) trouble.ends = []
  }

  /** Devices with any trouble in the windows; those that have come to rest are forgotten on the way. */
  *recent(): Generator<{ device: string; unrest: UnrestView; losses: LossView }> {
    const nowMs = this.#nowMs()
    for (const [device, trouble] of this.#byDevice) {
      trouble.ends = trouble.ends.filter(({ atMs }) => nowMs - atMs < ALARM_LIMITS.sessionsWindowMs)
      const losses = lossesOf(trouble, nowMs)
      const isCalm = losses.missing + losses.refused + losses.dropped === 0
      if (trouble.ends.length === 0 && isCalm) this.#byDevice.delete(device)
      else if (!this.#disabled.has(device)) yield { device, unrest: unrestOf(trouble.ends), losses }
    }
  }

  #lost(device: string, kind: keyof LossView, by: number): void {
    const trouble = this.#touch(device)
    trouble[kind] ??= new SlidingCount(ALARM_LIMITS.lossesWindowMs)
    trouble[kind].add(by, this.#nowMs())
  }

  #touch(device: string): Trouble {
    const trouble = this.#byDevice.get(device) ?? { ends: [] }
    this.#byDevice.delete(device) // so that insertion order is the order of last use
    this.#byDevice.set(device, trouble)
    if (this.#byDevice.size > ALARM_LIMITS.devicesMax) {
      const oldest = this.#byDevice.keys().next()
      if (!oldest.done) this.#byDevice.delete(oldest.value)
    }
    return trouble
  }
}

function lossesOf({ missing, refused, dropped }: Trouble, nowMs: number): LossView {
  const sum = (count: SlidingCount | undefined) => count?.sum(nowMs) ?? 0
  return { missing: sum(missing), refused: sum(refused), dropped: sum(dropped) }
}

function unrestOf(ends: readonly SessionEnd[]): UnrestView {
  const boots = new Set(ends.map(({ boot }) => boot).filter((boot) => boot !== ''))
  return { ends: ends.length, boots: boots.size, lastReason: ends.at(-1)?.reason ?? '' }
}
