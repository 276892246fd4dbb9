import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startScript } from '../../gateway/start-script.ts'
import type { Invariant } from './case.ts'
import type { CaseOrder, RunCase } from './runner.ts'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))
/** What a case wrote to stderr before it fell. */
const LAST_WORDS_MAX_CHARS = 2_000
/** For processes that are about to end. */
const LEFTOVERS_MAX_MS = 5_000

export type ChildMessage = { readonly said: string } | { readonly invariants: readonly Invariant[] }
/** `cases`: URL of the module that exports CASES. */
export type ChildOrder = CaseOrder & { readonly cases: string }

export interface ApartOptions {
  /** URL of the module that exports CASES. */
  readonly cases: string
  /** A case that takes longer is killed. */
  readonly timeLimitMs: number
}

/**
 * Runs each case in a process of its own, which leads a group: what the case started and did not stop is killed with
 * it, also when it crashes, hangs, or this process dies. Such a case has failed.
 */
export function runApart(options: ApartOptions): RunCase {
  return async (order, say) => {
    // Cases start threads, as the gateway does, and need the same flags.
    const execArgv = [...startScript().flags]
    const child = fork(CHILD, [], { execArgv, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    const timer = setTimeout(() => killGroup(child), options.timeLimitMs)
    const startedMs = performance.now()
    try {
      child.send({ ...order, cases: options.cases } satisfies ChildOrder)
      return await invariantsOf(child, say)
    } catch (error) {
      const late = performance.now() - startedMs >= options.timeLimitMs
      throw late ? new Error(`killed after ${options.timeLimitMs / 1000} s`, { cause: error }) : error
    } finally {
      clearTimeout(timer)
      killGroup(child)
    }
  }
}

async function invariantsOf(child: ChildProcess, say: (line: string) => void): Promise<readonly Invariant[]> {
  let invariants: readonly Invariant[] | undefined
  let lastWords = ''
  child.stdout?.on('data', (chunk: Buffer) => say(chunk.toString().trimEnd()))
  child.stderr?.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString()).slice(-LAST_WORDS_MAX_CHARS)
  })
  child.on('message', (message: ChildMessage) => {
    if ('said' in message) say(message.said)
    else invariants = message.invariants
  })
  const heardAll = once(child, 'disconnect') // its last message may come after its exit
  const [code, signal] = await once(child, 'exit')
  await heardAll
  const leftovers = await leavesNothing(child)
  if (invariants === undefined) throw new Error(`ended with ${signal ?? `exit code ${code}`}: ${lastWords.trim()}`)
  return [...invariants, ...leftovers]
}

/** Nothing when the case stopped all that it started. */
async function leavesNothing(child: ChildProcess): Promise<Invariant[]> {
  const untilMs = performance.now() + LEFTOVERS_MAX_MS
  while (groupLives(child)) {
    if (performance.now() > untilMs) {
      return [{ statement: 'the case stops every process that it started', checked: 1, broken: 1 }]
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return []
}

function groupLives({ pid }: ChildProcess): boolean {
  return signalGroup(pid, 0)
}

function killGroup({ pid }: ChildProcess): void {
  signalGroup(pid, 'SIGKILL')
}

/** False when nobody is left in the group. */
function signalGroup(pid: number | undefined, signal: 0 | 'SIGKILL'): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal)
  } catch {
    return false
  }
}
