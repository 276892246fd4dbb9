/** Exit codes, the same for every command. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3 } as const

/** The command line itself is wrong; the message says which part. */
export class UsageError extends Error {}

/** The gateway answered, and said no. */
export class RefusedError extends Error {
  /** The problem document of the answer. */
  readonly problem: object

  constructor(message: string, problem: object) {
    super(message)
    this.problem = problem
  }
}

/** Nobody who is a Fairlead gateway (or a broker) answered; the message says what was tried and what may help. */
export class UnreachableError extends Error {}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof UnreachableError) return EXIT.unreachable
  return EXIT.refused
}
