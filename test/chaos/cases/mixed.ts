import { openTcpProxy, type TcpProxy } from '../../helpers/tcp-proxy.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { type Cleanup, withCleanup } from '../support/cleanup.ts'
import { patient } from '../support/machine.ts'
import { sleep } from '../support/wait.ts'
import { judgeWorld, openWorld, putUnderLoad, type World } from '../support/world.ts'

const DEVICE_CABLES = 4
const LOAD = { devices: 40, ratePerS: 8, busShare: 0.25 } as const
const HEARTBEAT = { FAIRLEAD_PING_INTERVAL_MS: '2000', FAIRLEAD_PONG_TIMEOUT_MS: '7000' }
const WARM_UP_MS = 2_000
const SHORT_MS = 30_000
const LONG_MS = 20 * 60_000
const STEADY_MAX_MS = 30_000
const STEADY_WAIT_MS = 120_000
const SUSPENDED_MS = 5_000

/** What one fault falls upon. Faults on different parts overlap, those on the same follow each other. */
type Part = 'gateway' | 'broker' | 'bus cable' | `cable ${number}`

export interface MixedFault {
  readonly part: Part
  readonly kind: 'killed' | 'stopped' | 'suspended' | 'restarted' | 'cut' | 'half-open' | 'slow' | 'reset'
  /** From the start of the schedule. */
  readonly atMs: number
  readonly durationMs: number
}

/** On what, how often (a pause of this to twice this), and what of it. */
const LANES: readonly {
  readonly part: Part
  readonly everyMs: number
  readonly kinds: readonly MixedFault['kind'][]
}[] = [
  { part: 'gateway', everyMs: 5_000, kinds: ['killed', 'killed', 'stopped', 'suspended'] },
  { part: 'broker', everyMs: 8_000, kinds: ['restarted', 'suspended'] },
  { part: 'bus cable', everyMs: 7_000, kinds: ['cut', 'slow', 'reset'] },
  ...Array.from({ length: DEVICE_CABLES }, (_, index) => ({
    part: `cable ${index + 1}` as const,
    everyMs: 4_000,
    kinds: ['cut', 'half-open', 'slow', 'reset'] as const,
  })),
]

export const mixed: ChaosCase = {
  name: 'mixed',
  title: 'all faults at once, drawn at random: kills, suspensions, cables, broker',
  run: (context) => withCleanup((cleanup) => run(context, cleanup)),
}

/** Every fault of a run, before the first of them. */
export function drawFaults(totalMs: number, random: () => number): MixedFault[] {
  const faults = LANES.flatMap(({ part, everyMs, kinds }) => {
    const lane: MixedFault[] = []
    let atMs = random() * everyMs
    while (atMs < totalMs) {
      const kind = kinds[Math.floor(random() * kinds.length)] ?? 'cut'
      const durationMs = durationOf(kind, random)
      lane.push({ part, kind, atMs: Math.round(atMs), durationMs: Math.round(durationMs) })
      atMs += durationMs + everyMs * (1 + random())
    }
    return lane
  })
  return faults.sort((a, b) => a.atMs - b.atMs)
}

function durationOf(kind: MixedFault['kind'], random: () => number): number {
  const part = random()
  if (kind === 'killed' || kind === 'stopped' || kind === 'reset') return 0
  if (kind === 'suspended') return SUSPENDED_MS
  return kind === 'half-open' ? 4_000 + part * 8_000 : 500 + part * 3_000
}

async function run({ random, long, say }: ChaosContext, cleanup: Cleanup): Promise<Invariant[]> {
  const faults = drawFaults(long ? LONG_MS : SHORT_MS, random)
  const cables = new Map<Part, TcpProxy>()
  const lay = async (part: Part, port: number) => {
    const cable = await openTcpProxy(port, random)
    cleanup.add(() => cable.close())
    cables.set(part, cable)
    return cable.port
  }
  const world = await openWorld(
    {
      ...{ bus: 'mosquitto', ...LOAD, random, env: HEARTBEAT },
      brokerUrl: async ({ port }) => `mqtt://127.0.0.1:${await lay('bus cable', port)}`,
      deviceUrl: async ({ port }) => {
        const ports: number[] = []
        for (let at = 1; at <= DEVICE_CABLES; at += 1) ports.push(await lay(`cable ${at}`, port))
        return (index) => `wss://127.0.0.1:${ports[index % DEVICE_CABLES]}`
      },
    },
    cleanup,
  )
  putUnderLoad(world)
  await sleep(WARM_UP_MS)
  say(`${faults.length} faults: ${digest(faults)}`)
  await inflict(world, cables, faults)
  const steadyMs = await world.herd.steady(STEADY_WAIT_MS)
  await world.gateway.ready()
  const shown = steadyMs === undefined ? 'never' : `${(steadyMs / 1000).toFixed(1)} s after ${faults.length} faults`
  say(`steady: ${shown}`)
  const isLate = steadyMs === undefined || steadyMs > patient(STEADY_MAX_MS)
  const steady = { statement: 'steady 30 s after the last fault at most', checked: 1, broken: Number(isLate) }
  return [...(await judgeWorld(world)), { ...steady, detail: shown }]
}

/** Each part has its own time line; resolves when the last fault is over. */
async function inflict(world: World, cables: ReadonlyMap<Part, TcpProxy>, faults: readonly MixedFault[]) {
  const startedMs = performance.now()
  const lane = async (part: Part): Promise<void> => {
    for (const fault of faults) {
      if (fault.part !== part) continue
      await sleep(Math.max(0, startedMs + fault.atMs - performance.now()))
      const cable = cables.get(part)
      if (cable) await onCable(cable, fault)
      else await onProcess(world, fault)
    }
  }
  await Promise.all(LANES.map(({ part }) => lane(part)))
}

async function onCable(cable: TcpProxy, { kind, durationMs }: MixedFault): Promise<void> {
  if (kind === 'cut') cable.cut()
  else if (kind === 'half-open') cable.blackhole()
  else if (kind === 'slow') cable.poison({ kind: 'latency', latencyMs: 200, jitterMs: 150 }, SLOW)
  else cable.reset()
  await sleep(durationMs)
  cable.heal()
}
const SLOW = { kind: 'bandwidth', bytesPerS: 16 * 1024 } as const

async function onProcess({ gateway, mosquitto }: World, { part, kind, durationMs }: MixedFault): Promise<void> {
  if (kind === 'killed' || kind === 'stopped') {
    await (kind === 'killed' ? gateway.kill() : gateway.stop())
    return gateway.launch()
  }
  const victim = part === 'gateway' ? gateway : mosquitto
  if (kind === 'suspended') victim?.freeze()
  else await mosquitto?.stop()
  await sleep(durationMs)
  if (kind === 'suspended') victim?.thaw()
  else await mosquitto?.restart()
}

function digest(faults: readonly MixedFault[]): string {
  const counts = new Map<string, number>()
  for (const { part, kind } of faults) {
    const name = part.startsWith('cable') ? `cable ${kind}` : `${part} ${kind}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ')
}
