import type { ChaosCase } from './case.ts'
import { brokerFrozen, brokerSlow, brokerStopped } from './cases/broker-away.ts'
import { busSubscriberFrozen } from './cases/bus-subscriber-frozen.ts'
import { disk } from './cases/disk.ts'
import { gatewayFrozen } from './cases/gateway-frozen.ts'
import { gatewayKilled, gatewayKilledEmbedded } from './cases/gateway-killed.ts'
import { handshakeResets } from './cases/handshake-resets.ts'
import { isolation } from './cases/isolation.ts'
import { mixed } from './cases/mixed.ts'
import { networkFaults } from './cases/network-faults.ts'
import { properties } from './cases/properties.ts'
import { reconnectStorm } from './cases/reconnect-storm.ts'
import { tokenRotation } from './cases/token-rotation.ts'
import { virtualClockSchedules } from './cases/virtual-clock-schedules.ts'

/** Every case, in the order in which they start: the long ones first, since two run side by side. */
export const CASES: readonly ChaosCase[] = [
  gatewayKilled,
  gatewayKilledEmbedded,
  mixed,
  networkFaults,
  brokerSlow,
  brokerStopped,
  brokerFrozen,
  busSubscriberFrozen,
  gatewayFrozen,
  disk,
  properties,
  tokenRotation,
  reconnectStorm,
  handshakeResets,
  isolation,
  virtualClockSchedules,
]
