import type { ChaosContext, Invariant } from '../case.ts'
import { mebibytes, median } from './figures.ts'
import { patient } from './machine.ts'
import { sleep, until } from './wait.ts'
import type { World } from './world.ts'

/** Confirmations that were on their way when the bus went, on a machine that stands still for a while. */
const LAST_ACKS_MS = 2_500
const SAMPLE_EVERY_MS = 250
/** The promise of the issue: what an outage may cost in memory, and how soon all is as before. */
const GROWTH_MAX_BYTES = 64 * 2 ** 20
const STEADY_MAX_MS = 30_000
/** Waited for all the same, so that the figure is known. */
const STEADY_WAIT_MS = 120_000
/** Under load before the first fault: a young process grows by itself. */
export const WARM_UP_MS = 5_000

export interface Outage {
  readonly name: string
  readonly durationMs: number
  /** The bus takes nothing at all: then nothing may be acknowledged. */
  readonly total: boolean
  begin(): unknown
  end(): unknown
}

interface Observed {
  readonly name: string
  readonly total: boolean
  readonly ackedMeanwhile: number
  readonly sessionsLost: number
  readonly growthBytes: number
  /** After the catch-up: mostly room that the garbage collector has taken and not given back. */
  readonly laterBytes: number
  readonly steadyMs: number | undefined
  /** Of the live rate, while the outboxes emptied; undefined when nothing had gathered. */
  readonly catchUp: number | undefined
  readonly noticedMs: number | undefined
}

/** Puts the world through each outage in turn and says what held. The load goes on all the while. */
export async function endure(world: World, outages: readonly Outage[], say: ChaosContext['say']): Promise<Invariant[]> {
  const seen: Observed[] = []
  await sleep(WARM_UP_MS)
  for (const outage of outages) {
    const observed = await endureOne(world, outage)
    seen.push(observed)
    say(describe(observed))
  }
  return judge(world, seen)
}

async function endureOne(world: World, { name, durationMs, total, begin, end }: Outage): Promise<Observed> {
  const { herd } = world
  const before = await memoryFor(world, 1_500)
  const sessionsBefore = herd.sessions
  const beganMs = performance.now()
  await begin()
  const noticed = until(() => isUnready(world), durationMs)
  await sleep(LAST_ACKS_MS)
  const silentFromMs = performance.now()
  const during = await memoryFor(world, durationMs - LAST_ACKS_MS)
  const endedMs = performance.now()
  const noticedMs = await noticed
  const ackedMeanwhile = herd.ackedBetween(silentFromMs, endedMs)
  await end()
  const catchUp = await watchCatchUp(world)
  const caughtUp = await memoryFor(world, 1_000)
  return {
    ...{ name, total, ackedMeanwhile, ...catchUp },
    noticedMs: noticedMs === undefined || noticedMs > endedMs - beganMs ? undefined : noticedMs,
    sessionsLost: herd.sessions - sessionsBefore,
    growthBytes: Math.max(...during) - Math.max(...before),
    laterBytes: Math.max(...caughtUp) - Math.max(...before),
  }
}

async function isUnready({ gateway }: World): Promise<boolean> {
  const answer = await gateway.api('GET', '/readyz').catch(() => undefined)
  return answer?.status === 503
}

/** Samples over a time, never none. */
async function memoryFor({ gateway }: World, ms: number): Promise<number[]> {
  const samples = [await gateway.rssBytes()]
  for (const untilMs = performance.now() + ms; performance.now() < untilMs; ) {
    await sleep(SAMPLE_EVERY_MS)
    samples.push(await gateway.rssBytes())
  }
  return samples
}

/** From the end of a fault until all is as before; the rate counts from the first acknowledgement. */
async function watchCatchUp({ herd }: World): Promise<Pick<Observed, 'steadyMs' | 'catchUp'>> {
  const backlog = herd.unacked
  const ackedBefore = herd.acked
  const firstAck = until(() => herd.acked > ackedBefore, STEADY_WAIT_MS, 10).then(() => performance.now())
  const steadyMs = await herd.steady(STEADY_WAIT_MS)
  const seconds = (performance.now() - (await firstAck)) / 1000
  const rate = (herd.acked - ackedBefore) / Math.max(seconds, 0.1)
  return { steadyMs, catchUp: backlog > 2 * herd.liveRatePerS ? rate / herd.liveRatePerS : undefined }
}

function describe({ name, steadyMs, catchUp, growthBytes, laterBytes, ackedMeanwhile, noticedMs }: Observed): string {
  const steady = steadyMs === undefined ? 'NOT steady' : `steady after ${(steadyMs / 1000).toFixed(1)} s`
  const rate = catchUp === undefined ? '' : `, catch-up ${catchUp.toFixed(1)} times the live rate`
  const noticed = noticedMs === undefined ? 'not unready' : `unready after ${(noticedMs / 1000).toFixed(1)} s`
  return `${name}: ${noticed}, ${ackedMeanwhile} acknowledged meanwhile, ${steady}${rate}, memory +${mebibytes(growthBytes)}, then +${mebibytes(laterBytes)}`
}

function judge({ herd }: World, seen: readonly Observed[]): Invariant[] {
  const each = (statement: string, isBroken: (one: Observed) => boolean, shown: (one: Observed) => string) => ({
    statement,
    checked: seen.length,
    broken: seen.filter(isBroken).length,
    detail: seen.map((one) => `${one.name}: ${shown(one)}`).join(', '),
  })
  const total = seen.filter((one) => one.total)
  const leaked = total.map(({ ackedMeanwhile }) => ackedMeanwhile)
  const rates = seen.flatMap(({ catchUp }) => (catchUp === undefined ? [] : [catchUp]))
  return [
    {
      statement: 'nothing is acknowledged while the bus is away',
      checked: total.length,
      broken: leaked.reduce((sum, count) => sum + count, 0),
    },
    {
      statement: 'every device keeps its session while the bus is away',
      checked: seen.length * herd.animals.length,
      broken: seen.reduce((sum, { sessionsLost }) => sum + sessionsLost, 0),
    },
    each(
      `the gateway grows by ${mebibytes(GROWTH_MAX_BYTES)} while the bus is away, at most`,
      ({ growthBytes }) => growthBytes > GROWTH_MAX_BYTES,
      ({ growthBytes, laterBytes }) => `+${mebibytes(growthBytes)}, caught up +${mebibytes(laterBytes)}`,
    ),
    each(
      `steady ${STEADY_MAX_MS / 1000} s after the fault at most`,
      ({ steadyMs }) => steadyMs === undefined || steadyMs > patient(STEADY_MAX_MS),
      ({ steadyMs }) => (steadyMs === undefined ? 'never' : `${(steadyMs / 1000).toFixed(1)} s`),
    ),
    {
      statement: 'catch-up, as a multiple of the live rate (3 wanted)',
      ...{ checked: rates.length, broken: rates.filter((rate) => rate < 3).length, informative: true },
      detail: `median ${median(rates).toFixed(1)}: ${rates.map((rate) => rate.toFixed(1)).join(', ')}`,
    },
  ]
}
