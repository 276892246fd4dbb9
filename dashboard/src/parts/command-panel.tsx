import { useEffect, useMemo } from 'preact/hooks'
import { exactly, timeOf } from '../format.ts'
import type { CommandItem } from '../state/api.ts'
import { DeviceCommands } from '../state/commands.ts'
import type { Device } from '../state/fleet.ts'
import { may } from '../state/session.ts'
import { fieldsOf, useAction } from './action.ts'
import { Problem } from './problem.tsx'

const DEFAULT_TTL_S = 60
const FINAL = ['succeeded', 'failed', 'rejected', 'expired', 'cancelled', 'unknown']

/** Commands to one device: a form, and what became of each. */
export function CommandPanel({ id, device }: { id: string; device: Device }) {
  const commands = useMemo(() => new DeviceCommands(id), [id])
  useEffect(() => commands.watch(), [commands])
  const list = commands.list.value
  const known = [...new Set(list.map(({ name }) => name))]
  return (
    <section class="card commands">
      <h2>Commands</h2>
      {may('operator') && <CommandForm commands={commands} known={known} isHere={device.state === 'online'} />}
      {list.length === 0 && <p class="hint">None yet. {!may('operator') && 'Sending them needs the role operator.'}</p>}
      <ol>
        {list.map((command) => (
          <Command key={command.id} command={command} commands={commands} />
        ))}
      </ol>
    </section>
  )
}

interface FormProps {
  readonly commands: DeviceCommands
  readonly known: readonly string[]
  readonly isHere: boolean
}

function CommandForm({ commands, known, isHere }: FormProps) {
  const { busy, problem, run } = useAction()
  const submit = (event: SubmitEvent) => {
    const { name = '', params = '', ttl = '' } = fieldsOf(event)
    run(() => commands.send(name.trim(), paramsOf(params), Number(ttl)))
  }
  return (
    <form class="command-form" onSubmit={submit}>
      <label>
        Name
        <input
          name="name"
          list="known-commands"
          required
          placeholder="identify"
          autocapitalize="none"
          spellcheck={false}
        />
      </label>
      <datalist id="known-commands">
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <label class="params">
        Parameters
        <textarea name="params" rows={2} placeholder='{"open": true}' spellcheck={false} autocapitalize="none" />
      </label>
      <label class="ttl">
        Valid for, s
        <input name="ttl" type="number" min={1} max={2_592_000} value={DEFAULT_TTL_S} required />
      </label>
      <button type="submit" class="primary" disabled={busy.value}>
        {busy.value ? 'Sending…' : 'Send'}
      </button>
      {!isHere && <p class="hint">The device is not here: the command waits until it comes, while it is valid.</p>}
      <Problem of={problem} />
    </form>
  )
}

/** The object that the text stands for; nothing is an empty one. */
function paramsOf(text: string): unknown {
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('The parameters are not JSON. An example: {"open": true}')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new Error('The parameters must be a JSON object, such as {"open": true}')
}

function Command({ command, commands }: { command: CommandItem; commands: DeviceCommands }) {
  const { run, problem } = useAction()
  const { id, name, params, state, history, progress, result, error, created_at } = command
  const isFinal = FINAL.includes(state)
  const steps = history.map((step) => `${step.state} ${timeOf(step.at)}`).join(' → ')
  return (
    <li class="command" data-state={state}>
      <p>
        <b>{name}</b> {!isEmpty(params) && <code>{JSON.stringify(params)}</code>}
        <span class="chip" data-state={state} title={steps}>
          {state}
        </span>
      </p>
      {!isFinal && progress?.percent !== undefined && <progress max={100} value={progress.percent} aria-label={name} />}
      {!isFinal && progress?.text && <p class="hint">{progress.text}</p>}
      {result !== undefined && result !== null && <pre>{JSON.stringify(result)}</pre>}
      {error && (
        <p class="problem">
          {error.code}: {error.message}
        </p>
      )}
      <footer>
        <time title={exactly(created_at)}>{timeOf(created_at)}</time>
        {isFinal && history.length > 1 && <span>{took(history)}</span>}
        {!isFinal && may('operator') && (
          <button type="button" class="quiet" onClick={() => run(() => commands.cancel(id))}>
            Cancel
          </button>
        )}
        {problem.value && <span role="alert">{problem.value}</span>}
      </footer>
    </li>
  )
}

const isEmpty = (params: unknown): boolean => params === undefined || JSON.stringify(params) === '{}'

function took(history: CommandItem['history']): string {
  const ms = (history.at(-1)?.at ?? 0) - (history[0]?.at ?? 0)
  return ms < 10_000 ? `took ${ms} ms` : `took ${Math.round(ms / 1000)} s`
}
