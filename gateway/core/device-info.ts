import type { Topics } from '../../protocol/topics.ts'
import type { DeviceWatcher } from './device-watcher.ts'
import { GatewayError } from './errors.ts'
import type { Observer } from './observer.ts'
import type { Bus, Log } from './ports.ts'
import type { DeviceRow } from './records.ts'
import type { Registry } from './registry.ts'

/** Rows read at once while all are published again. */
const PAGE = 200

export interface DeviceInfoNeeds {
  readonly registry: Pick<Registry, 'listDevices'>
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly log: Log
  readonly observer?: Observer
  readonly watcher?: Pick<DeviceWatcher, 'rowChanged'>
}

/** [U-4] What each device is, retained on the bus: model, firmware, capabilities, tags. */
export class DeviceInfo {
  readonly #needs: DeviceInfoNeeds
  /** The newest row of each device that is on its way to the bus, or for which the bus had no room. */
  readonly #onTheWay = new Map<string, DeviceRow>()
  readonly #unshown = new Map<string, DeviceRow>()

  constructor(needs: DeviceInfoNeeds) {
    this.#needs = needs
  }

  /** Shows the row. Nothing waits for it; a failure is logged. */
  publish(row: DeviceRow): void {
    const { observer, watcher } = this.#needs
    observer?.device(row)
    watcher?.rowChanged(row)
    this.#show(row).catch((error: unknown) => this.#needs.log.warn({ error, device: row.id }, 'info not published'))
  }

  /** Call it now and then: shows what the bus had no room for. */
  tick(): void {
    for (const row of [...this.#unshown.values()]) this.#show(row).catch(() => {}) // said before, and tried again
  }

  /** Of a deleted device nothing is shown from here on; its topic is cleared by who deletes it. */
  forget(device: string): void {
    this.#onTheWay.delete(device)
    this.#unshown.delete(device)
  }

  /** [U-9] An embedded bus has forgotten its retained topics. */
  async restore(): Promise<void> {
    let after: string | undefined
    for (;;) {
      const rows = await this.#needs.registry.listDevices({ after, limit: PAGE })
      for (const row of rows) this.publish(row)
      after = rows.at(-1)?.id
      if (rows.length < PAGE) return
    }
  }

  async #show(row: DeviceRow): Promise<void> {
    const { bus, topics } = this.#needs
    const { id, model, firmware, capabilities, tags } = row
    const payload = JSON.stringify({ model, firmware, capabilities, tags })
    this.#onTheWay.set(id, row)
    this.#unshown.delete(id)
    const isNewest = () => this.#onTheWay.get(id) === row // else there is a newer one, or the device is deleted
    try {
      await bus.publish(topics.info(id), payload, { retain: true })
    } catch (error) {
      if (isNewest() && error instanceof GatewayError && error.code === 'bus_full') this.#unshown.set(id, row)
      throw error
    } finally {
      if (isNewest()) this.#onTheWay.delete(id)
    }
  }
}
