import { Worker } from 'node:worker_threads'
import { GatewayError } from '../../core/errors.ts'
import type { Log } from '../../core/ports.ts'
import type { Failure } from './failure.ts'
import type { Answer, FromThread, Request, Stop, ThreadData } from './messages.ts'
import type { ArgumentsOf, Operations, ResultOf } from './operations.ts'

/** Requests that may wait for one thread: some seconds of a disk at its limit. The newest loses. */
const WAITING_MAX = 10_000
/** A thread that died is started again after this, doubling up to the second while it cannot open the file. */
const RESTART_DELAY_MS = 1_000
const RESTART_DELAY_MAX_MS = 30_000
/** How long a stop waits for a disk that hangs. What was not answered by then is rejected. */
const STOP_GRACE_MS = 10_000

interface Waiting {
  readonly sinceMs: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: GatewayError) => void
}

export interface StoreThreadOptions extends ThreadData {
  readonly log?: Log
  /** Told when an answer says that the store failed, once per batch. */
  readonly storeFailed?: (failure: Failure) => void
}

/** A worker thread with the open file, as typed calls. Restarts itself; what waited for a dead thread is rejected. */
export class StoreThread<Ops extends Operations> {
  readonly #options: StoreThreadOptions
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  /** Why there is no worker to ask. */
  #unusable: string | undefined
  /** Resolves when the newest worker has ended. */
  #ended: Promise<void> = Promise.resolve()
  #started = false
  #stopping = false
  #restart: NodeJS.Timeout | undefined
  #restartDelayMs = RESTART_DELAY_MS
  #lastId = 0
  #refused = 0

  constructor(options: StoreThreadOptions) {
    this.#options = options
    this.#unusable = `the ${options.role} has not started`
  }

  get unusable(): string | undefined {
    return this.#unusable
  }

  /** Requests that are not answered yet. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** How long the request that waits longest has waited. */
  longestWaitMs(): number {
    const [first] = this.#waiting.values()
    return first ? performance.now() - first.sinceMs : 0
  }

  /** Resolves when the file is open. Rejects with the reason; that is final, only a thread that once ran restarts. */
  async start(): Promise<void> {
    await this.#open()
    if (this.#stopping) throw unavailable('it was stopped')
    this.#started = true
  }

  /** Rejects with `registry_unavailable`, or with `internal` when the request itself was at fault. */
  call<Name extends keyof Ops & string>(
    operation: Name,
    ...args: ArgumentsOf<Ops[Name]>
  ): Promise<ResultOf<Ops[Name]>> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker
      if (!worker || this.#unusable !== undefined) throw unavailable(this.#unusable ?? 'it is starting')
      if (this.#waiting.size >= WAITING_MAX) throw this.#full()
      const request: Request = { kind: 'request', id: ++this.#lastId, operation, args }
      worker.postMessage(request)
      const settle = resolve as (value: unknown) => void
      this.#waiting.set(request.id, { sinceMs: performance.now(), resolve: settle, reject })
    })
  }

  /** Answers what was asked before, closes the file and ends. Calling it twice is harmless. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#unusable = `the ${this.#options.role} has stopped`
    clearTimeout(this.#restart)
    this.#worker?.postMessage({ kind: 'stop' } satisfies Stop) // one that is still opening is told when it is open
    const patience = Promise.withResolvers<'tired'>()
    const timer = setTimeout(() => patience.resolve('tired'), STOP_GRACE_MS)
    if ((await Promise.race([this.#ended, patience.promise])) === 'tired') this.#abandon()
    clearTimeout(timer)
  }

  #abandon(): void {
    const { role, log } = this.#options
    log?.error({ role, waiting: this.#waiting.size }, 'the disk does not answer: the registry is left behind')
    this.#worker?.terminate().catch((error: unknown) => log?.error({ role, err: error }, 'a thread did not end'))
    this.#rejectWaiting('the disk does not answer')
  }

  #open(): Promise<void> {
    const { role, file } = this.#options
    const workerData: ThreadData = { role, file }
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { name: `registry-${role}`, workerData })
    const opened = Promise.withResolvers<void>()
    let why = 'it ended by itself'
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'answers') this.#settle(message.answers)
      else if (message.kind === 'refused') why = message.failure.message
      else opened.resolve(this.#opened(worker))
    })
    worker.on('error', (error: Error) => {
      why = error.message
    })
    const ended = Promise.withResolvers<void>()
    this.#ended = ended.promise
    worker.once('exit', () => {
      ended.resolve(this.#exited(why))
      opened.reject(unavailable(why)) // does nothing once it was open
    })
    return opened.promise
  }

  #opened(worker: Worker): void {
    this.#worker = worker
    if (this.#stopping) {
      worker.postMessage({ kind: 'stop' } satisfies Stop)
      return
    }
    this.#unusable = undefined
    this.#restartDelayMs = RESTART_DELAY_MS
  }

  #settle(answers: readonly Answer[]): void {
    let storeFailure: Failure | undefined
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('value' in answer) {
        waiting?.resolve(answer.value)
        continue
      }
      if (answer.failure.kind === 'store') storeFailure = answer.failure
      waiting?.reject(errorOf(answer.failure))
    }
    if (storeFailure) this.#options.storeFailed?.(storeFailure)
    if (this.#refused === 0 || this.#waiting.size > WAITING_MAX / 2) return
    this.#options.log?.warn({ role: this.#options.role, refused: this.#refused }, 'the registry has caught up')
    this.#refused = 0
  }

  #full(): GatewayError {
    const { role, log } = this.#options
    if (this.#refused === 0)
      log?.error({ role, waiting: WAITING_MAX }, 'the registry is too slow: requests are refused')
    this.#refused += 1
    return unavailable(`${WAITING_MAX} requests are waiting for the ${role}`)
  }

  #exited(why: string): void {
    const { role, log } = this.#options
    this.#worker = undefined
    const rejected = this.#waiting.size
    this.#rejectWaiting(`the ${role} ended, and whether the change was made is not known: ${why}`)
    if (this.#stopping) return
    this.#unusable = `the ${role} ended: ${why}`
    if (!this.#started) return
    const delayMs = this.#restartDelayMs
    this.#restartDelayMs = Math.min(2 * delayMs, RESTART_DELAY_MAX_MS)
    log?.error({ role, why, rejected, restartInMs: delayMs }, 'a registry thread ended')
    this.#restart = setTimeout(() => {
      this.#open().catch(() => {}) // #exited has said why, and tries again
    }, delayMs)
  }

  #rejectWaiting(detail: string): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(unavailable(detail))
  }
}

function unavailable(detail: string, cause?: unknown): GatewayError {
  return new GatewayError('registry_unavailable', `The registry cannot be used: ${detail}`, cause)
}

function errorOf(failure: Failure): GatewayError {
  const cause = Object.assign(new Error(failure.message), { code: failure.code })
  if (failure.kind === 'store') return unavailable(`${failure.message} (${failure.code})`, cause)
  return new GatewayError('internal', undefined, cause)
}
