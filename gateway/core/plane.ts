import type { Alarms } from './alarms/alarms.ts'
import type { Audit } from './audit.ts'
import type { Bans } from './bans.ts'
import { Batches, type BatchesNeeds } from './batches.ts'
import { Bulk, type BulkNeeds } from './bulk.ts'
import type { Fleet } from './fleet.ts'
import type { NodeReport } from './node/report.ts'
import type { Operator } from './operator.ts'
import type { RecentEvents } from './recent-events.ts'
import type { Registry } from './registry.ts'

/** Everything that people and their programs may ask of the gateway. */
export interface Plane {
  readonly operator: Operator
  readonly audit: Audit
  readonly bulk: Bulk
  readonly batches: Batches
  readonly bans: Bans
  readonly recent: RecentEvents
  readonly alarms: Pick<Alarms, 'list' | 'counts'>
  /** How this node is now. */
  readonly node: () => NodeReport
}

export interface PlaneNeeds extends Omit<BulkNeeds, 'devices' | 'registry'>, Omit<BatchesNeeds, 'registry'> {
  readonly registry: Registry
  readonly fleet: Fleet
  readonly audit: Audit
  readonly bans: Bans
  readonly recent: RecentEvents
  readonly alarms: Alarms
  readonly report: () => NodeReport
}

export function buildPlane(needs: PlaneNeeds): Plane {
  const { fleet, audit, bans, recent, alarms, report } = needs
  return {
    operator: fleet,
    audit,
    bulk: new Bulk({ ...needs, devices: fleet }),
    batches: new Batches(needs),
    bans,
    recent,
    alarms,
    node: report,
  }
}
