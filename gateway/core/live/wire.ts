import type { DeviceEvent, DeviceLog, Progress, TelemetryPoint } from '../../../protocol/messages.ts'
import type { BatchTarget } from '../batch-store.ts'
import type { CommandRecord } from '../command-machine.ts'
import type { Heard } from '../observer.ts'
import type { DeadLetter, DeviceRow, Presence } from '../records.ts'
import { stamp } from '../telemetry.ts'

/** Items of the live channels, in the words of the REST API. */

export function presenceItem(row: Presence): object {
  const { device: id, state, session, sinceMs: since, reason, node, wakeAtMs: wake_at } = row
  return { id, state, session, since, reason, node, wake_at }
}

export function deviceItem(row: DeviceRow): object {
  const { id, model, firmware, capabilities, tags, enabled, createdAtMs: created_at } = row
  return { id, model, firmware, capabilities, tags, enabled, created_at }
}

export function pointItems(device: string, points: readonly TelemetryPoint[], receivedAtMs: number): object[] {
  return points.map((point) => ({ device, ...stamp(point, receivedAtMs), values: point.values }))
}

/** `id` is that of `GET /events`. */
export function eventItem(device: string, event: DeviceEvent, { id, atMs: at }: Heard): object {
  return { id, at, device, name: event.name, ...stamp(event, at), data: event.data }
}

export function logItem(device: string, { level, text }: DeviceLog, { id, atMs }: Heard): object {
  return { id, at: atMs, device, level, text, ts: atMs }
}

export function commandItem(command: CommandRecord): object {
  const { id, device, batch, name, params, state, result, error, lateResult, deliveries, history } = command
  return {
    ...{ id, device, batch, name, params, ttl_s: command.ttlS, timeout_s: command.timeoutS, state },
    ...{ due_at: command.dueAtMs, deliveries, cancel_requested_at: command.cancelAskedAtMs },
    ...{ result, error, late_result: lateResult, created_at: command.createdAtMs },
    history: history.map((step) => ({ state: step.state, at: step.atMs })),
  }
}

/** One device of a batch, or only that the batch is another one now. */
export function batchItem(id: string, target: BatchTarget | undefined): object {
  return { id, ...target }
}

export function deadLetterItem({ atMs: at, ...letter }: DeadLetter): object {
  return { at, ...letter }
}

/** News of a command that runs; its state comes as a command. */
export function progressItem(device: string, { id, percent, text }: Progress, at: number): object {
  return { id, device, progress: { percent, text, at } }
}
