import type { Topics } from '../../protocol/topics.ts'
import { Admission } from './admission.ts'
import type { Alarms } from './alarms/alarms.ts'
import { DeviceTrouble } from './alarms/device-trouble.ts'
import { AuditTrail } from './audit.ts'
import type { AddressWall } from './ban-store.ts'
import { Bans } from './bans.ts'
import { CommandChanges } from './command-changes.ts'
import { CommandDelivery } from './command-delivery.ts'
import type { CommandRecord } from './command-machine.ts'
import { Commands } from './commands.ts'
import { ConnectionLog } from './connection-log.ts'
import { Connections } from './connections.ts'
import { DeadLetters } from './dead-letters.ts'
import { DeviceCounters } from './device-counters.ts'
import { DeviceInfo } from './device-info.ts'
import type { DeviceWatcher } from './device-watcher.ts'
import { Fleet } from './fleet.ts'
import { HEARTBEAT_TICK_MS, Heartbeat } from './heartbeat.ts'
import { Ingest } from './ingest.ts'
import { LastValues } from './last-values.ts'
import type { GatewayLimits } from './limits.ts'
import { LiveFeed } from './live/feed.ts'
import type { Viewers } from './live/viewers.ts'
import type { Surroundings } from './node/surroundings.ts'
import type { Tally } from './node/tally.ts'
import { openOutlook } from './outlook.ts'
import type { Duty } from './periodic.ts'
import { buildPlane, type Plane } from './plane.ts'
import type { Bus, Clock, DeviceTokens, Log, Metrics } from './ports.ts'
import { PresenceBoard } from './presence.ts'
import { Quarantine } from './quarantine.ts'
import { RecentEvents } from './recent-events.ts'
import type { Registry } from './registry.ts'
import { Rotation } from './rotation.ts'
import { Sessions } from './sessions.ts'
import { Shadows } from './shadow.ts'
import { ShadowBoard } from './shadow-board.ts'
import { SigningKeys, type TokenKeys } from './signing-keys.ts'
import { Uplink } from './uplink.ts'

/** How often what is in no hurry is looked for (sleepers, quarantines, what could not be shown); what is due; changed values. */
const SLEEPERS_EVERY_MS = 5_000
const DUE_EVERY_MS = 1_000
const VALUES_EVERY_MS = 250
/** By so much a crash makes a connection too short in the log: less than a person notices, and few writes for a flash. */
const LIFE_EVERY_MS = 10_000

/** What the core needs from outside. */
export interface CoreNeeds {
  readonly registry: Registry
  readonly bus: Bus
  readonly tokens: DeviceTokens & TokenKeys
  readonly wall: AddressWall
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly limits: GatewayLimits
  readonly topics: Topics
  readonly node: string
  readonly random: () => number
  /** A fresh id that is a name [N-1] and cannot be guessed. */
  readonly newId: () => string
  readonly watcher?: DeviceWatcher
  readonly surroundings: Surroundings
  /** Hears everything that `metrics` does. */
  readonly tally: Tally
}

/** The parts of the core, wired to each other. Nothing runs yet. */
export interface Core {
  readonly admission: Admission
  readonly audit: AuditTrail
  readonly plane: Plane
  readonly connections: Connections
  readonly commands: Commands
  readonly changes: CommandChanges
  readonly fleet: Fleet
  readonly info: DeviceInfo
  readonly presence: PresenceBoard
  readonly lastValues: LastValues
  readonly shadowBoard: ShadowBoard
  readonly connectionLog: ConnectionLog
  readonly sessions: Sessions
  readonly signingKeys: SigningKeys
  /** Browsers that look on. */
  readonly viewers: Viewers
  readonly counters: DeviceCounters
  /** What must be done again and again while the gateway runs. */
  readonly duties: readonly Duty[]
}

export function buildCore(outside: CoreNeeds): Core {
  const observer = new LiveFeed()
  const trouble = new DeviceTrouble(outside.clock)
  const needs = { ...outside, watcher: alsoTold(outside.watcher, () => outlook.alarms) }
  const sessions = new Sessions()
  const audit = new AuditTrail(needs)
  const counters = new DeviceCounters(needs.metrics, trouble.counted)
  const presence = new PresenceBoard({ ...needs, observer })
  const lastValues = new LastValues({ ...needs, counters })
  const info = new DeviceInfo({ ...needs, observer })
  const recent = new RecentEvents(needs.clock)
  const { changes, deadLetters, delivery, commands } = openCommands(needs, sessions, observer)
  const shadowBoard = new ShadowBoard(needs)
  const shadows = new Shadows({ ...needs, sessions, counters, board: shadowBoard })
  const opened = (device: string) => {
    shadows.deliver(device)
    delivery.deliver(device)
  }
  const rotation = new Rotation({ ...needs, sessions, counters, opened })
  const ingest = new Ingest({ ...needs, counters, lastValues, recent, sessions, observer })
  const settings = { shadows, rotation }
  const uplink = new Uplink({ ...needs, ...settings, ingest, commands, counters, recent, observer })
  const quarantine = new Quarantine({ ...needs, audit })
  const connectionLog = new ConnectionLog(needs)
  const watched = { quarantine, connectionLog, counters, presence, info, trouble }
  const connections = new Connections({ ...needs, ...settings, ...watched, sessions, uplink, delivery })
  const bans = new Bans({ ...needs, sessions })
  const admission = openAdmission({ ...needs, bans }, sessions, quarantine)
  const boards = { info, presence, lastValues, shadowBoard }
  const told = { commands, deadLetters, recent, observer }
  const fleet = new Fleet({ ...needs, ...settings, ...watched, ...boards, ...told, sessions })
  const signingKeys = new SigningKeys({ ...needs, keys: needs.tokens, rotation, sessions })
  const outlook = openOutlook({ ...needs, ...watched, sessions, audit, deadLetters, feed: observer })
  const open = { fleet, audit, bans, recent, presence, observer }
  const plane = buildPlane({ ...needs, ...outlook, ...open, commands, delivery, changes })
  const shown = { plane, audit, alarms: outlook.alarms, ...boards, ...watched }
  const duties = dutiesOf({ ...needs, sessions, commands, changes, rotation, ...shown })
  const kept = { ...boards, audit, plane, changes, connectionLog, counters }
  return { admission, connections, commands, fleet, ...kept, sessions, signingKeys, viewers: outlook.viewers, duties }
}

/** Alarms hear of devices what everybody else does. */
function alsoTold(watcher: DeviceWatcher | undefined, alarms: () => Alarms): DeviceWatcher {
  return {
    rowChanged: (row) => {
      alarms().rowChanged(row)
      watcher?.rowChanged(row)
    },
    keysChanged: (device) => watcher?.keysChanged(device),
    gone: (device) => {
      alarms().gone(device)
      watcher?.gone(device)
    },
  }
}

function openCommands(needs: CoreNeeds, sessions: Sessions, observer: LiveFeed) {
  const changes = new CommandChanges(needs)
  const deadLetters = new DeadLetters({ ...needs, observer })
  const givenUp = (command: CommandRecord) => commands.givenUp(command)
  const delivery = new CommandDelivery({ ...needs, sessions, changes, givenUp, observer })
  const commands: Commands = new Commands({ ...needs, delivery, changes, deadLetters, observer })
  return { changes, deadLetters, delivery, commands }
}

function openAdmission(
  needs: CoreNeeds & { readonly bans: Bans },
  sessions: Sessions,
  quarantine: Quarantine,
): Admission {
  const quarantinedForMs = (device: string) => quarantine.forMs(device)
  return new Admission({ ...needs, connections: () => sessions.size, quarantinedForMs })
}

interface Busy {
  readonly clock: Clock
  readonly log: Log
  readonly limits: GatewayLimits
  readonly sessions: Sessions
  readonly plane: Plane
  readonly presence: PresenceBoard
  readonly info: DeviceInfo
  readonly commands: Commands
  readonly changes: CommandChanges
  readonly rotation: Rotation
  readonly shadowBoard: ShadowBoard
  readonly audit: AuditTrail
  readonly lastValues: LastValues
  readonly quarantine: Quarantine
  readonly connectionLog: ConnectionLog
  readonly alarms: Alarms
}

function dutiesOf(busy: Busy): Duty[] {
  const { presence, info, commands, changes, rotation, shadowBoard, lastValues } = busy
  const { plane, audit, quarantine, connectionLog, alarms } = busy
  const heartbeat = new Heartbeat(busy)
  return [
    { name: 'heartbeat', everyMs: HEARTBEAT_TICK_MS, run: () => heartbeat.tick() },
    { name: 'sleepers', everyMs: SLEEPERS_EVERY_MS, run: () => presence.checkSleepers() },
    { name: 'device info', everyMs: SLEEPERS_EVERY_MS, run: () => info.tick() },
    { name: 'due commands', everyMs: DUE_EVERY_MS, run: () => commands.endDue() },
    { name: 'command changes', everyMs: DUE_EVERY_MS, run: () => changes.publish() },
    { name: 'due rotations', everyMs: DUE_EVERY_MS, run: () => rotation.rotateDue() },
    { name: 'replaced tokens', everyMs: DUE_EVERY_MS, run: () => rotation.endReplaced() },
    { name: 'shadows', everyMs: DUE_EVERY_MS, run: () => shadowBoard.tick() },
    { name: 'batches', everyMs: DUE_EVERY_MS, run: () => plane.batches.work() },
    { name: 'bans', everyMs: DUE_EVERY_MS, run: () => plane.bans.tick() },
    { name: 'quarantines', everyMs: SLEEPERS_EVERY_MS, run: () => quarantine.tick() },
    { name: 'connection log', everyMs: DUE_EVERY_MS, run: () => connectionLog.store() },
    { name: 'mark of life', everyMs: LIFE_EVERY_MS, run: () => markLife(busy) },
    { name: 'audit', everyMs: DUE_EVERY_MS, run: () => audit.store() },
    { name: 'last values', everyMs: VALUES_EVERY_MS, run: () => lastValues.tick() },
    ...alarms.duties,
  ]
}

/** Without a device there is no connection that could be left open, and the disk may rest. */
async function markLife({ sessions, connectionLog }: Busy): Promise<void> {
  if (sessions.size > 0) await connectionLog.markAlive()
}
