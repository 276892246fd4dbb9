import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnreachableError } from './failures.ts'
import { type Answer, type Ask, askGateway } from './request.ts'
import type { Connection } from './settings.ts'

/** The request may have arrived: only the answer is known to be lost. */
const ANSWER_LOST = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']
const FIRST_PAUSE_MS = 250
/** A gateway that is started anew is back by then. */
const ASK_AGAIN_FOR_MS = 10_000

/**
 * Like askGateway, for what must not be done twice: when the connection breaks before the answer has come, the same is
 * asked again under the same Idempotency-Key.
 */
export async function askOnce(connection: Connection, ask: Ask): Promise<Answer> {
  const request = { ...ask, idempotencyKey: randomUUID() }
  let untilMs: number | undefined
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    try {
      return await askGateway(connection, request)
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
      const { code = '' } = (error.cause ?? {}) as NodeJS.ErrnoException
      if (untilMs === undefined && !ANSWER_LOST.includes(code)) throw error
      untilMs ??= performance.now() + ASK_AGAIN_FOR_MS
      if (performance.now() + pauseMs > untilMs) throw error
      process.stderr.write(`fairlead: no answer came (${code}); asking again\n`)
      await sleep(pauseMs)
    }
  }
}
