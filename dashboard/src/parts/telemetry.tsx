import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { call, pathOf } from '../state/api.ts'
import { Series, type Value } from '../state/series.ts'
import { Choice } from './choice.tsx'
import { Empty } from './empty.tsx'
import { isNarrow } from './narrow.ts'
import { Plot } from './plot.tsx'
import { Values } from './values.tsx'

const WINDOWS = [
  { value: 60, name: '1 min' },
  { value: 300, name: '5 min' },
  { value: 3600, name: '1 h' },
]
/** More than a person takes in at once: the others are one press, or a few letters, away. On a phone each is half a screen. */
const plotsAtFirst = (): number => (isNarrow.value ? 4 : 12)

/** What the device sent lately, drawn anew with each change. */
function useSeries(id: string): Series {
  const series = useMemo(() => new Series(), [id])
  useEffect(() => {
    call<Record<string, Value>>('GET', `${pathOf(id)}/state`).then(
      (values) => series.seed(values),
      () => {}, // the live socket brings them with the next message
    )
    return series.watch(id)
  }, [series])
  series.version.value
  return series
}

/** What the device measures: a plot of each number, and the last value of everything else. */
export function Telemetry({ id }: { id: string }) {
  const series = useSeries(id)
  const windowS = useSignal(300)
  const wanted = useSignal('')
  const isWanted = (key: string) => key.toLowerCase().includes(wanted.value.toLowerCase())
  const all = series.numericKeys
  const keys = all.filter(isWanted)
  return (
    <>
      {all.length > 0 && (
        <div class="plot-tools">
          {all.length > plotsAtFirst() && (
            <input
              type="search"
              aria-label="Part of a key"
              placeholder={`${all.length + series.otherKeys.length} keys`}
              value={wanted.value}
              onInput={(event) => {
                wanted.value = event.currentTarget.value.trim()
              }}
            />
          )}
          <Choice name="window" legend="How far back" options={WINDOWS} chosen={windowS} />
        </div>
      )}
      {series.last.size === 0 && (
        <Empty title="Nothing measured yet">Plots appear here as soon as the device sends telemetry.</Empty>
      )}
      <Plots series={series} keys={keys} windowS={windowS.value} />
      {wanted.value !== '' && keys.length === 0 && <p class="hint">No number is sent under such a key.</p>}
      <Values series={series} isWanted={isWanted} />
    </>
  )
}

function Plots({ series, keys, windowS }: { series: Series; keys: readonly string[]; windowS: number }) {
  const isAll = useSignal(false)
  const atFirst = plotsAtFirst()
  const shown = isAll.value ? keys : keys.slice(0, atFirst)
  return (
    <>
      <div class="plots">
        {shown.map((key) => (
          <Plot key={key} series={series} name={key} windowS={windowS} />
        ))}
      </div>
      {keys.length > atFirst && (
        <button type="button" class="all-plots" onClick={() => (isAll.value = !isAll.value)}>
          {isAll.value ? `Show ${atFirst} plots alone` : `Show all ${keys.length} plots`}
        </button>
      )}
    </>
  )
}
