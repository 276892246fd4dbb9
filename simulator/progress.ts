import type { Fleet } from './fleet.ts'

/** Often enough to look alive, and rare enough to read. */
const TERMINAL_EVERY_MS = 500
/** Logs should not fill with it. */
const PLAIN_EVERY_MS = 5_000

export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** One line that is rewritten on a terminal, a new line now and then elsewhere. Returns what ends it. */
export function showProgress(fleet: Fleet, stream: ProgressStream): () => void {
  const startedAtMs = performance.now()
  const live = stream.isTTY === true
  const show = (): void => {
    const line = progressLine(fleet, performance.now() - startedAtMs)
    if (live) stream.write(`\r\x1b[2K${line.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`)
    else stream.write(`${line}\n`)
  }
  const timer = setInterval(show, live ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS)
  return () => {
    clearInterval(timer)
    show()
    if (live) stream.write('\n')
  }
}

export function progressLine(fleet: Fleet, elapsedMs: number): string {
  const counts = fleet.counts()
  const parts = [
    `${Math.round(elapsedMs / 1_000)} s`,
    `${counts.ready}/${counts.devices} ready`,
    `sent ${counts.sent}`,
    `acked ${counts.acked}`,
    `waiting ${counts.unacked}`,
  ]
  if (counts.reconnects > 0) parts.push(`reconnects ${counts.reconnects}`)
  if (counts.nacked > 0) parts.push(`refused ${counts.nacked}`)
  if (counts.dropped > 0) parts.push(`dropped ${counts.dropped}`)
  if (fleet.ackMs.count > 0) parts.push(`ack p50 ${Math.round(fleet.ackMs.percentile(0.5))} ms`)
  return parts.join(' · ')
}
