import { Fields } from './fields.ts'
import { isJsonObject, type JsonObject, utf8Length } from './json.ts'
import * as limits from './limits.ts'
import type { Parsed } from './problem.ts'

export interface CommandRequest {
  readonly name: string
  readonly params: JsonObject
  readonly ttlS: number
  readonly timeoutS: number
}

/** [C-1] What an operator asks for, from REST or from the bus: defaults filled in, or the reason. */
export function parseCommandRequest(value: unknown): Parsed<CommandRequest> {
  if (!isJsonObject(value)) return { ok: false, problem: { code: 'not_object' } }
  const f = new Fields(value)
  const name = f.name('name')
  const params = f.has('params') ? f.object('params') : {}
  const ttlS = f.optionalInteger('ttl_s', limits.COMMAND_TTL_MIN_S, limits.COMMAND_TTL_MAX_S)
  const timeoutS = f.optionalInteger('timeout_s', 1, limits.COMMAND_TIMEOUT_MAX_S)
  if (!f.problem && utf8Length(JSON.stringify(params)) > limits.PARAMS_MAX_BYTES) f.refuse('too_large', 'params') // [L-6]
  if (f.problem) return { ok: false, problem: f.problem }
  return {
    ok: true,
    message: {
      name,
      params,
      ttlS: ttlS ?? limits.COMMAND_TTL_DEFAULT_S,
      timeoutS: timeoutS ?? limits.COMMAND_TIMEOUT_DEFAULT_S,
    },
  }
}

export const COMMAND_STATES = [
  'queued',
  'sent',
  'accepted',
  'running',
  'succeeded',
  'failed',
  'rejected',
  'expired',
  'cancelled',
  'unknown',
] as const
/** [C-2] */
export type CommandState = (typeof COMMAND_STATES)[number]

const OPEN: readonly CommandState[] = ['queued', 'sent', 'accepted', 'running']
export function isFinal(state: CommandState): boolean {
  return !OPEN.includes(state)
}
