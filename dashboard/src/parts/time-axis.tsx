import { isNarrow } from './narrow.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const STEPS_MS = [10 * MINUTE_MS, 3 * HOUR_MS, 6 * HOUR_MS, DAY_MS]
/** Labels that still stand apart on a phone. */
const LABELS_MAX = 8
/** How much of the picture a label takes: nearer to the right edge it would be cut off, and only its mark stands there. */
const LABEL_SHARE = { narrow: 0.14, wide: 0.07 }

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric' })

/** Times under a picture of a span, at whole hours or days of the person who looks. */
export function TimeAxis({ fromMs, spanMs }: { fromMs: number; spanMs: number }) {
  const stepMs = STEPS_MS.find((step) => spanMs / step <= LABELS_MAX) ?? DAY_MS
  const label = stepMs === DAY_MS ? day : clock
  const labelShare = isNarrow.value ? LABEL_SHARE.narrow : LABEL_SHARE.wide
  return (
    <div class="time-axis" aria-hidden="true">
      {ticks(fromMs, fromMs + spanMs, stepMs).map((atMs) => (
        <span key={atMs} style={{ '--from': (atMs - fromMs) / spanMs }}>
          {(fromMs + spanMs - atMs) / spanMs > labelShare && label.format(atMs)}
        </span>
      ))}
    </div>
  )
}

/** Full steps of the local day, so that a day begins at midnight. */
function ticks(fromMs: number, toMs: number, stepMs: number): number[] {
  const first = new Date(fromMs)
  first.setHours(0, 0, 0, 0)
  const count = Math.ceil((toMs - first.getTime()) / stepMs)
  return Array.from({ length: count }, (_, at) => first.getTime() + at * stepMs).filter(
    (atMs) => atMs > fromMs && atMs < toMs,
  )
}
