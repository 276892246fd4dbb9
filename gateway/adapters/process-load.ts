import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { LoadFacts } from '../core/node/surroundings.ts'

/** The monitor looks so often, and what it reads holds this much without any delay. */
const RESOLUTION_MS = 10
const NS_PER_MS = 1e6

/** What this process uses. Call `stop` at its end. */
export class ProcessLoad {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #cpu = process.cpuUsage()
  #atMs = performance.now()

  constructor() {
    this.#delays.enable()
  }

  /** About the time since the last call. */
  read(): LoadFacts {
    const { user, system } = process.cpuUsage(this.#cpu)
    const nowMs = performance.now()
    const spanMs = Math.max(1, nowMs - this.#atMs)
    const isEmpty = this.#delays.count === 0
    const load = {
      memoryBytes: process.memoryUsage.rss(),
      cpuPercent: Math.round((user + system) / 10 / spanMs),
      loopP99Ms: isEmpty ? 0 : delayMs(this.#delays.percentile(99)),
      loopMaxMs: isEmpty ? 0 : delayMs(this.#delays.max),
    }
    this.#delays.reset()
    this.#cpu = process.cpuUsage()
    this.#atMs = nowMs
    return load
  }

  stop(): void {
    this.#delays.disable()
  }
}

function delayMs(intervalNs: number): number {
  return Math.max(0, Number((intervalNs / NS_PER_MS - RESOLUTION_MS).toFixed(1)))
}
