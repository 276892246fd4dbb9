/**
 * What a chaos case has looked at: `checked` things, of which `broken` were not as the statement says. A run is green
 * when nothing is broken and every statement was checked at least once.
 */
export interface Invariant {
  /** A sentence that is true when all is well: "no acknowledged message is missing on the bus". */
  readonly statement: string
  readonly checked: number
  readonly broken: number
  /** The first few that were broken, or a figure worth reading ("ready again after 0.9 s at most"). */
  readonly detail?: string
  /** A figure that is printed and judged by nobody, such as what a documented limit loses. */
  readonly informative?: boolean
}

export interface ChaosContext {
  /** The same seed draws the same faults. What the case draws does not depend on the cases beside it. */
  readonly random: () => number
  readonly long: boolean
  /** One line of progress for whoever watches. */
  say(line: string): void
}

/**
 * One kind of trouble, tried many times. It starts what it needs, and stops all of it, also when it throws. It runs in
 * a process of its own, in whose group everything dies that the case leaves behind.
 */
export interface ChaosCase {
  /** Kebab-case: `--only gateway-killed`. */
  readonly name: string
  readonly title: string
  /** It measures what another case beside it would change: it runs when no other does. */
  readonly alone?: boolean
  run(context: ChaosContext): Promise<readonly Invariant[]>
}
