import type { Clock, Log } from './ports.ts'

export interface Duty {
  readonly name: string
  readonly everyMs: number
  /** Not started again before it has ended. */
  run(): void | Promise<void>
}

/** Does the duties again and again until the returned function is called. One that fails is logged and tried again. */
export function repeat(duties: readonly Duty[], clock: Clock, log: Log): () => void {
  const cancels = new Map<string, () => void>()
  let stopped = false
  const arm = (duty: Duty): void => {
    if (stopped) return
    cancels.set(
      duty.name,
      clock.after(duty.everyMs, () => {
        attempt(duty)
          .catch((error: unknown) => log.warn({ error, duty: duty.name }, 'duty failed'))
          .finally(() => arm(duty))
      }),
    )
  }
  for (const duty of duties) arm(duty)
  return () => {
    stopped = true
    for (const cancel of cancels.values()) cancel()
  }
}

async function attempt(duty: Duty): Promise<void> {
  await duty.run()
}
