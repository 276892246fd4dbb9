import type { DeviceRow } from '../records.ts'
import type { Alarm, AlarmKind, Condition, Severity } from './alarm.ts'
import { AlarmBoard, type AlarmBoardNeeds } from './board.ts'
import { DeviceConditions, type DeviceConditionsNeeds } from './device-conditions.ts'
import { NodeConditions, type NodeConditionsNeeds } from './node-conditions.ts'

/** How often it is looked at what is wrong, and at the load. */
const LOOK_EVERY_MS = 1_000
const LOAD_EVERY_MS = 2_000

export interface AlarmQuery {
  readonly severity?: Severity
  readonly kind?: AlarmKind
  readonly device?: string
}

export type AlarmsNeeds = AlarmBoardNeeds & DeviceConditionsNeeds & NodeConditionsNeeds

/** What needs a person now. */
export class Alarms {
  readonly #needs: AlarmsNeeds
  readonly #board: AlarmBoard
  readonly #node: NodeConditions
  readonly #devices: DeviceConditions

  constructor(needs: AlarmsNeeds) {
    this.#needs = needs
    this.#board = new AlarmBoard(needs)
    this.#node = new NodeConditions(needs)
    this.#devices = new DeviceConditions(needs)
  }

  /** The worst and oldest first. Bounded: of each kind some are shown, and one says how many more there are. */
  list({ severity, kind, device }: AlarmQuery = {}): Alarm[] {
    return this.#board
      .list()
      .filter((alarm) => severity === undefined || alarm.severity === severity)
      .filter((alarm) => kind === undefined || alarm.kind === kind)
      .filter((alarm) => device === undefined || alarm.device === device)
  }

  /** How many there are, also of those that are not shown one by one. */
  counts(): Record<Severity, number> {
    const counts = { warning: 0, critical: 0 }
    for (const { severity, count } of this.#board.list()) counts[severity] += count
    return counts
  }

  /** An operator who disables a device has seen to it. */
  rowChanged(row: DeviceRow): void {
    this.#needs.trouble.rowChanged(row)
    if (!row.enabled) this.#board.forget(row.id)
  }

  gone(device: string): void {
    this.#needs.trouble.forget(device)
    this.#board.forget(device)
  }

  readonly duties = [
    { name: 'alarms', everyMs: LOOK_EVERY_MS, run: () => this.#look() },
    { name: 'load', everyMs: LOAD_EVERY_MS, run: () => this.#noteLoad() },
  ]

  #look(): void {
    this.#needs.watch.lookAtParts()
    this.#board.update(this.#conditions())
  }

  #noteLoad(): void {
    this.#node.noteLoad(this.#needs.watch.lookAtLoad(), LOAD_EVERY_MS)
  }

  *#conditions(): Generator<Condition> {
    yield* this.#node.now()
    yield* this.#devices.now()
  }
}
