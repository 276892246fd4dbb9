import type { AlarmKind } from './alarm.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 3_600_000

/** From when on a person should look. Each is about what heals by itself and what does not. */
export const ALARM_LIMITS = {
  /** Alarms of one kind that are shown one by one; of the others only the number. More is no list but an outage. */
  perKindMax: 50,
  /** A restart of the bus with a full fleet leaves some thousands waiting, and is over in seconds. */
  busWaitingMessages: 10_000,
  /** A tenth of what a thread takes before it refuses. */
  registryWaiting: 1_000,
  /** The write-ahead log keeps 64 MiB after a burst and may grow to that again at any moment; the rest is time to act. */
  diskFreeWarningBytes: 512 * 1024 * 1024,
  diskFreeCriticalBytes: 64 * 1024 * 1024,
  /** A renewal by hand takes a week with its holidays; three days are the last working day. */
  certificateWarningMs: 14 * DAY_MS,
  certificateCriticalMs: 3 * DAY_MS,
  /** The 99th percentile above which commands and acknowledgements are late for a person to notice. */
  loopDelayMs: 200,
  /** Of the last minute: half of it slow is too much work; a sixth keeps the alarm. */
  loopWindowMs: MINUTE_MS,
  loopSlowMs: 30_000,
  loopKeepsMs: 10_000,
  /** What was lost stays lost: an hour is long enough that somebody sees it, and who sent a bad request is still there. */
  lostWindowMs: 60 * MINUTE_MS,
  /** Sessions of a device that ended without anybody's wish. A device with good firmware and Wi-Fi has one in days. */
  sessionsWindowMs: 10 * MINUTE_MS,
  /** With a new boot id each: a person who flashes a board restarts it two or three times. */
  restarts: 4,
  /** With or without: an access point that is set up costs two or three. */
  drops: 6,
  /** Fewer than this in the window: it has come to rest. */
  dropsKeep: 2,
  /** Messages lost by one device in the window. One or two after an outage are how a full outbox ends. */
  lossesWindowMs: 10 * MINUTE_MS,
  losses: 10,
  /** After a missed wake. The clock of a sleeping ESP32 is off by up to 5 %, which of an hour is 3 minutes. */
  oversleptMs: 5 * MINUTE_MS,
  /** Devices remembered for what they lost; the one untouched for longest is forgotten. */
  devicesMax: 5_000,
  /** Details that change all the time are shown again after this. */
  showAgainMs: 10_000,
} as const

export interface Hold {
  /** How long the cause must last: what is over sooner heals by itself. */
  readonly beginAfterMs: number
  /** How long it must be gone, so that an alarm does not come and go. */
  readonly endAfterMs: number
}

const AT_ONCE: Hold = { beginAfterMs: 0, endAfterMs: 0 }
/** What is counted over a window is calm by itself. */
const COUNTED: Hold = { beginAfterMs: 0, endAfterMs: 10_000 }

export const HOLDS: Readonly<Record<AlarmKind, Hold>> = {
  bus_unavailable: { beginAfterMs: 5_000, endAfterMs: 5_000 }, // a broker that is restarted is back within 3 s
  bus_behind: { beginAfterMs: MINUTE_MS, endAfterMs: 30_000 },
  registry_unavailable: { beginAfterMs: 3_000, endAfterMs: 5_000 }, // it is tried each second
  registry_slow: { beginAfterMs: 30_000, endAfterMs: 30_000 },
  disk_low: { beginAfterMs: 0, endAfterMs: MINUTE_MS }, // files come and go
  certificate_ending: AT_ONCE,
  event_loop_slow: COUNTED,
  audit_lost: COUNTED,
  log_lines_lost: COUNTED,
  dead_letters: COUNTED,
  device_quarantined: AT_ONCE, // it lasts minutes by its own rule
  device_restarting: COUNTED,
  device_flapping: COUNTED,
  device_overslept: AT_ONCE,
  device_losing: COUNTED,
}
