import { call, pathOf } from '../state/api.ts'
import type { Device } from '../state/fleet.ts'
import { go } from '../state/route.ts'
import { useAction } from './action.ts'
import { Confirm } from './confirm.tsx'
import { Problem } from './problem.tsx'

export function DeviceActions({ device }: { device: Device }) {
  const { id, enabled } = device
  const { problem, run } = useAction()
  const enable = (value: boolean) => run(() => call('PATCH', pathOf(id), { enabled: value }))
  const remove = () =>
    run(async () => {
      await call('DELETE', pathOf(id))
      go('#/')
    })
  return (
    <section class="card device-actions">
      <h2>{enabled ? 'Cut off or remove' : 'Disabled'}</h2>
      <div class="buttons">
        {enabled ? (
          <Confirm
            verb="Disable"
            question={`${id} is cut off and may not come back until you enable it. Disable it?`}
            onYes={() => enable(false)}
          />
        ) : (
          <button type="button" onClick={() => enable(true)}>
            Enable
          </button>
        )}
        <Confirm
          verb="Delete"
          question={`${id} goes with its tokens, commands and settings, for ever. Delete it?`}
          onYes={remove}
        />
      </div>
      <p class="hint">
        {enabled
          ? 'A disabled device keeps its tokens, and comes back when it is enabled.'
          : 'It may not connect until it is enabled.'}
      </p>
      <Problem of={problem} />
    </section>
  )
}
