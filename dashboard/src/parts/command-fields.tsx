import { type Signal, useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { COMMAND_TTL_MAX_S } from '../../../protocol/limits.ts'
import type { CommandRequest } from '../state/commands.ts'

/** A command that is being written. */
export interface CommandDraft {
  readonly name: Signal<string>
  readonly params: Signal<string>
  readonly ttl: Signal<string>
}

export function useCommandDraft(start: { name?: string; params?: string; ttlS: number }): CommandDraft {
  return {
    name: useSignal(start.name ?? ''),
    params: useSignal(start.params ?? ''),
    ttl: useSignal(String(start.ttlS)),
  }
}

/** What the draft asks for. Call it when `paramsProblem` finds none. */
export function requestOf({ name, params, ttl }: CommandDraft): CommandRequest {
  const text = params.value.trim()
  return { name: name.value.trim(), params: text === '' ? undefined : JSON.parse(text), ttl_s: Number(ttl.value) }
}

/** Why the text does not stand for parameters; nothing typed stands for none. */
export function paramsProblem(text: string): string | undefined {
  if (text.trim() === '') return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return undefined
    return 'The parameters must be a JSON object, such as {"open": true}'
  } catch {
    return 'The parameters are not JSON. An example: {"open": true}'
  }
}

interface FieldsProps {
  readonly draft: CommandDraft
  /** Names that are offered while one types. */
  readonly known: readonly string[]
}

/** What to do, with which parameters, for how long: the same for one device and for many. Checked while one types. */
export function CommandFields({ draft: { name, params, ttl }, known }: FieldsProps) {
  const id = useId()
  return (
    <>
      <label class="name">
        Name
        <input
          value={name.value}
          onInput={into(name)}
          list={`${id}-known`}
          required
          pattern="[A-Za-z0-9][A-Za-z0-9._\-]*"
          maxLength={64}
          placeholder="identify"
          autocapitalize="none"
          spellcheck={false}
        />
      </label>
      <datalist id={`${id}-known`}>
        {known.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <Params params={params} />
      <label class="ttl">
        Valid for, s
        <input type="number" value={ttl.value} onInput={into(ttl)} min={1} max={COMMAND_TTL_MAX_S} required />
      </label>
    </>
  )
}

function Params({ params }: { params: Signal<string> }) {
  const id = useId()
  const problem = paramsProblem(params.value)
  return (
    <>
      <label class="params">
        Parameters
        <textarea
          value={params.value}
          onInput={into(params)}
          rows={2}
          placeholder='{"open": true}'
          spellcheck={false}
          autocapitalize="none"
          aria-invalid={problem !== undefined}
          aria-describedby={id}
        />
      </label>
      <p class="problem params-problem" id={id} role="status">
        {problem}
      </p>
    </>
  )
}

function into(signal: Signal<string>): (event: { currentTarget: { value: string } }) => void {
  return (event) => {
    signal.value = event.currentTarget.value
  }
}
