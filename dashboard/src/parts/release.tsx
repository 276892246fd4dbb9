import { call, pathOf } from '../state/api.ts'
import { may } from '../state/session.ts'
import { useAction } from './action.ts'
import { Problem } from './problem.tsx'

/** Lets a quarantined device connect again; that its alarm ends shows that it may. */
export function Release({ device }: { device: string }) {
  const { busy, problem, run } = useAction()
  if (!may('operator')) return null
  const release = () => run(() => call('DELETE', `${pathOf(device)}/quarantine`))
  return (
    <span class="release">
      <Problem of={problem} />
      <button type="button" disabled={busy.value} onClick={release} aria-label={`Release ${device}`}>
        Release
      </button>
    </span>
  )
}
