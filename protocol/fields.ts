import { freeFormProblem, isJsonObject, type JsonObject, utf8Length } from './json.ts'
import { SEQ_MAX } from './limits.ts'
import { isBootId, isName, isSha256 } from './names.ts'
import type { Problem, ProblemCode } from './problem.ts'

/**
 * Reads the fields of one JSON object and keeps the first problem. A parser reads all it needs, then asks once.
 * After a problem the values returned mean nothing.
 */
export class Fields {
  problem: Problem | undefined
  readonly #source: JsonObject

  constructor(source: JsonObject) {
    this.#source = source
  }

  refuse(code: ProblemCode, field?: string): void {
    this.problem ??= field === undefined ? { code } : { code, field }
  }

  /** The field's own value; an inherited one does not count [M-4]. */
  raw(field: string): unknown {
    return Object.hasOwn(this.#source, field) ? this.#source[field] : undefined
  }

  /** Whether the field is there; `null` is a value, and mostly the wrong one [M-5]. */
  has(field: string): boolean {
    return this.raw(field) !== undefined
  }

  #required(field: string): unknown {
    const value = this.raw(field)
    if (value === undefined) this.refuse('missing', field)
    return value
  }

  integer(field: string, min: number, max: number): number {
    const value = this.#required(field)
    if (value === undefined) return min
    if (typeof value !== 'number') this.refuse('wrong_type', field)
    else if (!Number.isInteger(value) || value < min || value > max) this.refuse('out_of_range', field)
    return value as number
  }

  optionalInteger(field: string, min: number, max: number): number | undefined {
    return this.has(field) ? this.integer(field, min, max) : undefined
  }

  /** [L-15] */
  seq(field = 'seq'): number {
    return this.integer(field, 1, SEQ_MAX)
  }

  boolean(field: string): boolean {
    const value = this.#required(field)
    if (value !== undefined && typeof value !== 'boolean') this.refuse('wrong_type', field)
    return value === true
  }

  text(field: string, maxBytes: number): string {
    const value = this.#required(field)
    if (value === undefined) return ''
    if (typeof value !== 'string') this.refuse('wrong_type', field)
    else if (!value.isWellFormed()) this.refuse('bad_text', field)
    else if (utf8Length(value) > maxBytes) this.refuse('too_long', field)
    return value as string
  }

  optionalText(field: string, maxBytes: number): string | undefined {
    return this.has(field) ? this.text(field, maxBytes) : undefined
  }

  #matching(field: string, matches: (value: unknown) => boolean): string {
    const value = this.#required(field)
    if (value === undefined) return ''
    if (typeof value !== 'string') this.refuse('wrong_type', field)
    else if (!matches(value)) this.refuse('bad_name', field)
    return value as string
  }

  name(field: string): string {
    return this.#matching(field, isName)
  }

  boot(field = 'boot'): string {
    return this.#matching(field, isBootId)
  }

  optionalBoot(field = 'boot'): string | undefined {
    return this.has(field) ? this.boot(field) : undefined
  }

  sha256(field: string): string {
    return this.#matching(field, isSha256)
  }

  oneOf<T extends string>(field: string, allowed: readonly T[]): T {
    const value = this.#required(field)
    if (value !== undefined && typeof value !== 'string') this.refuse('wrong_type', field)
    else if (value !== undefined && !allowed.includes(value as T)) this.refuse('out_of_range', field)
    return value as T
  }

  list(field: string, maxItems: number): readonly unknown[] {
    const value = this.#required(field)
    if (value === undefined) return []
    if (!Array.isArray(value)) {
      this.refuse('wrong_type', field)
      return []
    }
    if (value.length > maxItems) this.refuse('too_many', field)
    return value
  }

  object(field: string): JsonObject {
    const value = this.#required(field)
    if (value !== undefined && !isJsonObject(value)) this.refuse('wrong_type', field)
    else this.#checkFreeForm(field, value)
    return isJsonObject(value) ? value : {}
  }

  /** Any JSON value, checked for depth and for what JSON lets through [L-17]. */
  optionalAny(field: string): unknown {
    const value = this.raw(field)
    this.#checkFreeForm(field, value)
    return value
  }

  #checkFreeForm(field: string, value: unknown): void {
    const problem = freeFormProblem(value)
    if (problem) this.refuse(problem, field)
  }
}
