import { useEffect, useMemo } from 'preact/hooks'
import { ago, count, exactly, span } from '../format.ts'
import { useAction } from '../parts/action.ts'
import { BatchBar } from '../parts/batch-bar.tsx'
import { CancelBatch, Stage, targetText } from '../parts/batch-list.tsx'
import { Empty } from '../parts/empty.tsx'
import { Problem } from '../parts/problem.tsx'
import { TargetTable } from '../parts/target-table.tsx'
import { Waiting } from '../parts/waiting.tsx'
import { BatchView, NOT_DONE, notSucceeded } from '../state/batch-view.ts'
import { type Batch, DEVICES_MAX } from '../state/batches.ts'
import { draft } from '../state/draft.ts'
import { go } from '../state/route.ts'
import { may } from '../state/session.ts'

/** One command to many devices: how far it is, and what became of each. */
export function BatchPage({ id }: { id: string }) {
  const view = useMemo(() => new BatchView(id), [id])
  useEffect(() => view.watch(), [view])
  const batch = view.batch.value
  if (view.isGone.value)
    return (
      <Empty title="There is no such fleet command">
        Only the latest 50 are kept. <a href="#/commands">Show them</a>
      </Empty>
    )
  if (batch === undefined) return <Waiting />
  return (
    <div class="page batch-page">
      <Head batch={batch} view={view} />
      <BatchBar counts={batch.counts} total={batch.total} />
      <TargetTable view={view} counts={batch.counts} total={batch.total} />
    </div>
  )
}

function Head({ batch, view }: { batch: Batch; view: BatchView }) {
  const { name, params, created_at, ttl_s, done } = batch
  const text = JSON.stringify(params)
  return (
    <header class="device-head">
      <a class="back" href="#/commands">
        Commands
      </a>
      <h1>
        {name} {text !== '{}' && <code>{text}</code>}
      </h1>
      <p class="batch-facts">
        <span>{targetText(batch)}</span>
        <time title={exactly(created_at)}>{ago(created_at)}</time>
        <span>valid for {span(ttl_s * 1000)}</span>
        <Stage batch={batch} />
      </p>
      <div class="actions buttons">
        {!done && <CancelBatch batch={batch} onDone={(after) => view.take(after)} />}
        <SendAgain batch={batch} />
      </div>
    </header>
  )
}

/** The same command, for those that it did not succeed on. */
function SendAgain({ batch }: { batch: Batch }) {
  const { busy, problem, run } = useAction()
  const { id, name, params, ttl_s, counts } = batch
  const n = NOT_DONE.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
  if (n === 0 || !may('operator')) return null
  const prepare = async () => {
    const devices = await notSucceeded(id, DEVICES_MAX + 1)
    const total = devices.length > DEVICES_MAX ? n : devices.length
    const text = JSON.stringify(params)
    const from = 'that did not succeed'
    draft.value = { devices, total, from, name, params: text === '{}' ? '' : text, ttlS: ttl_s }
    go('#/commands/new')
  }
  return (
    <>
      <button type="button" disabled={busy.value} onClick={() => run(prepare)}>
        Send again to the {n === 1 ? 'one' : count(n)} that did not succeed
      </button>
      <Problem of={problem} />
    </>
  )
}
