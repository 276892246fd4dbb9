/** Why a message was refused. The same codes in TypeScript, C++ and the vectors [M-6]. */
export type ProblemCode =
  | 'not_json'
  | 'not_object'
  | 'no_type'
  | 'unknown_type'
  | 'missing'
  | 'wrong_type'
  | 'out_of_range'
  | 'bad_name'
  | 'bad_text'
  | 'too_long'
  | 'too_many'
  | 'too_deep'
  | 'too_large'
  | 'conflict'
  | 'truncated'
  | 'unknown_kind'

export interface Problem {
  readonly code: ProblemCode
  /** The field at fault, without its path. */
  readonly field?: string
}

/** A checked copy, or the reason, with the place in the sequence where that much could be read [M-7]. */
export type Parsed<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly problem: Problem; readonly seq?: number; readonly boot?: string }

export function describeProblem(problem: Problem): string {
  return problem.field === undefined ? problem.code : `${problem.code}: ${problem.field}`
}
