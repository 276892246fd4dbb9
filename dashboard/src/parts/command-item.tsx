import type { ComponentChildren } from 'preact'
import { isFinal } from '../../../protocol/command-request.ts'
import { exactly, timeOf } from '../format.ts'
import type { CommandItem } from '../state/api.ts'
import { cancelCommand } from '../state/commands.ts'
import { toBatch, toDevice } from '../state/route.ts'
import { may } from '../state/session.ts'
import { useAction } from './action.ts'

/** One command with what became of it; `isOfMany` where it is not clear which device it is for. */
export function Command({ command, isOfMany = false }: { command: CommandItem; isOfMany?: boolean }) {
  const { name, params, state, history, progress, result, error, batch, device } = command
  const isOver = isFinal(state)
  const steps = history.map((step) => `${step.state} ${timeOf(step.at)}`).join(' → ')
  return (
    <li class="command" data-state={state}>
      <p>
        {isOfMany && <a href={toDevice(device)}>{device}</a>}
        <b>{name}</b> {!isEmpty(params) && <code>{JSON.stringify(params)}</code>}
        <span class="chip" data-state={state} title={steps}>
          {state}
        </span>
      </p>
      {!isOver && progress?.percent !== undefined && <progress max={100} value={progress.percent} aria-label={name} />}
      {!isOver && progress?.text && <p class="hint">{progress.text}</p>}
      {result !== undefined && result !== null && <pre>{JSON.stringify(result)}</pre>}
      {error && (
        <p class="problem">
          {error.code}: {error.message}
        </p>
      )}
      <Foot command={command}>{isOfMany && batch !== undefined && <a href={toBatch(batch)}>one of many</a>}</Foot>
    </li>
  )
}

function Foot({ command, children }: { command: CommandItem; children: ComponentChildren }) {
  const { run, problem } = useAction()
  const { id, state, history, created_at, cancel_requested_at } = command
  const isOver = isFinal(state)
  return (
    <footer>
      <time title={exactly(created_at)}>{timeOf(created_at)}</time>
      {isOver && history.length > 1 && <span>{took(history)}</span>}
      {!isOver && cancel_requested_at !== undefined && <span>asked to stop</span>}
      {children}
      {!isOver && may('operator') && (
        <button type="button" class="quiet" onClick={() => run(() => cancelCommand(id))}>
          Cancel
        </button>
      )}
      {problem.value && <span role="alert">{problem.value}</span>}
    </footer>
  )
}

const isEmpty = (params: unknown): boolean => params === undefined || JSON.stringify(params) === '{}'

function took(history: CommandItem['history']): string {
  const ms = (history.at(-1)?.at ?? 0) - (history[0]?.at ?? 0)
  return ms < 10_000 ? `took ${ms} ms` : `took ${Math.round(ms / 1000)} s`
}
