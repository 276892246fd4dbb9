import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { isName } from '../../../protocol/names.ts'
import { count } from '../format.ts'
import { useAction } from '../parts/action.ts'
import { Empty } from '../parts/empty.tsx'
import { Problem } from '../parts/problem.tsx'
import { SaidFilters } from '../parts/said-filters.tsx'
import { SaidTable } from '../parts/said-table.tsx'
import { Waiting } from '../parts/waiting.tsx'
import { go, toEvents } from '../state/route.ts'
import { type Said, SaidFeed, type SaidFilter } from '../state/said.ts'
import { may } from '../state/session.ts'

/** What devices say, of the whole fleet or of one of them, as it happens. */
export function EventsPage({ device = '' }: { device?: string | undefined }) {
  const chosen = useSignal<Omit<SaidFilter, 'device'>>({ kind: 'all', name: '', level: 'debug' })
  const filter = { ...chosen.value, device }
  const change = ({ device: next, ...others }: SaidFilter) => {
    chosen.value = others
    if (next !== device) go(toEvents(next))
  }
  return (
    <div class="said">
      <h1>Events</h1>
      <SaidFilters filter={filter} change={change} />
      {device === '' || isName(device) ? (
        <Feed key={JSON.stringify([filter, may('operator')])} filter={filter} />
      ) : (
        <Empty title="No device can have this id">
          Ids are letters, digits, dot, hyphen and underscore. <a href={toEvents('')}>Show all devices</a>
        </Empty>
      )}
    </div>
  )
}

interface Edge {
  readonly isAtTop: boolean
  readonly isNearEnd: boolean
}

/** New rows come in at the top while one looks there; they wait while one reads below, or paused the list. */
function useHold(feed: SaidFeed) {
  const isPaused = useSignal(false)
  /** The id of the newest row that is shown; undefined while the list follows. */
  const held = useSignal<number | undefined>(undefined)
  const { value: all } = feed.list
  const newest = held.value ?? Number.POSITIVE_INFINITY
  const hidden = held.value === undefined ? 0 : all.filter(({ id }) => id > newest).length
  const hold = (isHeld: boolean) => {
    held.value = isHeld ? (held.value ?? all[0]?.id ?? 0) : undefined
  }
  const look = (isAtTop: boolean) => hold(isPaused.value || !isAtTop)
  const pause = () => {
    isPaused.value = !isPaused.value
    hold(isPaused.value)
  }
  return { isPaused, hidden, shown: hidden === 0 ? all : all.slice(hidden), look, pause }
}

function Feed({ filter }: { filter: SaidFilter }) {
  const feed = useMemo(() => new SaidFeed(filter, may('operator')), [])
  const { run, busy, problem } = useAction()
  const { isPaused, hidden, shown, look, pause } = useHold(feed)
  const readOlder = () => run(() => feed.older())
  useEffect(() => {
    readOlder()
    return feed.watch()
  }, [feed])
  const onEdge = ({ isAtTop, isNearEnd }: Edge) => {
    look(isAtTop)
    if (isNearEnd && !isAtTop && feed.hasOlder.value) readOlder()
  }
  return (
    <>
      <div class="said-tools">
        <button type="button" aria-pressed={isPaused.value} onClick={pause}>
          {isPaused.value ? 'Go on' : 'Pause'}
        </button>
        <Tally feed={feed} hidden={hidden} isPaused={isPaused.value} />
        {(feed.hasOlder.value || problem.value !== '') && (
          <button type="button" disabled={busy.value} onClick={readOlder}>
            {problem.value === '' ? 'Older' : 'Try again'}
          </button>
        )}
      </div>
      <Problem of={problem} />
      <Rows list={shown} feed={feed} filter={filter} onEdge={onEdge} />
    </>
  )
}

function Tally({ feed, hidden, isPaused }: { feed: SaidFeed; hidden: number; isPaused: boolean }) {
  if (!feed.isLoaded.value) return <span class="found" role="status" />
  const shown = feed.list.value.length - hidden
  return (
    <span class="found" role="status">
      {count(shown)} shown{feed.hasOlder.value ? '' : ', all that is kept'}
      {hidden > 0 && (
        <b>
          {' '}
          · {count(hidden)} new, {isPaused ? 'paused' : 'at the top'}
        </b>
      )}
    </span>
  )
}

interface RowsProps {
  readonly list: readonly Said[]
  readonly feed: SaidFeed
  readonly filter: SaidFilter
  readonly onEdge: (edge: Edge) => void
}

function Rows({ list, feed, filter, onEdge }: RowsProps) {
  if (list.length > 0) return <SaidTable list={list} onEdge={onEdge} />
  if (!feed.isLoaded.value) return <Waiting>Reading what was said…</Waiting>
  const isAll = filter.device === '' && filter.kind === 'all'
  return isAll ? (
    <Empty title="Nothing said yet">
      Events and log lines of devices appear here as they come. The gateway keeps the latest in memory, since it
      started.
    </Empty>
  ) : (
    <Empty title="Nothing like this lately">
      It appears here as soon as a device says it. What was said before the gateway started is on the bus alone.
    </Empty>
  )
}
