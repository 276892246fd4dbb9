import type { Topics } from '../../protocol/topics.ts'
import type { DeviceWatcher } from './device-watcher.ts'
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

  constructor(needs: DeviceInfoNeeds) {
    this.#needs = needs
  }

  /** Shows the row. Nothing waits for it; a failure is logged. */
  publish(row: DeviceRow): void {
    const { bus, topics, log, observer, watcher } = this.#needs
    observer?.device(row)
    watcher?.rowChanged(row)
    const { id, model, firmware, capabilities, tags } = row
    const payload = JSON.stringify({ model, firmware, capabilities, tags })
    bus.publish(topics.info(id), payload, { retain: true }).catch((error: unknown) => {
      log.warn({ error, device: id }, 'info not published')
    })
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
}
