import fc from 'fast-check'

/** A sentence about a part that must hold whatever is drawn. */
export interface Property {
  /** About what, and what. */
  readonly says: string
  /** Throws with the counterexample, shrunk, and the seed and path that draw it again. Returns how many were tried. */
  readonly try: (runs: number, seed?: number) => number
}

export function property<Drawn extends unknown[]>(says: string, raw: fc.IProperty<Drawn>): Property {
  return {
    says,
    try: (runs, seed) => {
      fc.assert(raw, { numRuns: runs, ...(seed === undefined ? {} : { seed }) })
      return runs
    },
  }
}
