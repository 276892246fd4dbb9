import type { LiveChannel, LiveMessage } from '../../../protocol/live.ts'
import type { DeviceRow, Presence } from '../records.ts'
import type { LiveFeed, LiveRecord } from './feed.ts'
import { deviceItem, presenceItem } from './wire.ts'

/** Records in one message: some tens of kilobytes. */
const RECORDS_PER_MESSAGE = 300
/** Devices in one part of the snapshot of the fleet. */
const DEVICES_PER_MESSAGE = 500

export interface SubscriptionNeeds {
  readonly feed: LiveFeed
  /** Names this run of the gateway: a cursor of another one means nothing. */
  readonly epoch: () => string
  readonly registry: { listDevices(page: { after?: string; limit: number }): Promise<DeviceRow[]> }
  readonly presence: { of(device: string): Presence }
  /** What there is now of a channel whose history does not say it. */
  readonly now: Readonly<Record<'alarms' | 'node', () => readonly object[]>>
}

/**
 * One channel as one browser has seen it so far. It keeps a place in the feed's history and nothing else, so a slow
 * browser costs nothing: what it missed altogether comes as a new snapshot.
 */
export class Subscription {
  readonly channel: string
  readonly of: LiveChannel
  readonly #needs: SubscriptionNeeds
  #next: number
  /** `recovered` of the snapshot that is still to be sent. */
  #owed: { readonly recovered: boolean } | undefined
  /** The last device of the fleet's snapshot so far. */
  #after: string | undefined

  constructor(channel: string, of: LiveChannel, cursor: string | undefined, needs: SubscriptionNeeds) {
    this.channel = channel
    this.of = of
    this.#needs = needs
    const [epoch, number] = cursor?.split('.') ?? []
    const from = epoch === needs.epoch() ? Number(number) : Number.NaN
    const recovered = this.#history?.reaches(from) === true
    this.#next = recovered ? from : this.#snapshotStart()
    this.#owed = { recovered }
  }

  /** What is to be sent now; undefined for nothing. */
  async next(): Promise<LiveMessage | undefined> {
    if (this.#history?.reaches(this.#next) === false) {
      this.#next = this.#snapshotStart()
      this.#owed = { recovered: false }
      this.#after = undefined
    }
    if (this.#owed !== undefined) return this.#snapshot(this.#owed.recovered)
    const items = this.#read()
    return items.length === 0 ? undefined : { type: 'changes', channel: this.channel, cursor: this.#cursor, items }
  }

  get #history() {
    return this.#needs.feed.history(this.of)
  }

  get #cursor(): string {
    return `${this.#needs.epoch()}.${this.#next}`
  }

  /** The snapshot of the whole is what there is now, and then what changes; those of devices are their history. */
  #snapshotStart(): number {
    const history = this.#history
    const { kind } = this.of
    return (kind === 'fleet' || kind === 'alarms' || kind === 'node' ? history?.end : history?.start) ?? 0
  }

  async #snapshot(recovered: boolean): Promise<LiveMessage> {
    const shared = { type: 'snapshot', channel: this.channel, recovered } as const
    const { kind } = this.of
    if (kind !== 'fleet' || recovered) {
      const isState = (kind === 'alarms' || kind === 'node') && !recovered
      const items = isState ? this.#needs.now[kind]() : this.#read()
      this.#owed = undefined
      return { ...shared, cursor: this.#cursor, items, more: false }
    }
    const { registry, presence } = this.#needs
    const rows = await registry.listDevices({ after: this.#after, limit: DEVICES_PER_MESSAGE })
    const more = rows.length === DEVICES_PER_MESSAGE
    this.#after = rows.at(-1)?.id
    if (!more) this.#owed = undefined
    const items = rows.map((row) => ({ ...deviceItem(row), ...presenceItem(presence.of(row.id)) }))
    return { ...shared, cursor: this.#cursor, items, more }
  }

  /** The next records of this channel's device; of those with one key only the newest. */
  #read(): readonly object[] {
    const history = this.#history
    if (history === undefined) return []
    const read = history.from(this.#next, RECORDS_PER_MESSAGE)
    this.#next += read.length
    const { device } = this.of
    const mine = device === undefined ? read : read.filter((record) => record.device === device)
    return newest(mine).flatMap((record) => record.items())
  }
}

function newest(records: readonly LiveRecord[]): LiveRecord[] {
  const lastAt = new Map(records.map(({ key }, at) => [key, at]))
  return records.filter(({ key }, at) => key === undefined || lastAt.get(key) === at)
}
