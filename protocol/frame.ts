import { isJsonObject, type JsonObject } from './json.ts'
import type { Parsed } from './problem.ts'

/**
 * [M-1] A text frame as the JSON object it must be, or the reason. `__proto__` stays an own, harmless key: no parser
 * here copies a key that it did not check.
 */
export function parseObject(text: string): Parsed<JsonObject> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, problem: { code: 'not_json' } }
  }
  if (!isJsonObject(value)) return { ok: false, problem: { code: 'not_object' } }
  return { ok: true, message: value }
}

/** [M-2] The `type` of a message, or the problem. */
export function messageType(source: JsonObject): string | undefined {
  const type = Object.hasOwn(source, 'type') ? source.type : undefined
  return typeof type === 'string' ? type : undefined
}
