import { signal } from '@preact/signals'
import { gatewayNow } from './state/live.ts'

/** The gateway's time, a new value each second: what shows "3 s ago" reads it. */
export const now = signal(gatewayNow())
setInterval(() => {
  now.value = gatewayNow()
}, 1_000)

const whole = new Intl.NumberFormat('en')
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 5 })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

export const count = (value: number): string => whole.format(value)

export function shown(value: unknown): string {
  if (typeof value === 'number')
    return Math.abs(value) >= 1e6 || Number.isInteger(value) ? whole.format(value) : short.format(value)
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** `840 B`, `12 KiB`, `3.4 GiB`. */
export function size(bytes: number | undefined): string {
  if (bytes === undefined) return 'unknown'
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** step
  return `${step > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[step]}`
}
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `12 s`, `4 min`, `3 h`, `2 days`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000))
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min`
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h`
  return `${Math.floor(s / 86_400)} days`
}

const LARGE_UNITS = [
  { ms: 86_400_000, name: 'd', smaller: { ms: 3_600_000, name: 'h' } },
  { ms: 3_600_000, name: 'h', smaller: { ms: 60_000, name: 'min' } },
  { ms: 60_000, name: 'min', smaller: { ms: 1_000, name: 's' } },
]

/** In two units: `12 s`, `2 min 5 s`, `1 h 28 min`, `3 d 4 h`. */
export function lasting(ms: number): string {
  const unit = LARGE_UNITS.find((one) => ms >= one.ms)
  if (unit === undefined) return span(ms)
  const rest = Math.floor((ms % unit.ms) / unit.smaller.ms)
  return `${Math.floor(ms / unit.ms)} ${unit.name}${rest === 0 ? '' : ` ${rest} ${unit.smaller.name}`}`
}

export const ago = (atMs: number): string => `${span(now.value - atMs)} ago`
export const timeOf = (atMs: number): string =>
  Date.now() - atMs < 12 * 3_600_000 ? clock.format(atMs) : day.format(atMs)
export const exactly = (atMs: number): string => full.format(atMs)

const REASONS: Readonly<Record<string, string>> = {
  connected: 'connected',
  never_connected: 'never connected',
  sleep: 'went to sleep',
  missed_wake: 'did not wake when it said',
  heartbeat_timeout: 'stopped answering',
  connection_lost: 'lost its network',
  closed_by_device: 'hung up',
  bye: 'said goodbye',
  too_big: 'sent a frame that is too big',
  internal_error: 'a fault inside the gateway',
  no_hello: 'did not introduce itself',
  connection_limit: 'connected too often',
  going_away: 'the gateway stopped',
  overload: 'the gateway had too much to do',
  device_deleted: 'deleted by an operator',
  gateway_restarted: 'the gateway restarted',
  restart: 'the gateway stopped',
  token_revoked: 'its token was revoked',
  token_expired: 'its token has expired',
  device_disabled: 'disabled by an operator',
  slow_consumer: 'did not read what was sent',
  bus_unavailable: 'the bus was away',
  window_overstepped: 'sent too much at once',
  malformed_messages: 'sent what nobody understands',
  replaced: 'connected anew elsewhere',
}

/** The gateway's short word in plain words. */
export const reasonText = (reason: string): string => REASONS[reason] ?? reason.replaceAll('_', ' ')
