import type { Health } from '../../gateway/adapters/http/system.ts'
import { systemClock } from '../../gateway/adapters/system-clock.ts'
import { Alarms } from '../../gateway/core/alarms/alarms.ts'
import { DeviceTrouble } from '../../gateway/core/alarms/device-trouble.ts'
import { DEFAULT_LIMITS } from '../../gateway/core/limits.ts'
import { NodeWatch } from '../../gateway/core/node/node-watch.ts'
import { nodeReport } from '../../gateway/core/node/report.ts'
import { Tally } from '../../gateway/core/node/tally.ts'
import type { Log } from '../../gateway/core/ports.ts'
import type { QuarantinedDevice } from '../../gateway/core/quarantine.ts'
import { FakeSurroundings } from './fake-surroundings.ts'

export interface NodeOfApi {
  readonly surroundings: FakeSurroundings
  readonly trouble: DeviceTrouble
  readonly tally: Tally
  readonly alarms: Alarms
  readonly node: () => ReturnType<typeof nodeReport>
}

/** The alarms and the report of a node whose health, quarantines and surroundings are in the test's hands. */
export function nodeOver(health: () => Health, quarantined: readonly QuarantinedDevice[], log: Log): NodeOfApi {
  const clock = systemClock
  const surroundings = new FakeSurroundings()
  const trouble = new DeviceTrouble(clock)
  const tally = new Tally(clock)
  const partOf = (name: string) => () => health().parts[name] ?? { ready: true }
  const bus = { health: partOf('bus'), backlog: () => ({ messages: 0, bytes: 0 }) }
  const watch = new NodeWatch({ bus, registry: { health: partOf('registry') }, clock, surroundings })
  const alarms = new Alarms({
    ...{ bus, clock, log, surroundings, trouble, watch },
    presence: { overslept: function* () {} },
    quarantine: { list: () => [...quarantined] },
    audit: { lost: 0 },
    deadLetters: { count: 0, last: undefined },
    observer: { alarm: () => {}, alarmOver: () => {} },
  })
  const sessions = { online: 0, size: 0 }
  const totals = { received: 0, published: 0, repeated: 0, refused: 0, dropped: 0, malformed: 0, gaps: 0, connects: 0 }
  const parts = { node: 'node-1', bus, clock, sessions, counters: { totals }, limits: DEFAULT_LIMITS }
  return { surroundings, trouble, tally, alarms, node: () => nodeReport({ ...parts, surroundings, tally, watch }) }
}
