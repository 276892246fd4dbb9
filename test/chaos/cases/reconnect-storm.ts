import { execFileSync } from 'node:child_process'
import type { DeviceOptions } from '../../../simulator/device-options.ts'
import type { FleetMember } from '../../../simulator/fleet.ts'
import type { ChaosCase, ChaosContext, Invariant } from '../case.ts'
import { Crowd, enrolMany, percentiles } from '../crowd/crowd.ts'
import { cpuS, descriptors, descriptorsBack, lagMs, metricsOf, refusals } from '../crowd/figures.ts'
import { withCleanup } from '../support/cleanup.ts'
import { mebibytes } from '../support/figures.ts'
import { type GatewayUnderTest, startGatewayUnderTest } from '../support/gateway-under-test.ts'

const DEVICES_SHORT = 1_000
const DEVICES_LONG = 5_000
/** 60 s is the promise; a machine that does other work as well gets twice that. */
const READY_MAX_MS = 120_000
/** Of the devices; the others wait for their own back-off to end. */
const MOST = 0.9
/** How the fleet comes online before the storm; nothing is measured there. */
const CALM_AT_ONCE = 50
const CALM_MAX_MS = 180_000
/** Beside its devices a process needs descriptors of its own. */
const FDS_OWN = 1_000

interface Storm {
  readonly name: string
  /** The device's own chance; a constant is a fleet whose clocks all tick together. */
  readonly random: () => number
  /** The counters of the gateway begin anew. */
  readonly restarts: boolean
  /** Takes every connection away at one moment. */
  strike(gateway: GatewayUnderTest, crowd: Crowd): Promise<void>
}

interface Figures {
  readonly ready: number
  /** Not ready in time. */
  readonly missing: number
  readonly crashes: number
  readonly fdsLeft: number
  readonly line: string
}

/** A whole fleet comes back at one moment: after a kill of the gateway, and after a cut with no jitter at all. */
export const reconnectStorm: ChaosCase = {
  name: 'reconnect-storm',
  title: 'A whole fleet reconnects at once',
  alone: true,
  run: (context) =>
    withCleanup(async (cleanup) => {
      const count = devicesFor(context)
      const gateway = await startGatewayUnderTest(cleanup, { FAIRLEAD_LOG_LEVEL: 'warn' })
      const members = await enrolMany(gateway, count)
      context.say(`${count} devices enrolled`)
      const figures: Figures[] = []
      for (const storm of [killedGateway(context.random), fleetWithoutJitter()]) {
        figures.push(await weather(gateway, members, storm, context))
      }
      return invariants(figures, count)
    }),
}

/** `ulimit -n` counts for this process and for the gateway, each with one socket per device. */
function devicesFor({ long, say }: ChaosContext): number {
  const wanted = long ? DEVICES_LONG : DEVICES_SHORT
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n']).toString()) || Number.POSITIVE_INFINITY
  if (limit >= wanted + FDS_OWN) return wanted
  const fewer = Math.max(1, limit - FDS_OWN)
  say(`ulimit -n is ${limit}: ${fewer} devices instead of ${wanted}`)
  return fewer
}

function killedGateway(random: () => number): Storm {
  return {
    name: 'killed and restarted',
    random,
    restarts: true,
    async strike(gateway) {
      await gateway.kill()
      await gateway.start()
    },
  }
}

function fleetWithoutJitter(): Storm {
  return {
    name: 'cut, no jitter',
    random: () => 0.5,
    restarts: false,
    async strike(_gateway, crowd) {
      crowd.cut()
      crowd.start()
    },
  }
}

async function weather(
  gateway: GatewayUnderTest,
  members: readonly FleetMember[],
  storm: Storm,
  context: ChaosContext,
): Promise<Figures> {
  const base = await descriptors(gateway.pid)
  const options: Partial<DeviceOptions> = { random: storm.random }
  const crowd = new Crowd(gateway, members, options)
  if (!(await crowd.startCalmly(CALM_AT_ONCE, CALM_MAX_MS)))
    throw new Error('the fleet did not connect in the first place')
  const before = await metricsOf(gateway) // from here on the delay of the event loop counts
  crowd.watchAgain()
  await storm.strike(gateway, crowd)
  const sinceMs = performance.now()
  const cpuBefore = { gateway: await cpuS(gateway.pid), devices: process.cpuUsage() }
  await crowd.someReady(MOST * members.length, READY_MAX_MS)
  const atWork = await metricsOf(gateway) // the quiet time in which the last few wait would only flatter it
  await crowd.allReady(Math.max(0, READY_MAX_MS - (performance.now() - sinceMs)))
  const ready = crowd.ready
  const gatewayS = (await cpuS(gateway.pid)) - cpuBefore.gateway
  const own = process.cpuUsage(cpuBefore.devices)
  const cpu = { gatewayS, devicesS: (own.user + own.system) / 1e6 }
  const memory = mebibytes(await gateway.rssBytes())
  const refused = refusals(await metricsOf(gateway), storm.restarts ? new Map() : before)
  const after = percentiles(crowd.readyAfterMs(sinceMs))
  crowd.cut()
  const fdsLeft = await descriptorsBack(gateway.pid, base)
  const line = [
    `${storm.name}: ${ready} ready after p50 ${after.p50}, p99 ${after.p99}, at most ${after.max} ms`,
    `event loop p99 ${lagMs(atWork, 'p99')}, max ${lagMs(atWork, 'max')} ms`,
    memory,
    `CPU gateway ${cpu.gatewayS.toFixed(1)} s, devices ${cpu.devicesS.toFixed(1)} s`,
    `refused: ${refused}`,
  ].join('; ')
  context.say(line)
  return { ready, missing: members.length - ready, crashes: gateway.falls.length, fdsLeft, line }
}

function invariants(figures: readonly Figures[], count: number): Invariant[] {
  const sum = (of: (one: Figures) => number) => figures.reduce((total, one) => total + of(one), 0)
  const detail = figures.map(({ line }) => line).join(' | ')
  return [
    {
      statement: `every device is ready again within ${READY_MAX_MS / 1000} s, none is refused for ever`,
      checked: figures.length * count,
      broken: sum(({ missing }) => missing),
      detail,
    },
    { statement: 'the gateway does not crash', checked: figures.length, broken: sum(({ crashes }) => crashes) },
    {
      statement: 'the gateway has as few descriptors as before once all have left',
      checked: figures.length,
      broken: figures.filter(({ fdsLeft }) => fdsLeft > 0).length,
    },
  ]
}
