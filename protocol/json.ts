import { JSON_DEPTH_MAX } from './limits.ts'

export type JsonObject = { readonly [key: string]: unknown }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Bytes of the text in UTF-8, without making the bytes. Half of a surrogate pair counts 3, as its replacement does. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    bytes += unit < 0x800 ? 1 : 2
    if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) i++ // a pair: 4 bytes for 2 units
  }
  return bytes
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}

/**
 * [L-17] What is wrong with a free-form value, or undefined: nested too deep, a number that is not finite (`1e400`),
 * text with half of a surrogate pair. Recurses at most JSON_DEPTH_MAX times.
 */
export function freeFormProblem(value: unknown, depth = 1): 'too_deep' | 'out_of_range' | 'bad_text' | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'bad_text'
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'out_of_range'
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > JSON_DEPTH_MAX) return 'too_deep'
  for (const [key, child] of Object.entries(value)) {
    const problem = key.isWellFormed() ? freeFormProblem(child, depth + 1) : 'bad_text'
    if (problem) return problem
  }
  return undefined
}
