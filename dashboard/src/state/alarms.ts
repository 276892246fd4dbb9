import { computed, signal } from '@preact/signals'
import { subscribe } from './live.ts'

export interface Alarm {
  readonly id: string
  readonly kind: string
  readonly severity: 'warning' | 'critical'
  readonly device?: string
  readonly since: number
  /** What is wrong and what to do next. */
  readonly text: string
  readonly detail: Readonly<Record<string, string | number>>
  /** More than 1 where not all are told one by one. */
  readonly count: number
}
type Item = Alarm | { readonly id: string; readonly over: true }

const byId = signal<ReadonlyMap<string, Alarm>>(new Map())
/** Whether the gateway has said what there is. */
export const areAlarmsKnown = signal(false)

/** What needs a person now, the worst and oldest first. */
export const alarms = computed(() =>
  [...byId.value.values()].sort((a, b) => rank(b) - rank(a) || a.since - b.since || (a.id < b.id ? -1 : 1)),
)

/** How many there are, and whether one of them is critical. */
export const alarmSum = computed(() => {
  const sum = { all: 0, critical: 0 }
  for (const { severity, count } of alarms.value) {
    sum.all += count
    if (severity === 'critical') sum.critical += count
  }
  return sum
})

export function watchAlarms(): () => void {
  return subscribe('alarms', {
    snapshot: (items) => {
      byId.value = new Map((items as Alarm[]).map((alarm) => [alarm.id, alarm]))
      areAlarmsKnown.value = true
    },
    changes: (items) => {
      const next = new Map(byId.value)
      for (const item of items as Item[]) {
        if ('over' in item) next.delete(item.id)
        else next.set(item.id, item)
      }
      byId.value = next
    },
  })
}

const rank = ({ severity }: Alarm): number => (severity === 'critical' ? 1 : 0)
