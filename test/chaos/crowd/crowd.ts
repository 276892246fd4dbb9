import { setTimeout as delay } from 'node:timers/promises'
import { SimulatedDevice } from '../../../simulator/device.ts'
import type { DeviceOptions } from '../../../simulator/device-options.ts'
import { enrol } from '../../../simulator/enrol.ts'
import type { FleetMember } from '../../../simulator/fleet.ts'
import type { GatewayUnderTest } from '../support/gateway-under-test.ts'

/** Times in ms, of which the middle, the last but one in a hundred and the last are worth reading. */
export function percentiles(values: readonly number[]): { p50: number; p99: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** Registers devices, and returns them with their tokens. */
export function enrolMany(gateway: GatewayUnderTest, count: number, prefix = 'crowd'): Promise<FleetMember[]> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`)
  return enrol(ids, { api: `https://127.0.0.1:${gateway.port}`, ca: gateway.ca, adminKey: gateway.key })
}

/** Many simulated devices over real wss, and when each of them was ready. */
export class Crowd {
  readonly devices: readonly SimulatedDevice[]
  #readyAtMs = new Map<SimulatedDevice, number>()

  constructor(gateway: GatewayUnderTest, members: readonly FleetMember[], options: Partial<DeviceOptions> = {}) {
    const shared = { url: gateway.deviceUrl, ca: gateway.ca, tlsMaxVersion: 'TLSv1.2' as const, ...options }
    this.devices = members.map(({ token }) => new SimulatedDevice({ ...shared, token }))
    for (const device of this.devices) {
      device.on('welcome', () => this.#readyAtMs.set(device, performance.now()))
    }
  }

  /** Forgets when each was ready. */
  watchAgain(): void {
    this.#readyAtMs = new Map()
  }

  get ready(): number {
    return this.devices.reduce((sum, { state }) => sum + (state === 'ready' ? 1 : 0), 0)
  }

  /** All at one moment. */
  start(): void {
    for (const device of this.devices) device.start()
  }

  /** As a fleet that is switched on one by one: never more than `atOnce` that are not ready yet. */
  async startCalmly(atOnce: number, maxMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + maxMs
    for (let started = 0; started < this.devices.length; ) {
      if (performance.now() > deadlineMs) return false
      const room = this.ready + atOnce
      while (started < Math.min(room, this.devices.length)) this.devices[started++]?.start()
      await delay(20)
    }
    return this.allReady(Math.max(0, deadlineMs - performance.now()))
  }

  /** Waits until every device is ready; false when that takes longer. */
  allReady(maxMs: number): Promise<boolean> {
    return this.someReady(this.devices.length, maxMs)
  }

  /** The same for `count` of them. */
  async someReady(count: number, maxMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + maxMs
    while (this.ready < count) {
      if (performance.now() > deadlineMs) return false
      await delay(50)
    }
    return true
  }

  /** Ms from `sinceMs` (of performance.now) to the last `welcome` of each device that had one. */
  readyAfterMs(sinceMs: number): number[] {
    return [...this.#readyAtMs.values()].map((atMs) => atMs - sinceMs)
  }

  /** All unplugged at once. */
  cut(): void {
    for (const device of this.devices) device.kill()
  }
}
