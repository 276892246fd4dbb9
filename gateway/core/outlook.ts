import { alarmItem } from './alarms/alarm.ts'
import { Alarms, type AlarmsNeeds } from './alarms/alarms.ts'
import type { LiveFeed } from './live/feed.ts'
import { Viewers } from './live/viewers.ts'
import { NodeWatch } from './node/node-watch.ts'
import { type NodeReport, type NodeReportNeeds, nodeReport } from './node/report.ts'
import type { Bus } from './ports.ts'
import type { PresenceBoard } from './presence.ts'
import type { Registry } from './registry.ts'

export interface OutlookNeeds
  extends Omit<NodeReportNeeds, 'watch' | 'bus'>,
    Omit<AlarmsNeeds, 'watch' | 'bus' | 'observer' | 'presence'> {
  readonly bus: Bus
  readonly registry: Registry
  readonly presence: PresenceBoard
  readonly feed: LiveFeed
  readonly newId: () => string
}

/** What people see of the gateway without asking twice: its alarms, how the node is, and the pages that look on. */
export interface Outlook {
  readonly alarms: Alarms
  readonly report: () => NodeReport
  readonly viewers: Viewers
}

export function openOutlook(needs: OutlookNeeds): Outlook {
  const { bus, sessions, counters, feed } = needs
  const watch = new NodeWatch(needs)
  const alarms = new Alarms({ ...needs, watch, observer: feed })
  const report = () => nodeReport({ ...needs, watch })
  const now = { alarms: () => alarms.list().map(alarmItem), node: () => [report()] }
  const figures = () => {
    const { received, published, refused, dropped } = counters.totals
    const messages = { received, published, refused, dropped }
    return { online: sessions.online, ...messages, bus_ready: bus.health().ready, bus_waiting: bus.backlog().messages }
  }
  let run: string | undefined // an id that is not needed is not taken
  const epoch = () => {
    run ??= needs.newId()
    return run
  }
  return { alarms, report, viewers: new Viewers({ ...needs, epoch, figures, now }) }
}
