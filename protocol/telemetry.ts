import { Fields } from './fields.ts'
import { isJsonObject, utf8Length } from './json.ts'
import { POINTS_MAX, VALUE_TEXT_MAX_BYTES } from './limits.ts'
import type { TelemetryPoint, TelemetryValue, Timed } from './messages.ts'
import { isName } from './names.ts'
import type { ProblemCode } from './problem.ts'

/** [T-1] 1 … POINTS_MAX points, each with at least one value. */
export function readPoints(f: Fields): readonly TelemetryPoint[] {
  const list = f.list('points', POINTS_MAX)
  if (list.length === 0) f.refuse('out_of_range', 'points')
  if (f.problem) return []
  return list.map((item) => readPoint(f, item))
}

function readPoint(f: Fields, item: unknown): TelemetryPoint {
  if (!isJsonObject(item)) {
    f.refuse('wrong_type', 'points')
    return { values: {} }
  }
  const point = new Fields(item)
  const time = readTime(point)
  const source = point.raw('values')
  if (source === undefined) point.refuse('missing', 'values')
  else if (!isJsonObject(source)) point.refuse('wrong_type', 'values')
  const values: Record<string, TelemetryValue> = Object.create(null)
  const entries = isJsonObject(source) ? Object.entries(source) : []
  if (isJsonObject(source) && entries.length === 0) point.refuse('out_of_range', 'values')
  for (const [key, value] of entries) {
    const problem = isName(key) ? valueProblem(value) : 'bad_name'
    if (problem) point.refuse(problem, 'values')
    else values[key] = value as TelemetryValue
  }
  if (point.problem) f.refuse(point.problem.code, point.problem.field)
  return { ...time, values }
}

/** [T-3] A value is a finite number, a boolean or a short text. */
function valueProblem(value: unknown): ProblemCode | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'out_of_range'
  if (typeof value === 'boolean') return undefined
  if (typeof value !== 'string') return 'wrong_type'
  if (!value.isWellFormed()) return 'bad_text'
  return utf8Length(value) > VALUE_TEXT_MAX_BYTES ? 'too_long' : undefined
}

/** [T-2] `ts` or `age_ms` or neither; both contradict each other. */
export function readTime(f: Fields): Timed {
  const ts = f.optionalInteger('ts', 0, Number.MAX_SAFE_INTEGER)
  const ageMs = f.optionalInteger('age_ms', 0, Number.MAX_SAFE_INTEGER)
  if (ts !== undefined && ageMs !== undefined) f.refuse('conflict', 'age_ms')
  if (ts !== undefined) return { ts }
  return ageMs === undefined ? {} : { ageMs }
}
