import { type Action, actionsOf, type Done } from './apply-fault.ts'
import { commandFaults, orderFaults, presenceFaults, telemetryFaults } from './judge.ts'
import type { Schedule } from './schedule.ts'
import { VirtualWorld } from './virtual-world.ts'

/** [P-8] Presence is true by then. */
const CONVERGES_MS = 30_000
/** Looked at so often before the time is up, since a device may come or go at any moment. */
const LOOKS = 10
const LOOK_EVERY_MS = 100
/** Longer than any command lives and runs. */
const COMMANDS_END_MS = 45_000
/** One that was asked for while the clock was ahead is due when the clock says so. */
const BEYOND_ANY_STEP_MS = 2 * 86_400_000
/** For the sweep of due commands and the bus. */
const SWEEP_MS = 3_000

export interface Verdict {
  readonly presence: readonly string[]
  readonly sessions: readonly string[]
  readonly telemetry: readonly string[]
  readonly commands: readonly string[]
  readonly tokens: readonly string[]
  /** How much was looked at. */
  readonly online: number
  readonly acked: number
  readonly accepted: number
}

/** Lives through one schedule and judges it. Anything thrown is a fault of the gateway or the simulator. */
export async function tryOut(schedule: Schedule): Promise<Verdict> {
  const world = new VirtualWorld(schedule.seed)
  const done: Done = { commands: new Set(), revoked: new Set(), surprises: [] }
  const sessions = watchSessions(world)
  await world.open(schedule.devices)
  await live(schedule, world, done)
  await heal(world)
  await world.clock.advance(CONVERGES_MS - LOOKS * LOOK_EVERY_MS)
  const soon = await lookAtPresence(world)
  const online = world.devices.filter((device) => device.isOnline).length
  await world.clock.advance(COMMANDS_END_MS)
  const late = await lookAtPresence(world)
  world.clock.stepWall(BEYOND_ANY_STEP_MS)
  await world.clock.advance(SWEEP_MS)
  const telemetry = telemetryFaults(world)
  const disks = schedule.faults.some(({ kind }) => kind === 'disk_slow' || kind === 'disk_fails')
  const order = disks ? [] : orderFaults(world) // a number that was shown may not be stored yet when the gateway is killed
  const withClone = schedule.faults.some(({ kind }) => kind === 'clone')
  const commands = [...commandFaults(world, done, withClone), ...done.surprises]
  const verdict = {
    presence: [...order, ...soon.map((one) => `30 s after: ${one}`), ...late.map((one) => `75 s after: ${one}`)],
    ...{ sessions: [...sessions], telemetry, commands },
    tokens: withClone ? [] : lockedOut(world, done),
    online,
    acked: world.devices.reduce((sum, { acked }) => sum + acked.size, 0),
    accepted: done.commands.size,
  }
  end(world)
  return verdict
}

async function live(schedule: Schedule, world: VirtualWorld, done: Done): Promise<void> {
  const startMs = world.clock.nowMs()
  const actions: Action[] = schedule.faults.flatMap((fault) => actionsOf(fault, world, done))
  actions.sort((a, b) => a.atMs - b.atMs)
  for (const { atMs, run } of actions) {
    await world.clock.advanceTo(startMs + atMs)
    await run()
  }
}

/** Whatever overlapped, nothing is disturbed any more. */
async function heal(world: VirtualWorld): Promise<void> {
  world.ground.diskDelayMs = 0
  world.disk.recover()
  if (!world.bus.isUp) world.bus.comeBack()
  world.calm()
  for (const { weather } of world.devices) {
    weather.stalledUntilMs = Math.min(weather.stalledUntilMs, world.clock.nowMs())
    weather.unreachableUntilMs = 0
  }
  await world.startGateway()
}

/** At every moment. */
function watchSessions(world: VirtualWorld): Set<string> {
  const faults = new Set<string>()
  const ready = new Set<string>()
  world.clock.look = () => {
    ready.clear()
    for (const session of world.gateway?.core.sessions.all() ?? []) {
      if (session.state !== 'ready') continue
      if (ready.has(session.device)) faults.add(`${session.device} has two ready sessions`)
      ready.add(session.device)
    }
  }
  return faults
}

async function lookAtPresence(world: VirtualWorld): Promise<string[]> {
  let faults = presenceFaults(world)
  for (let look = 0; look < LOOKS && faults.length > 0; look++) {
    await world.clock.advance(LOOK_EVERY_MS)
    faults = presenceFaults(world)
  }
  return faults
}

/** [K-9] One of the two slots opens a session, unless somebody revoked it. */
function lockedOut(world: VirtualWorld, done: Done): string[] {
  const out = world.originals.filter(({ id, refusedInARow }) => refusedInARow > 1 && !done.revoked.has(id))
  return out.map(({ id }) => `${id} was refused with 401 by both of its slots`)
}

function end(world: VirtualWorld): void {
  world.clock.look = () => {}
  world.gateway?.kill()
  for (const { device } of world.devices) device.kill()
}
