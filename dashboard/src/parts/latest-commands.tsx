import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { COMMAND_STATES } from '../../../protocol/command-request.ts'
import { CommandList, type StateFilter } from '../state/commands.ts'
import { useAction } from './action.ts'
import { Command } from './command-item.tsx'
import { Empty } from './empty.tsx'
import { Problem } from './problem.tsx'
import { Waiting } from './waiting.tsx'

const PAGE = 50

/** The commands of all devices, newest first, as they change. */
export function LatestCommands() {
  const filter = useSignal<StateFilter>('')
  return (
    <>
      <label class="filter">
        Show
        <select value={filter.value} onChange={(event) => (filter.value = event.currentTarget.value as StateFilter)}>
          <option value="">all</option>
          <option value="open">open: not ended yet</option>
          {COMMAND_STATES.map((state) => (
            <option key={state} value={state}>
              {state}
            </option>
          ))}
        </select>
      </label>
      <List key={filter.value} filter={filter.value} />
    </>
  )
}

function List({ filter }: { filter: StateFilter }) {
  const commands = useMemo(() => {
    const path = `/commands?${filter === '' ? '' : `state=${filter}&`}`
    return new CommandList({ path, channel: 'commands', pageSize: PAGE, filter })
  }, [])
  useEffect(() => commands.watch(), [])
  const { busy, problem, run } = useAction()
  const list = commands.list.value
  if (list.length === 0 && !commands.isLoaded.value) return <Waiting />
  if (list.length === 0)
    return filter === '' ? (
      <Empty title="No command yet">Send one on the page of a device, or to many of them at once.</Empty>
    ) : (
      <Empty title="None of these">No command is {filter} now. This list fills by itself.</Empty>
    )
  return (
    <section class="card commands all-commands" aria-label="Latest commands">
      <ol>
        {list.map((command) => (
          <Command key={command.id} command={command} isOfMany />
        ))}
      </ol>
      {commands.hasMore.value && (
        <button type="button" disabled={busy.value} onClick={() => run(() => commands.more())}>
          {busy.value ? 'Loading…' : 'Load older ones'}
        </button>
      )}
      <Problem of={problem} />
    </section>
  )
}
