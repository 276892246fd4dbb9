import { readFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'

/** Processes that want to run for each core when two cases run side by side and nothing else does. */
const USUAL_PER_CORE = 2
/** Of /proc: fixed for user space on Linux. */
const TICKS_PER_S = 100

/** How many times slower things are because others use this machine too; 1 when they do not. */
function crowding(): number {
  return Math.max(1, (loadavg()[0] ?? 0) / (USUAL_PER_CORE * availableParallelism()))
}

/** A bound of time that a promise gives, longer while the machine does other work as well. */
export function patient(boundMs: number): number {
  return boundMs * crowding()
}

/** Processor time that a process has used, which does not depend on others; 0 when there is no such process. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const [, ...fields] = stat.slice(stat.lastIndexOf(')')).split(' ') // the name before may hold spaces
  const [userTicks, systemTicks] = [Number(fields[11] ?? 0), Number(fields[12] ?? 0)]
  return ((userTicks + systemTicks) * 1000) / TICKS_PER_S
}
