import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { now, shown } from '../format.ts'
import type { Series } from '../state/series.ts'
import { paint } from './theme.tsx'

const HEIGHT_PX = 132
/** One crosshair over all plots of the page. */
const SYNC = uPlot.sync('device')

interface PlotProps {
  readonly series: Series
  readonly name: string
  readonly windowS: number
  /** What is counted begins at 0, so that little looks little. */
  readonly isFromZero?: boolean
}

/** One numeric key over time, with its newest value. */
export function Plot({ series, name, windowS, isFromZero = false }: PlotProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const colours = paint.value
  series.version.value
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const made = new uPlot(optionsFor(name, element, isFromZero), [[], []], element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT_PX }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [name, colours])
  useEffect(() => {
    const { x, y } = inWindow(series, name, windowS)
    plot.current?.setData([x, y])
  })
  const last = series.last.get(name)
  return (
    <figure class="plot card">
      <figcaption>
        <span class="name" title={name}>
          {name}
        </span>
        <b title={typeof last?.value === 'string' ? last.value : undefined}>
          {last === undefined ? '–' : shown(last.value)}
        </b>
      </figcaption>
      <div ref={box} role="img" aria-label={describe(series, name, windowS)} />
    </figure>
  )
}

function inWindow(series: Series, name: string, windowS: number): { x: number[]; y: (number | null)[] } {
  const { x, y } = series.column(name)
  const from = now.value / 1000 - windowS
  let first = x.findIndex((at) => at >= from)
  if (first < 0) first = x.length
  const before = Math.max(0, first - 1) // so that the line comes in from the left edge
  return { x: x.slice(before), y: y.slice(before) }
}

function describe(series: Series, name: string, windowS: number): string {
  const y = inWindow(series, name, windowS).y.filter((value) => value !== null)
  if (y.length === 0) return `${name}: nothing in the last ${windowS / 60} minutes`
  const [low, high] = [Math.min(...y), Math.max(...y)]
  return `${name} over the last ${windowS / 60} minutes: ${y.length} values from ${shown(low)} to ${shown(high)}`
}

function optionsFor(name: string, element: HTMLElement, isFromZero: boolean): uPlot.Options {
  const style = getComputedStyle(element)
  const colour = (token: string) => style.getPropertyValue(token).trim()
  const axis = { stroke: colour('--muted'), font: '11px system-ui', ticks: { show: false } } as const
  const grid = { stroke: colour('--line'), width: 1 }
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { sync: { key: SYNC.key }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_plot, low, high) => (isFromZero ? fromZero(high) : widened(low, high)) } },
    axes: [
      { ...axis, size: 24, space: 60, grid: { show: false }, values: timeLabels },
      { ...axis, size: 44, space: 24, grid, values: (_plot, ticks) => ticks.map(tickLabel) },
    ],
    series: [
      {},
      { label: name, stroke: colour('--accent'), fill: colour('--accent-wash'), width: 1.6, points: { show: false } },
    ],
  }
}

const fromZero = (high: number | null): [number, number] => [0, Math.max(1, (high ?? 0) * 1.15)]

/** A flat line lies in the middle and not on the edge. */
function widened(low: number | null, high: number | null): [number, number] {
  const [from, to] = [low ?? 0, high ?? 1]
  const margin = (to - from) * 0.12 || Math.abs(to) * 0.05 || 1
  return [from - margin, to + margin]
}

const minutes = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const seconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
/** Whatever the size of the number, it has room beside the axis: `12.5`, `100K`, `2E-5`. */
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 })
const tickLabel = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : compact.format(value)

/** Seconds only where a step is no whole minute. */
function timeLabels(_plot: uPlot, ticks: number[], _axis: number, _space: number, stepS: number): string[] {
  const label = stepS % 60 === 0 ? minutes : seconds
  return ticks.map((atS) => label.format(atS * 1000))
}
