import { useEffect, useMemo } from 'preact/hooks'
import { ago, count, exactly } from '../format.ts'
import { type Batch, BatchList, cancelBatch } from '../state/batches.ts'
import { toBatch } from '../state/route.ts'
import { may } from '../state/session.ts'
import { useAction } from './action.ts'
import { BatchBar } from './batch-bar.tsx'
import { Confirm } from './confirm.tsx'
import { Empty } from './empty.tsx'
import { Waiting } from './waiting.tsx'

/** The latest commands to many devices, newest first, as they get on. */
export function Batches() {
  const batches = useMemo(() => new BatchList(), [])
  useEffect(() => batches.watch(), [batches])
  const { list, senders, isLoaded } = batches
  if (!isLoaded.value) return <Waiting />
  if (list.value.length === 0)
    return (
      <Empty title="No fleet command yet">
        {may('operator')
          ? 'Send one above to all devices with a tag, or to those that you find on the fleet page.'
          : 'Sending them needs the role operator.'}
      </Empty>
    )
  return (
    <ol class="batches">
      {list.value.map((batch) => (
        <BatchItem key={batch.id} batch={batch} sender={senders.value.get(batch.id)} />
      ))}
    </ol>
  )
}

function BatchItem({ batch, sender }: { batch: Batch; sender: string | undefined }) {
  const { id, name, params, created_at, counts, total, done } = batch
  const text = JSON.stringify(params)
  return (
    <li class="card batch">
      <h2>
        <a href={toBatch(id)}>{name}</a> {text !== '{}' && <code>{text}</code>}
      </h2>
      <p class="batch-facts">
        <span>{targetText(batch)}</span>
        <time title={exactly(created_at)}>{ago(created_at)}</time>
        {sender !== undefined && <span>by {sender}</span>}
        <Stage batch={batch} />
      </p>
      <BatchBar counts={counts} total={total} />
      {!done && <CancelBatch batch={batch} />}
    </li>
  )
}

export function targetText({ tag, total }: Batch): string {
  const devices = total === 1 ? '1 device' : `${count(total)} devices`
  return tag === undefined ? devices : `${devices} with the tag ${tag}`
}

export function Stage({ batch: { done, cancelled_at } }: { batch: Batch }) {
  if (done) return <span class="chip">{cancelled_at === undefined ? 'ended' : 'cancelled'}</span>
  return (
    <span class="chip" data-state="running">
      {cancelled_at === undefined ? 'under way' : 'being cancelled'}
    </span>
  )
}

/** Nothing for who may not, and for what was cancelled already. */
export function CancelBatch({ batch, onDone }: { batch: Batch; onDone?: (batch: Batch) => void }) {
  const { run, problem } = useAction()
  if (!may('operator') || batch.cancelled_at !== undefined) return null
  const cancel = () =>
    run(async () => {
      const after = await cancelBatch(batch.id)
      onDone?.(after)
    })
  return (
    <div class="batch-cancel">
      <Confirm
        verb="Cancel"
        question="What was not sent ends here. Devices that have the command already are asked to stop. Cancel it?"
        onYes={cancel}
      />
      {problem.value && (
        <span class="problem" role="alert">
          {problem.value}
        </span>
      )}
    </div>
  )
}
