import type { Topics } from '../../protocol/topics.ts'
import { GatewayError } from './errors.ts'
import type { Bus, Log } from './ports.ts'
import type { Shadow } from './records.ts'
import type { Registry } from './registry.ts'

/** Shadows on their way to the bus: at 16 KiB each 1 MiB at most, whatever the fleet. The others wait as ids. */
const IN_FLIGHT_MAX = 64
/** Ids read at once while all are published again. */
const PAGE = 1_000

export interface ShadowBoardNeeds {
  readonly registry: Pick<Registry, 'shadow' | 'shadowDevices'>
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly log: Log
}

/** [U-8] Shows each shadow, retained, as its row is when its turn comes. Nothing waits for the bus. */
export class ShadowBoard {
  readonly #needs: ShadowBoardNeeds
  /** Changed since it was last read to be shown. */
  readonly #changed = new Set<string>()
  readonly #atWork = new Map<string, { forgotten: boolean }>()
  /** The bus or the registry had no room: tried again with the next tick. */
  readonly #later = new Set<string>()

  constructor(needs: ShadowBoardNeeds) {
    this.#needs = needs
  }

  /** Call it after each change of the row. */
  publish(device: string): void {
    this.#changed.add(device)
    this.#pump()
  }

  /** [U-9] An embedded bus has forgotten its retained topics. Resolves when all are on the list. */
  async restore(): Promise<void> {
    let after: string | undefined
    for (;;) {
      const devices = await this.#needs.registry.shadowDevices({ after, limit: PAGE })
      for (const device of devices) this.publish(device)
      after = devices.at(-1)
      if (devices.length < PAGE) return
    }
  }

  /** Call it now and then. */
  tick(): void {
    for (const device of this.#later) this.#changed.add(device)
    this.#later.clear()
    this.#pump()
  }

  /** Nothing of a deleted device is published from here on; its topic is cleared by who deletes it. */
  forget(device: string): void {
    this.#changed.delete(device)
    this.#later.delete(device)
    const work = this.#atWork.get(device)
    if (work !== undefined) work.forgotten = true
  }

  #pump(): void {
    for (const device of this.#changed) {
      if (this.#atWork.size >= IN_FLIGHT_MAX) return
      if (this.#atWork.has(device)) continue // shown again when that one has ended
      this.#changed.delete(device)
      const work = { forgotten: false }
      this.#atWork.set(device, work)
      this.#show(device, work)
        .catch((error: unknown) => this.#notShown(device, work, error))
        .finally(() => {
          this.#atWork.delete(device)
          this.#pump()
        })
    }
  }

  async #show(device: string, work: { readonly forgotten: boolean }): Promise<void> {
    const { registry, bus, topics } = this.#needs
    const shadow = await registry.shadow(device)
    // Asked in the same breath as the publish: what comes after the clearing would be a ghost [U-6].
    if (shadow === undefined || work.forgotten) return
    await bus.publish(topics.shadow(device), document(shadow), { retain: true })
  }

  #notShown(device: string, work: { readonly forgotten: boolean }, error: unknown): void {
    this.#needs.log.warn({ error, device }, 'shadow not published')
    if (error instanceof GatewayError && error.retry && !work.forgotten) this.#later.add(device)
  }
}

function document({ desired, desiredVersion, reported, reportedVersion }: Shadow): string {
  return JSON.stringify({ desired, reported, versions: { desired: desiredVersion, reported: reportedVersion } })
}
