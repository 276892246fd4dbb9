import { useEffect, useMemo } from 'preact/hooks'
import { pathOf } from '../state/api.ts'
import { commandNamesOf } from '../state/command-names.ts'
import { CommandList, Sender } from '../state/commands.ts'
import type { Device } from '../state/fleet.ts'
import { may } from '../state/session.ts'
import { useAction } from './action.ts'
import { CommandFields, paramsProblem, requestOf, useCommandDraft } from './command-fields.tsx'
import { Command } from './command-item.tsx'
import { Problem } from './problem.tsx'

const DEFAULT_TTL_S = 60
/** Commands shown on a device's page; older ones are in the API. */
const SHOWN_MAX = 30

/** Commands to one device: a form, and what became of each. */
export function CommandPanel({ id, device }: { id: string; device: Device }) {
  const commands = useMemo(() => {
    return new CommandList({ path: `${pathOf(id)}/commands?`, channel: `commands:${id}`, pageSize: SHOWN_MAX })
  }, [id])
  useEffect(() => commands.watch(), [commands])
  const list = commands.list.value
  const known = [...new Set([...commandNamesOf([device]), ...list.map(({ name }) => name)])]
  return (
    <section class="card commands">
      <h2>Commands</h2>
      {may('operator') && <CommandForm commands={commands} known={known} device={device} />}
      {list.length === 0 && <p class="hint">None yet. {!may('operator') && 'Sending them needs the role operator.'}</p>}
      <ol>
        {list.map((command) => (
          <Command key={command.id} command={command} />
        ))}
      </ol>
    </section>
  )
}

interface FormProps {
  readonly commands: CommandList
  readonly known: readonly string[]
  readonly device: Device
}

function CommandForm({ commands, known, device: { id, state } }: FormProps) {
  const { busy, problem, run } = useAction()
  const draft = useCommandDraft({ ttlS: DEFAULT_TTL_S })
  const sender = useMemo(() => new Sender(id), [id])
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (paramsProblem(draft.params.value) !== undefined) return // said at the field
    run(async () => commands.take(await sender.send(requestOf(draft))))
  }
  return (
    <form class="command-form" onSubmit={submit}>
      <CommandFields draft={draft} known={known} />
      <button type="submit" class="primary" disabled={busy.value}>
        {busy.value ? 'Sending…' : 'Send'}
      </button>
      {state !== 'online' && (
        <p class="hint">The device is not here: the command waits until it comes, while it is valid.</p>
      )}
      <Problem of={problem} />
    </form>
  )
}
