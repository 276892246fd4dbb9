import type { Fleet, FleetCounts } from './fleet.ts'
import type { Histogram } from './histogram.ts'

export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export interface Report extends FleetCounts {
  readonly durationMs: number
  readonly connectMs: Percentiles
  readonly ackMs: Percentiles
  /** Why the run failed; empty when all went well. */
  readonly failures: readonly string[]
}

/** `counts`: taken before the devices were stopped, so that `ready` means something. */
export function makeReport(fleet: Fleet, counts: FleetCounts, durationMs: number): Report {
  return {
    ...counts,
    durationMs: Math.round(durationMs),
    connectMs: percentiles(fleet.connectMs),
    ackMs: percentiles(fleet.ackMs),
    failures: failuresOf(counts),
  }
}

/** A message without an acknowledgement and a device that never came through are what a run must not end with. */
function failuresOf(counts: FleetCounts): string[] {
  const failures: string[] = []
  const never = counts.devices - counts.everReady
  if (never > 0) failures.push(`${never} of ${counts.devices} devices never became ready`)
  if (counts.unacked > 0) failures.push(`${counts.unacked} messages were not acknowledged`)
  if (counts.nacked > 0) failures.push(`${counts.nacked} messages were refused by the gateway`)
  if (counts.dropped > 0) failures.push(`${counts.dropped} messages were given up by full outboxes`)
  return failures
}

function percentiles(histogram: Histogram): Percentiles {
  const at = (share: number): number => round(histogram.percentile(share))
  return { count: histogram.count, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: round(histogram.maxMs) }
}

const round = (ms: number): number => Math.round(ms * 10) / 10

/** The summary for people. */
export function describeReport(report: Report): string {
  const rows: [string, string][] = [
    ['devices ready', `${report.ready} of ${report.devices} (${report.everReady} had a session)`],
    ['reconnects', `${report.reconnects}, failed connects ${report.failedConnects}`],
    ['messages sent', `${report.sent}, sent again ${report.resent}`],
    ['acknowledged', String(report.acked)],
    ['refused (nack)', String(report.nacked)],
    ['dropped', String(report.dropped)],
    ['not acknowledged', String(report.unacked)],
    ['commands run', `${report.commands}, repeats answered ${report.repeatedCommands}`],
    ['connect time', describePercentiles(report.connectMs)],
    ['ack time', describePercentiles(report.ackMs)],
  ]
  if (report.strangeFrames > 0) rows.push(['strange frames', String(report.strangeFrames)])
  if (report.late > 0) rows.push(['never made', `${report.late} (this process was too slow for the rate)`])
  const lines = rows.map(([name, value]) => `  ${name.padEnd(18)}${value}`)
  const verdict = report.failures.length === 0 ? ['OK'] : report.failures.map((failure) => `FAILED: ${failure}`)
  return [`After ${Math.round(report.durationMs / 100) / 10} s`, ...lines, ...verdict].join('\n')
}

function describePercentiles({ count, p50, p90, p99, max }: Percentiles): string {
  return count === 0 ? 'none measured' : `p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms, max ${max} ms`
}
