import type { JsonObject } from '../protocol/json.ts'
import type { Command, Desired, GatewayMessage, TelemetryValue, Welcome } from '../protocol/messages.ts'
import type { Problem } from '../protocol/problem.ts'
import type { CommandCounts, CommandRun } from './command-runner.ts'
import type { ConnectionFacts, ConnectionOptions, DeviceState } from './connection-options.ts'
import type { OutboxRecord, Outcome, RecordTime } from './outbox.ts'
import type { UplinkCounts } from './uplink.ts'

export interface Transition {
  readonly from: DeviceState
  readonly to: DeviceState
  readonly why: string
  /** Unix time in ms. */
  readonly at: number
}

/** What a handler may see and do of the device it runs on. */
export interface HandlersDevice {
  readonly boot: string
  readonly unacked: number
  readonly connection: ConnectionFacts
  settings: JsonObject
  reboot(): void
}

export interface CommandContext extends CommandRun {
  readonly device: HandlersDevice
}
/** Runs a command; its value is the result's `data`. Throw CommandFailed for a failure with a code of your own. */
export type CommandHandler = (command: Command, context: CommandContext) => unknown

export interface DeviceOptions extends ConnectionOptions {
  readonly model?: string
  readonly firmware?: string
  /** Default: random, and never from `random`, or a repeated run would look like a repeat of the last. */
  readonly boot?: string
  readonly firstSeq?: number
  readonly capabilities?: readonly string[]
  readonly nextWakeS?: number | undefined
  /** Records the outbox holds. */
  readonly outboxMax?: number
  /** Handlers by command name; any other goes to `onCommand`, and without it fails as `unsupported`. */
  readonly commands?: Readonly<Record<string, CommandHandler>>
  readonly onCommand?: CommandHandler
  /** Returns the state to report. Default: it becomes the settings, and is reported. */
  readonly onDesired?: (desired: Desired, device: HandlersDevice) => JsonObject
  /** False: a hostile device that ignores the window and every size. */
  readonly obeyLimits?: boolean
}

/** One of three, or none of them: measured at this moment. */
export interface TimeOptions {
  /** Unix time in ms. */
  readonly ts?: number
  readonly ageMs?: number
  readonly timeUnknown?: boolean
}

export interface PointInput extends TimeOptions {
  readonly values: Readonly<Record<string, TelemetryValue>>
}

export interface DeviceCounts extends UplinkCounts, CommandCounts {
  /** Frames from the gateway that did not parse, or came out of turn. */
  strangeFrames: number
}

export const noCounts = (): DeviceCounts => ({
  sent: 0,
  resent: 0,
  acked: 0,
  nacked: 0,
  dropped: 0,
  commands: 0,
  repeatedCommands: 0,
  strangeFrames: 0,
})

export interface DeviceEvents {
  state: [Transition]
  welcome: [Welcome]
  /** Every message that parsed, before the device acts on it. */
  message: [GatewayMessage]
  binary: [Buffer]
  malformed: [Problem]
  sent: [OutboxRecord]
  settled: [OutboxRecord, Outcome]
  /** Nothing is left in the outbox. */
  drained: []
  /** A new token is in its slot. */
  token: [token: string]
}

export function recordTime(time: TimeOptions, nowMs: number): RecordTime {
  if (time.timeUnknown === true) return undefined
  return time.ts === undefined ? { bornAtMs: nowMs - (time.ageMs ?? 0) } : { ts: time.ts }
}
