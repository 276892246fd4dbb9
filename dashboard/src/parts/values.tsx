import { ago, exactly, shown } from '../format.ts'
import type { Series } from '../state/series.ts'

/** The last value of each key that has no plot. */
export function Values({ series, isWanted }: { series: Series; isWanted: (key: string) => boolean }) {
  series.version.value
  const keys = series.otherKeys.filter(isWanted)
  if (keys.length === 0) return null
  return (
    <section class="card values">
      <h2>Last values</h2>
      <dl>
        {keys.map((key) => {
          const last = series.last.get(key)
          if (last === undefined) return null
          return (
            <div key={key}>
              <dt>{key}</dt>
              <dd data-kind={typeof last.value} data-on={last.value === true}>
                {shown(last.value)}
              </dd>
              <dd class="when">{last.ts > 0 && <time title={exactly(last.ts)}>{ago(last.ts)}</time>}</dd>
            </div>
          )
        })}
      </dl>
    </section>
  )
}
