import { GatewayError } from '../../../gateway/core/errors.ts'
import type { SimulatedDevice } from '../../../simulator/device.ts'
import type { Fault } from './schedule.ts'
import type { VirtualDevice, VirtualWorld } from './virtual-world.ts'

/** What a disk that fails does not do; reads go on. */
const WRITES = [
  'createDevice',
  'updateDevice',
  'addToken',
  'addReplacement',
  'confirmToken',
  'revokeToken',
  'markTokenUsed',
  'savePresence',
  'saveLastValues',
  'changeDesired',
  'saveReported',
  'insertCommand',
  'advanceCommand',
  'markPublished',
  'appendAudit',
] as const

/** What the faults of one life have done that its judge must know. */
export interface Done {
  /** Ids of commands that were accepted. */
  readonly commands: Set<string>
  /** Devices that an operator sent away for good. */
  readonly revoked: Set<string>
  /** Requests that failed in a way no operator should see. */
  readonly surprises: string[]
}

export interface Action {
  readonly atMs: number
  readonly run: () => unknown
}

/** The beginning of a fault, and its end where it has one. */
export function actionsOf(fault: Fault, world: VirtualWorld, done: Done): Action[] {
  const target = () => world.originals[fault.device]
  const begin = (run: (device: VirtualDevice) => unknown): Action => ({
    atMs: fault.atMs,
    run: () => {
      const device = target()
      return device && run(device)
    },
  })
  const end = (run: () => unknown): Action => ({ atMs: fault.atMs + ('forMs' in fault ? fault.forMs : 0), run })
  const { clock, ground } = world
  switch (fault.kind) {
    case 'cut':
      return [begin(({ wire }) => wire?.reset())]
    case 'half_open':
      return [begin(({ wire }) => wire?.halfOpen())]
    case 'stall':
      return [begin(({ weather }) => (weather.stalledUntilMs = clock.nowMs() + fault.forMs))]
    case 'unreachable':
      return [begin(({ weather }) => (weather.unreachableUntilMs = clock.nowMs() + fault.forMs))]
    case 'latency':
      return [begin(({ weather }) => (weather.latencyMs = fault.latencyMs)), end(() => world.calm())]
    case 'reboot':
      return [begin(({ device }) => device.reboot())]
    case 'power_off':
      return [begin(({ device }) => device.kill()), end(() => target()?.device.start())]
    case 'sleep':
      return [begin((device) => sleep(device, fault, world))]
    case 'clone':
      return clone(fault, world, begin, end)
    case 'revoke':
    case 'disable':
    case 'rotate':
    case 'rotate_at_once':
    case 'command':
      return byOperator(fault, world, done, begin, end)
    case 'gateway_killed':
      return [begin(() => world.killGateway(fault.silently)), end(() => world.startGateway())]
    case 'gateway_restarted':
      return [begin(() => world.stopGateway()), end(() => world.startGateway())]
    case 'bus_away':
      return [begin(() => world.bus.goAway()), end(() => world.bus.comeBack())]
    case 'disk_slow':
      return [begin(() => (ground.diskDelayMs = fault.delayMs)), end(() => (ground.diskDelayMs = 0))]
    case 'disk_fails':
      return [begin(() => world.disk.fail(...WRITES)), end(() => world.disk.recover())]
    case 'records':
      return [begin(({ device }) => burst(device, fault.count))]
    case 'clock_step':
      return [begin(() => clock.stepWall(fault.stepMs)), end(() => clock.stepWall(-fault.stepMs))]
  }
}

type Begin = (run: (device: VirtualDevice) => unknown) => Action
type End = (run: () => unknown) => Action

function sleep({ device }: VirtualDevice, fault: Fault & { kind: 'sleep' }, { clock }: VirtualWorld): void {
  device.sleep(fault.sleepS).catch(() => {})
  clock.after(fault.wakesAfterMs, () => device.start())
}

/** More than the window takes at once, so that acknowledgements pull the rest. */
function burst(device: SimulatedDevice, count: number): void {
  if (device.state === 'offline') return
  for (let n = 0; n < count; n++) device.telemetry({ burst: n })
}

/** A second device with the same credential, until it is unplugged. */
function clone(_fault: Fault, world: VirtualWorld, begin: Begin, end: End): Action[] {
  let second: VirtualDevice | undefined
  return [
    begin(({ id }) => {
      second = world.addDevice(id)
    }),
    end(() => second?.device.kill()),
  ]
}

function byOperator(fault: Fault, world: VirtualWorld, done: Done, begin: Begin, end: End): Action[] {
  const ask = (request: Promise<unknown> | undefined): void => {
    request?.catch((error: unknown) => {
      if (!(error instanceof GatewayError) || error.code === 'internal') done.surprises.push(`${fault.kind}: ${error}`)
    })
  }
  const fleet = () => world.gateway?.core.fleet
  switch (fault.kind) {
    case 'revoke':
      return [begin(({ id }) => ask(revokeAll(world, id, done)))]
    case 'disable': {
      const set = (enabled: boolean) => ask(fleet()?.updateDevice(`d${fault.device + 1}`, { enabled }))
      return [begin(() => set(false)), end(() => world.startGateway()), end(() => set(true))]
    }
    case 'rotate':
      return [begin(({ id }) => ask(fleet()?.rotateToken(id, {})))]
    case 'rotate_at_once':
      return [begin(({ id }) => ask(fleet()?.rotateToken(id, { overlapS: 0 })))]
    case 'command':
      return [begin(({ id }) => ask(command(fault, world, id, done)))]
    default:
      return []
  }
}

async function revokeAll(world: VirtualWorld, id: string, done: Done): Promise<void> {
  const fleet = world.gateway?.core.fleet
  if (fleet === undefined) return
  done.revoked.add(id)
  for (const token of await fleet.listTokens(id)) await fleet.revokeToken(id, token.id)
}

async function command(fault: Fault & { kind: 'command' }, world: VirtualWorld, id: string, done: Done): Promise<void> {
  const { ttlS, timeoutS, takesMs, count } = fault
  const request = { name: 'do', params: { takesMs }, ttl_s: ttlS, timeout_s: timeoutS }
  for (let n = 0; n < count; n++) {
    const stored = await world.gateway?.core.commands.submit(id, request)
    if (stored !== undefined) done.commands.add(stored.id)
  }
}
