import type { LiveChannel } from '../../../protocol/live.ts'
import type { DeviceEvent, DeviceLog, Progress, TelemetryPoint } from '../../../protocol/messages.ts'
import { type Alarm, alarmItem } from '../alarms/alarm.ts'
import { type BatchTarget, targetOf } from '../batch-store.ts'
import type { CommandRecord } from '../command-machine.ts'
import type { Heard, Observer } from '../observer.ts'
import type { DeadLetter, DeviceRow, Presence } from '../records.ts'
import { History } from './history.ts'
import { KeptTelemetry } from './kept-telemetry.ts'
import type { LiveRecord } from './record.ts'
import {
  batchItem,
  commandItem,
  deadLetterItem,
  deviceItem,
  eventItem,
  logItem,
  pointItems,
  presenceItem,
  progressItem,
} from './wire.ts'

/** Changes of the fleet that a page may miss and still catch up with: a restart with 5,000 devices is two for each. */
const FLEET_CHANGES_MAX = 16_384
/** Of all devices together. A page that was away longer reads the rest by REST. */
const ITEMS_MAX = 2_000
const ITEMS_MAX_BYTES = 4 * 1024 * 1024
/** What a record costs beside its frame. */
const RECORD_BYTES = 64

/** What happened lately, for everybody who looks on. Nothing here waits for anybody: readers that are late miss the oldest. */
export class LiveFeed implements Observer {
  readonly #fleet = new History<LiveRecord>(FLEET_CHANGES_MAX)
  readonly #kinds = {
    telemetry: new History<LiveRecord>(ITEMS_MAX),
    events: new History<LiveRecord>(ITEMS_MAX),
    commands: new History<LiveRecord>(ITEMS_MAX),
    logs: new History<LiveRecord>(ITEMS_MAX),
    batches: new History<LiveRecord>(ITEMS_MAX),
    'dead-letters': new History<LiveRecord>(ITEMS_MAX),
    alarms: new History<LiveRecord>(ITEMS_MAX),
    node: new History<LiveRecord>(1),
  }
  readonly #telemetry = new KeptTelemetry()

  /** The history behind a channel; undefined while there is none. */
  history(channel: LiveChannel): History<LiveRecord> | undefined {
    if (channel.kind === 'fleet') return this.#fleet
    if (channel.kind === 'telemetry' && channel.device !== undefined) return this.#telemetry.of(channel.device)
    return this.#kinds[channel.kind]
  }

  presence(row: Presence): void {
    this.#change({ device: row.device, key: `presence ${row.device}`, items: () => [presenceItem(row)] })
  }

  device(row: DeviceRow): void {
    this.#change({ device: row.id, key: `device ${row.id}`, items: () => [deviceItem(row)] })
  }

  deleted(device: string): void {
    this.#telemetry.forget(device)
    this.#change({ device, items: () => [{ id: device, deleted: true }] })
  }

  telemetry(device: string, points: readonly TelemetryPoint[], receivedAtMs: number, bytes: number): void {
    const record = { device, items: () => pointItems(device, points, receivedAtMs) }
    this.#telemetry.add(device, record, bytes + RECORD_BYTES)
    this.#add('telemetry', record, bytes)
  }

  event(device: string, event: DeviceEvent, heard: Heard, bytes: number): void {
    this.#add('events', { device, items: () => [eventItem(device, event, heard)] }, bytes)
  }

  log(device: string, log: DeviceLog, heard: Heard): void {
    this.#add('logs', { device, items: () => [logItem(device, log, heard)] }, log.text.length)
  }

  command(command: CommandRecord): void {
    const bytes = sizeOf(command.params) + sizeOf(command.result)
    const key = `command ${command.id}`
    this.#add('commands', { device: command.device, key, items: () => [commandItem(command)] }, bytes)
    if (command.batch !== undefined) this.batch(command.batch, targetOf(command))
  }

  batch(id: string, target?: BatchTarget): void {
    const bytes = sizeOf(target?.result) + sizeOf(target?.error)
    const key = `batch ${id} ${target?.device ?? ''}`
    this.#add('batches', { key, items: () => [batchItem(id, target)] }, bytes)
  }

  progress(device: string, progress: Progress, atMs: number): void {
    const key = `progress ${progress.id}`
    this.#add('commands', { device, key, items: () => [progressItem(device, progress, atMs)] }, RECORD_BYTES)
  }

  deadLetter(letter: DeadLetter): void {
    const bytes = letter.topic.length + letter.payload.length
    this.#add('dead-letters', { items: () => [deadLetterItem(letter)] }, bytes)
  }

  alarm(alarm: Alarm): void {
    this.#alarm({ key: `alarm ${alarm.id}`, items: () => [alarmItem(alarm)] })
  }

  alarmOver(id: string): void {
    this.#alarm({ key: `alarm ${id}`, items: () => [{ id, over: true }] })
  }

  /** How the node is now: only the newest is of interest. */
  node(report: object): void {
    this.#add('node', { items: () => [report] }, RECORD_BYTES)
  }

  #alarm(record: LiveRecord): void {
    this.#add('alarms', record, RECORD_BYTES)
  }

  #change(record: LiveRecord): void {
    this.#fleet.push(record, RECORD_BYTES, Number.POSITIVE_INFINITY)
  }

  #add(kind: Exclude<LiveChannel['kind'], 'fleet'>, record: LiveRecord, bytes: number): void {
    this.#kinds[kind].push(record, bytes + RECORD_BYTES, ITEMS_MAX_BYTES)
  }
}

function sizeOf(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length
}
