import { type Signal, useSignal } from '@preact/signals'

export interface Action {
  readonly busy: Signal<boolean>
  /** Why the last run failed; empty when it did not. */
  readonly problem: Signal<string>
  /** Runs it unless it runs already. */
  run(work: () => Promise<void>): void
}

/** Something a person asked for: while it runs nothing else does, and what went wrong is shown. */
export function useAction(): Action {
  const busy = useSignal(false)
  const problem = useSignal('')
  const run = (work: () => Promise<void>): void => {
    if (busy.value) return
    busy.value = true
    problem.value = ''
    attempt(work)
      .catch((error: unknown) => {
        problem.value = messageOf(error)
      })
      .finally(() => {
        busy.value = false
      })
  }
  return { busy, problem, run }
}

/** What failed, for people. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** So that a throw before the first wait is caught like one after it. */
async function attempt(work: () => Promise<void>): Promise<void> {
  await work()
}

/** What a form holds, by the names of its fields; and the page stays. */
export function fieldsOf(event: SubmitEvent): Record<string, string> {
  event.preventDefault()
  const data = new FormData(event.currentTarget as HTMLFormElement)
  return Object.fromEntries([...data].map(([name, value]) => [name, String(value)]))
}
