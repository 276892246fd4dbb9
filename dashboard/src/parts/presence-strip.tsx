import { type Signal, useSignal } from '@preact/signals'
import { exactly, lasting, now, reasonText } from '../format.ts'
import type { DeviceConnections } from '../state/connections.ts'
import type { Device } from '../state/fleet.ts'
import { endsSince, type Known, knownSince, type Stretch, sharesOf, stretchesSince } from '../state/presence-history.ts'
import { Choice } from './choice.tsx'
import { TimeAxis } from './time-axis.tsx'

const HOUR_MS = 3_600_000
const SPANS = [
  { value: HOUR_MS, name: '1 h', words: 'the last hour' },
  { value: 24 * HOUR_MS, name: '24 h', words: 'the last 24 hours' },
  { value: 168 * HOUR_MS, name: '7 d', words: 'the last 7 days' },
]
const REASONS_MAX = 4

/** When the device was here, asleep and away, and why. */
export function PresenceStrip({ device, connections }: { device: Device; connections: DeviceConnections }) {
  const spanMs = useSignal(24 * HOUR_MS)
  const { value: list } = connections.list
  const known: Known = { connections: list, present: device, createdAtMs: device.created_at, nowMs: now.value }
  const fromMs = known.nowMs - spanMs.value
  const stretches = connections.isLoaded.value ? stretchesSince(fromMs, known) : []
  const words = SPANS.find(({ value }) => value === spanMs.value)?.words ?? ''
  return (
    <section class="card presence-history" aria-label="Presence">
      <header>
        <h2>Presence</h2>
        <Shares stretches={stretches} words={words} />
        <Choice name="presence-span" legend="How far back" options={SPANS} chosen={spanMs} />
      </header>
      <Strip stretches={stretches} fromMs={fromMs} spanMs={spanMs.value} known={known} />
      <Ends fromMs={fromMs} known={known} words={words} />
    </section>
  )
}

function percent(part: number): string {
  if (part > 0.999 && part < 1) return '> 99.9 %'
  if (part > 0 && part < 0.001) return '< 0.1 %'
  return `${(100 * part).toFixed(part === 1 || part === 0 ? 0 : 1)} %`
}

function Shares({ stretches, words }: { stretches: readonly Stretch[]; words: string }) {
  const shares = sharesOf(stretches)
  if (shares === undefined) return <p class="shares" />
  return (
    <p class="shares">
      <b data-state="online">{percent(shares.online)}</b> online
      {shares.sleeping > 0 && `, ${percent(shares.sleeping)} asleep`}
      {shares.offline > 0 && `, ${percent(shares.offline)} away`}
      <span class="unseen"> in {words}</span>
    </p>
  )
}

interface StripProps {
  readonly stretches: readonly Stretch[]
  readonly fromMs: number
  readonly spanMs: number
  readonly known: Known
}

/** One stop for the keyboard; the arrows go from stretch to stretch. */
function Strip({ stretches, fromMs, spanMs, known }: StripProps) {
  const chosen = useSignal<number | undefined>(undefined)
  const last = stretches.length - 1
  const at = Math.min(chosen.value ?? last, last)
  const shown = chosen.value === undefined ? undefined : stretches[at]
  const step = (event: KeyboardEvent) => {
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key]
    if (next === undefined || next < 0 || next > last) return
    event.preventDefault()
    chosen.value = next
    const strip = event.currentTarget as HTMLElement
    ;(strip.children[next] as HTMLElement).focus()
  }
  return (
    <>
      <div class="strip" role="group" aria-label="Presence over time, oldest first" onKeyDown={step}>
        {stretches.map((stretch, index) => (
          <Part
            key={keyOf(stretch, index)}
            {...{ stretch, index, chosen, isStop: index === at }}
            from={(stretch.fromMs - fromMs) / spanMs}
            share={(stretch.toMs - stretch.fromMs) / spanMs}
            label={inWords(stretch, known)}
          />
        ))}
      </div>
      <TimeAxis fromMs={fromMs} spanMs={spanMs} />
      <p class="stretch hint">
        {shown === undefined ? 'Choose a part to see when it was, and why.' : inWords(shown, known)}
      </p>
    </>
  )
}

/** The same while time goes on: the first part begins later with each second, since it leaves the picture. */
const keyOf = ({ state, session, fromMs }: Stretch, index: number): string =>
  `${state} ${session ?? (index === 0 ? 'first' : fromMs)}`

interface PartProps {
  readonly stretch: Stretch
  readonly index: number
  readonly chosen: Signal<number | undefined>
  readonly isStop: boolean
  readonly from: number
  readonly share: number
  readonly label: string
}

function Part({ stretch, index, chosen, isStop, from, share, label }: PartProps) {
  const choose = () => {
    chosen.value = index
  }
  return (
    <button
      type="button"
      class="part"
      data-state={stretch.state}
      aria-label={label}
      aria-pressed={chosen.value === index}
      tabIndex={isStop ? 0 : -1}
      style={{ '--from': from, '--share': share }}
      onFocus={choose}
      onPointerEnter={choose}
      onClick={choose}
    />
  )
}

function inWords(stretch: Stretch, { nowMs, createdAtMs }: Known): string {
  const { state, fromMs, toMs, reason } = stretch
  const until = toMs >= nowMs ? 'now' : exactly(toMs)
  const when = `${exactly(fromMs)} – ${until}, ${lasting(toMs - fromMs)}`
  switch (state) {
    case 'online':
      return `Online. ${when}${reason === undefined ? '' : `, then ${reasonText(reason)}`}.${origin(stretch)}`
    case 'sleeping':
      return `Asleep. ${when}.`
    case 'offline':
      return `Away: ${reasonText(reason ?? '')}. ${when}.`
    default:
      if (toMs <= createdAtMs) return `Not added yet: ${when}.`
      return `Not known, since it is longer ago than what is kept: ${when}.`
  }
}

function origin({ address, session }: Stretch): string {
  if (session === undefined) return ''
  return address === undefined ? ` Session ${session}.` : ` From ${address}, session ${session}.`
}

/** Why it went, how often; and where the known begins, when that is within sight. */
function Ends({ fromMs, known, words }: { fromMs: number; known: Known; words: string }) {
  const ends = endsSince(fromMs, known.connections)
  const sinceMs = knownSince(known)
  const isWhole = sinceMs === known.createdAtMs
  return (
    <p class="ends">
      {ends.slice(0, REASONS_MAX).map(([reason, times]) => (
        <span key={reason} class="tag">
          {times} × {reasonText(reason)}
        </span>
      ))}
      {ends.length > REASONS_MAX && <span class="tag">{ends.length - REASONS_MAX} other reasons</span>}
      {ends.length === 0 && <span class="hint">No connection ended in {words}.</span>}
      {sinceMs > fromMs && (
        <span class="hint">
          {isWhole ? 'Added' : 'Known since'} {exactly(sinceMs)}
          {!isWhole && ': the gateway keeps the latest 50 connections'}
        </span>
      )}
    </p>
  )
}
