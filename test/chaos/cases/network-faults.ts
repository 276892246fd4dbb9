import { readdir } from 'node:fs/promises'
import { openTcpProxy, type TcpProxy } from '../../helpers/tcp-proxy.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { type Cleanup, withCleanup } from '../support/cleanup.ts'
import { examples, spread } from '../support/figures.ts'
import type { Animal } from '../support/herd.ts'
import { patient } from '../support/machine.ts'
import { sleep, until } from '../support/wait.ts'
import { judgeWorld, openWorld, putUnderLoad, type World } from '../support/world.ts'

const DEVICES_PER_CABLE = 5
const RATE_PER_S = 8
/** Some three times quicker than by default: a half-open socket is found in 10 s, and the promise is 30 s by default. */
const HEARTBEAT = { FAIRLEAD_PING_INTERVAL_MS: '2000', FAIRLEAD_PONG_TIMEOUT_MS: '7000' }
const OFFLINE_MAX_MS = 30_000
const ROUND_MS = 6_000
const REST_MS = 2_000
const STEADY_MAX_MS = 30_000
const STEADY_WAIT_MS = 120_000
/** Of sockets and files that come and go. */
const FILES_SLACK = 5

const HALF_OPEN = 'half-open'

/** What happens to all devices behind one cable for one round. Everything that Toxiproxy has, and a plain cut. */
const FAULTS: Readonly<Record<string, (cable: TcpProxy) => void>> = {
  [HALF_OPEN]: (cable) => cable.blackhole(),
  cut: (cable) => cable.cut(),
  reset: (cable) => cable.poison({ kind: 'reset_peer', afterMs: 300 }),
  sliced: (cable) => cable.poison({ kind: 'slicer', bytes: 40, variation: 30, delayMs: 2 }),
  delayed: (cable) => cable.poison({ kind: 'latency', latencyMs: 400, jitterMs: 300 }),
  'thin line': (cable) => cable.poison({ kind: 'bandwidth', bytesPerS: 4 * 1024 }),
  'slow close': (cable) =>
    cable.poison({ kind: 'slow_close', delayMs: 1_500 }, { kind: 'limit_data', bytes: 8 * 1024, only: 'upstream' }),
  'limited data': (cable) => cable.poison({ kind: 'limit_data', bytes: 6 * 1024 }),
  'silent, then closed': (cable) => cable.poison({ kind: 'timeout', afterMs: 1_500 }),
  'nothing comes back': (cable) => cable.poison({ kind: 'timeout', only: 'downstream' }),
  none: () => {},
}
const NAMES = Object.keys(FAULTS)

export const networkFaults: ChaosCase = {
  name: 'network-faults',
  title: 'cables of devices are cut, half-open, reset, sliced, delayed, thin, silent and closed too late',
  run: (context) => withCleanup((cleanup) => run(context, cleanup)),
}

/** Which fault each cable gets, for each round: in every round all of them, on other cables. */
export function drawRounds(rounds: number, random: () => number): string[][] {
  return Array.from({ length: rounds }, () => {
    const order = [...NAMES]
    for (let at = order.length - 1; at > 0; at -= 1) {
      const other = Math.floor(random() * (at + 1))
      const [a = '', b = ''] = [order[at], order[other]]
      order[at] = b
      order[other] = a
    }
    return order
  })
}

interface Seen {
  readonly offlineMs: number[]
  readonly neverOffline: string[]
  readonly steadyMs: (number | undefined)[]
  undisturbed: number
  disturbed: number
}

async function run({ random, long, say }: ChaosContext, cleanup: Cleanup): Promise<Invariant[]> {
  const rounds = drawRounds(long ? 30 : 2, random)
  const cables: TcpProxy[] = []
  const world = await openWorld(
    {
      ...{ bus: 'mosquitto', devices: NAMES.length * DEVICES_PER_CABLE, ratePerS: RATE_PER_S, random, env: HEARTBEAT },
      deviceUrl: async ({ port }) => {
        for (const _ of NAMES) cables.push(await openTcpProxy(port, random))
        cleanup.add(() => Promise.all(cables.map((cable) => cable.close())))
        return (index) => `wss://127.0.0.1:${cables[index % cables.length]?.port}`
      },
    },
    cleanup,
  )
  const filesBefore = await openFiles(world)
  putUnderLoad(world)
  const seen: Seen = { offlineMs: [], neverOffline: [], steadyMs: [], undisturbed: 0, disturbed: 0 }
  for (const [index, round] of rounds.entries()) {
    await oneRound(world, cables, round, seen)
    say(`round ${index + 1} of ${rounds.length}: steady after ${((seen.steadyMs.at(-1) ?? 0) / 1000).toFixed(1)} s`)
  }
  await until(async () => (await openFiles(world)) <= filesBefore + FILES_SLACK, STEADY_MAX_MS, 500)
  const leaked = (await openFiles(world)) - filesBefore
  return [...(await judgeWorld(world)), ...judge(seen, leaked)]
}

async function oneRound(world: World, cables: readonly TcpProxy[], round: readonly string[], seen: Seen) {
  const behind = (fault: string): Animal[] =>
    world.herd.animals.filter((_, index) => round[index % cables.length] === fault)
  const lucky = behind('none').map(({ device }) => ({ device, sessions: device.connection.sessions }))
  for (const [at, cable] of cables.entries()) FAULTS[round[at] ?? '']?.(cable)
  const startedMs = performance.now()
  for (const { id } of behind(HALF_OPEN)) {
    const isOffline = () => world.listener.availability.get(id)?.state === 'offline'
    if ((await until(isOffline, patient(OFFLINE_MAX_MS))) === undefined) seen.neverOffline.push(id)
    else seen.offlineMs.push(performance.now() - startedMs)
  }
  await sleep(Math.max(0, ROUND_MS - (performance.now() - startedMs)))
  for (const cable of cables) cable.heal()
  seen.steadyMs.push(await world.herd.steady(STEADY_WAIT_MS))
  for (const { device, sessions } of lucky) {
    if (device.connection.sessions === sessions) seen.undisturbed += 1
    else seen.disturbed += 1
  }
  await sleep(REST_MS)
}

/** Descriptors of the gateway process. */
async function openFiles({ gateway }: World): Promise<number> {
  return (await readdir(`/proc/${gateway.pid}/fd`)).length
}

function judge({ offlineMs, neverOffline, steadyMs, undisturbed, disturbed }: Seen, leaked: number): Invariant[] {
  const late = steadyMs.filter((ms) => ms === undefined || ms > patient(STEADY_MAX_MS))
  return [
    {
      statement: 'a half-open device is offline on the bus within 30 s',
      checked: offlineMs.length + neverOffline.length,
      broken: neverOffline.length,
      detail: neverOffline.length > 0 ? examples(neverOffline) : `${spread(offlineMs)} with pings every 2 s`,
    },
    {
      statement: 'a device on a good cable keeps its session',
      checked: undisturbed + disturbed,
      broken: disturbed,
    },
    {
      statement: 'steady 30 s after the fault at most',
      checked: steadyMs.length,
      broken: late.length,
      detail: spread(steadyMs.map((ms) => ms ?? STEADY_WAIT_MS)),
    },
    {
      statement: 'no descriptor is left of a connection that broke',
      checked: 1,
      broken: leaked > FILES_SLACK ? 1 : 0,
      detail: `${leaked} more than before`,
    },
  ]
}
