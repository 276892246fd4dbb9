import type { Clock, Log } from '../ports.ts'
import { type Alarm, type AlarmKind, type Condition, SEVERITIES, type Severity } from './alarm.ts'
import { ALARM_LIMITS, HOLDS } from './limits.ts'

export interface AlarmBoardNeeds {
  readonly clock: Clock
  readonly log: Log
  /** Hears of every alarm that began or reads differently now, and of every end. */
  readonly observer: { alarm(alarm: Alarm): void; alarmOver(id: string): void }
}

interface Watched {
  alarm: Alarm
  /** Monotonic ms, as all below. */
  readonly seenAtMs: number
  isAlarm: boolean
  goneAtMs: number | undefined
  shownAtMs: number
}

/** Makes alarms of conditions: what lasts begins one, what is gone for a while ends it. Says so once in the log. */
export class AlarmBoard {
  readonly #needs: AlarmBoardNeeds
  readonly #watched = new Map<string, Watched>()

  constructor(needs: AlarmBoardNeeds) {
    this.#needs = needs
  }

  /** What is wrong now, all of it. Call it again and again. */
  update(conditions: Iterable<Condition>): void {
    const present = new Set<string>()
    const shown = this.#shownOfKinds()
    const left = new Map<AlarmKind, { count: number; severity: Severity }>()
    for (const condition of conditions) {
      const id = idOf(condition)
      const isKnown = this.#watched.has(id)
      if (condition.keepsOnly === true && !this.#isAlarm(id)) continue
      const ofKind = shown.get(condition.kind) ?? 0
      if (!isKnown && ofKind >= ALARM_LIMITS.perKindMax) {
        addTo(left, condition)
        continue
      }
      if (!isKnown) shown.set(condition.kind, ofKind + 1)
      present.add(id)
      this.#see(id, condition, 1)
    }
    for (const [kind, { count, severity }] of left) {
      const id = moreId(kind)
      present.add(id)
      this.#see(id, { kind, severity, say: () => moreOf(count) }, count)
    }
    for (const [id, watched] of this.#watched) if (!present.has(id)) this.#miss(id, watched)
  }

  /** The device is no concern of anybody any more. */
  forget(device: string): void {
    for (const [id, watched] of this.#watched) if (watched.alarm.device === device) this.#drop(id, watched)
  }

  /** Those that last, the worst and oldest first. */
  list(): Alarm[] {
    const alarms = [...this.#watched.values()].filter(({ isAlarm }) => isAlarm).map(({ alarm }) => alarm)
    return alarms.sort((a, b) => rank(b) - rank(a) || a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1))
  }

  #isAlarm(id: string): boolean {
    return this.#watched.get(id)?.isAlarm === true
  }

  #shownOfKinds(): Map<AlarmKind, number> {
    const shown = new Map<AlarmKind, number>()
    for (const { alarm } of this.#watched.values()) {
      if (alarm.id !== moreId(alarm.kind)) shown.set(alarm.kind, (shown.get(alarm.kind) ?? 0) + 1)
    }
    return shown
  }

  #see(id: string, condition: Condition, count: number): void {
    const { clock } = this.#needs
    const { kind, severity, device } = condition
    const nowMs = clock.monotonicMs()
    const known = this.#watched.get(id)
    const sinceMs = condition.sinceMs ?? known?.alarm.sinceMs ?? clock.wallMs()
    const alarm: Alarm = { id, kind, severity, device, sinceMs, ...condition.say(), count }
    const watched = known ?? { alarm, seenAtMs: nowMs, isAlarm: false, goneAtMs: undefined, shownAtMs: nowMs }
    watched.goneAtMs = undefined
    if (known === undefined) this.#watched.set(id, watched)
    if (!watched.isAlarm) {
      watched.alarm = alarm
      if (nowMs - watched.seenAtMs >= HOLDS[kind].beginAfterMs) this.#begin(watched, nowMs)
    } else if (isNews(watched, alarm, nowMs)) this.#change(watched, alarm, nowMs)
  }

  #begin(watched: Watched, nowMs: number): void {
    const { log, observer } = this.#needs
    const { id, severity, device, text } = watched.alarm
    watched.isAlarm = true
    watched.shownAtMs = nowMs
    log.warn({ alarm: id, severity, device, text }, 'alarm')
    observer.alarm(watched.alarm)
  }

  #change(watched: Watched, alarm: Alarm, nowMs: number): void {
    const { log, observer } = this.#needs
    const { id, severity, device, text } = alarm
    if (severity !== watched.alarm.severity) log.warn({ alarm: id, severity, device, text }, 'alarm has changed')
    watched.alarm = alarm
    watched.shownAtMs = nowMs
    observer.alarm(alarm)
  }

  #miss(id: string, watched: Watched): void {
    const nowMs = this.#needs.clock.monotonicMs()
    watched.goneAtMs ??= nowMs
    const isOver = !watched.isAlarm || nowMs - watched.goneAtMs >= HOLDS[watched.alarm.kind].endAfterMs
    if (isOver) this.#drop(id, watched)
  }

  #drop(id: string, { isAlarm, alarm, seenAtMs }: Watched): void {
    const { clock, log, observer } = this.#needs
    this.#watched.delete(id)
    if (!isAlarm) return
    log.info({ alarm: id, device: alarm.device, lastedMs: clock.monotonicMs() - seenAtMs }, 'alarm over')
    observer.alarmOver(id)
  }
}

function idOf({ kind, device }: Condition): string {
  return device === undefined ? kind : `${kind}:${device}`
}

/** No device has such a name. */
const moreId = (kind: AlarmKind): string => `${kind}/more`

const rank = ({ severity }: Alarm): number => SEVERITIES.indexOf(severity)

function addTo(left: Map<AlarmKind, { count: number; severity: Severity }>, { kind, severity }: Condition): void {
  const sum = left.get(kind) ?? { count: 0, severity }
  sum.count += 1
  left.set(kind, sum)
}

function moreOf(count: number) {
  const { perKindMax } = ALARM_LIMITS
  const text = `And ${count} more. The first ${perKindMax} are shown one by one: so many together have one cause, look for that.`
  return { text, detail: { more: count } }
}

/** Whoever looks on sees at once what reads differently, and now and then what only counts on. */
function isNews({ alarm: before, shownAtMs }: Watched, alarm: Alarm, nowMs: number): boolean {
  if (before.severity !== alarm.severity || (before.text !== alarm.text && alarm.id !== moreId(alarm.kind))) return true
  if (nowMs - shownAtMs < ALARM_LIMITS.showAgainMs) return false
  return JSON.stringify(before.detail) !== JSON.stringify(alarm.detail)
}
