import { readdir, readFile } from 'node:fs/promises'
import type { GatewayUnderTest } from '../support/gateway-under-test.ts'
import { until } from '../support/wait.ts'

/** Ticks of /proc/<pid>/stat: USER_HZ is 100 on every Linux that Node supports. */
const TICKS_PER_S = 100
/** For sockets of devices that left to be closed on the gateway's side. */
const BACK_MAX_MS = 30_000
/** What comes and goes by itself: a certificate being looked at, a request of ours. */
const SLACK = 16

export async function descriptors(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

/** How many more descriptors than `base` are open when they are no fewer after a while. */
export async function descriptorsBack(pid: number, base: number): Promise<number> {
  const isBack = async () => (await descriptors(pid)) <= base + SLACK
  if ((await until(isBack, BACK_MAX_MS, 200)) !== undefined) return 0
  return (await descriptors(pid)) - base
}

/** Processor time of all threads of a process so far. */
export async function cpuS(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S
}

/** Names (with their labels) and values of /metrics. The delay of the event loop counts from the last look. */
export type Metrics = ReadonlyMap<string, number>

export async function metricsOf(gateway: GatewayUnderTest): Promise<Metrics> {
  const { body } = await gateway.api('GET', '/metrics')
  const lines = String(body).split('\n')
  const values = lines.filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(values.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
}

export function lagMs(metrics: Metrics, name: 'p99' | 'max'): number {
  return Math.round((metrics.get(`nodejs_eventloop_lag_${name}_seconds`) ?? Number.NaN) * 1000)
}

/** Refused handshakes by reason, since the counters stood at `before`. */
export function refusals(metrics: Metrics, before: Metrics = new Map()): string {
  const counted = [...metrics].flatMap(([name, value]) => {
    const reason = /^fairlead_handshakes_refused_total\{reason="(.*)"\}$/.exec(name)?.[1]
    const times = value - (before.get(name) ?? 0)
    return reason === undefined || times === 0 ? [] : [`${reason} ${times}`]
  })
  return counted.join(', ') || 'none'
}
