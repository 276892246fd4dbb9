/** What an alarm can be about. Those of devices begin with `device_`. */
export const ALARM_KINDS = [
  'bus_unavailable',
  'bus_behind',
  'registry_unavailable',
  'registry_slow',
  'disk_low',
  'certificate_ending',
  'event_loop_slow',
  'audit_lost',
  'log_lines_lost',
  'dead_letters',
  'device_quarantined',
  'device_restarting',
  'device_flapping',
  'device_overslept',
  'device_losing',
] as const
export type AlarmKind = (typeof ALARM_KINDS)[number]

/** Critical: the gateway does not do its work, or is about to. Warning: something is lost, or soon will be. */
export const SEVERITIES = ['warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** Facts behind the text, for programs: a few words and numbers, named as in the API. */
export type AlarmDetail = Readonly<Record<string, string | number>>

/** Something that needs a person now. It ends by itself when its cause is gone. */
export interface Alarm {
  /** The same whenever it is about the same thing: the kind, and the device after a colon. */
  readonly id: string
  readonly kind: AlarmKind
  readonly severity: Severity
  readonly device?: string
  /** When its cause began, as far as that is known. Unix time in ms. */
  readonly sinceMs: number
  /** What is wrong and what to do next. */
  readonly text: string
  readonly detail: AlarmDetail
  /** How many things it stands for: 1, or those that are not shown one by one. */
  readonly count: number
}

/** What is wrong right now, as one look found it. Whether it is an alarm is decided by how long it lasts. */
export interface Condition {
  readonly kind: AlarmKind
  readonly severity: Severity
  readonly device?: string
  readonly sinceMs?: number
  /** Nearly well: it keeps an alarm that is there, and begins none. */
  readonly keepsOnly?: boolean
  /** Asked only for those that are shown. */
  readonly say: () => { readonly text: string; readonly detail: AlarmDetail }
}

/** In the words of the API, for REST and live pages. */
export function alarmItem({ id, kind, severity, device, sinceMs, text, detail, count }: Alarm) {
  return { id, kind, severity, device, since: sinceMs, text, detail, count }
}
