import type { LiveChannel, LiveMessage } from '../../../protocol/live.ts'
import type { DeviceRow, Presence } from '../records.ts'
import type { LiveFeed } from './feed.ts'
import type { LiveRecord } from './record.ts'
import { deviceItem, presenceItem } from './wire.ts'

/** Records in one message: some tens of kilobytes. */
const RECORDS_PER_MESSAGE = 300
/** Devices in one part of the snapshot of the fleet. */
const DEVICES_PER_MESSAGE = 500

/** Of a snapshot. */
interface Part {
  readonly items: readonly object[]
  readonly more: boolean
}

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
  /** The snapshot that is still to be sent, of a history up to the number that was its end. */
  #owed: { readonly recovered: boolean; readonly until: number } | undefined
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
    this.#owe(recovered)
  }

  /** What is to be sent now; undefined for nothing. */
  async next(): Promise<LiveMessage | undefined> {
    if (this.#history?.reaches(this.#next) === false) {
      this.#next = this.#snapshotStart()
      this.#owe(false)
    }
    if (this.#owed !== undefined) return this.#snapshot(this.#owed)
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

  #owe(recovered: boolean): void {
    this.#owed = { recovered, until: this.#history?.end ?? 0 }
    this.#after = undefined
  }

  /** The next part. */
  async #snapshot({ recovered, until }: { recovered: boolean; until: number }): Promise<LiveMessage> {
    const { items, more } = recovered ? this.#missed(until) : await this.#whole(until)
    if (!more) this.#owed = undefined
    return { type: 'snapshot', channel: this.channel, recovered, cursor: this.#cursor, items, more }
  }

  async #whole(until: number): Promise<Part> {
    const { kind } = this.of
    if (kind === 'fleet') return this.#devices()
    if (kind === 'alarms' || kind === 'node') return { items: this.#needs.now[kind](), more: false }
    return this.#missed(until)
  }

  #missed(until: number): Part {
    const items = this.#read()
    const end = this.#history?.end ?? 0 // its device may be deleted
    return { items, more: this.#next < Math.min(until, end) }
  }

  async #devices(): Promise<Part> {
    const { registry, presence } = this.#needs
    const rows = await registry.listDevices({ after: this.#after, limit: DEVICES_PER_MESSAGE })
    this.#after = rows.at(-1)?.id
    const items = rows.map((row) => ({ ...deviceItem(row), ...presenceItem(presence.of(row.id)) }))
    return { items, more: rows.length === DEVICES_PER_MESSAGE }
  }

  /** The next items of this channel, of records with one key only the newest. None when nothing more is there. */
  #read(): readonly object[] {
    const { device } = this.of
    for (;;) {
      const read = this.#history?.from(this.#next, RECORDS_PER_MESSAGE) ?? []
      this.#next += read.length
      const mine = device === undefined ? read : read.filter((record) => record.device === device)
      if (mine.length > 0 || read.length === 0) return newest(mine).flatMap((record) => record.items())
    }
  }
}

function newest(records: readonly LiveRecord[]): LiveRecord[] {
  const lastAt = new Map(records.map(({ key }, at) => [key, at]))
  return records.filter(({ key }, at) => key === undefined || lastAt.get(key) === at)
}
