/** A form over something that others may change meanwhile. */

export type Fields = Readonly<Record<string, string>>

export interface Merged {
  /** What the form shows from now on. */
  readonly mine: Fields
  /** What others wrote where this person wrote something else. */
  readonly conflicts: Fields
}

/** Theirs where this person changed nothing, mine elsewhere; `base` is what both began with. */
export function merge(base: Fields, mine: Fields, theirs: Fields): Merged {
  const names = Object.keys(base)
  const isMine = (name: string) => mine[name] !== base[name]
  const merged = names.map((name) => [name, (isMine(name) ? mine : theirs)[name] ?? ''])
  const conflicting = names.filter((name) => isMine(name) && theirs[name] !== base[name] && theirs[name] !== mine[name])
  return {
    mine: Object.fromEntries(merged),
    conflicts: Object.fromEntries(conflicting.map((name) => [name, theirs[name] ?? ''])),
  }
}

/** Names of the fields whose texts differ. */
export function changedFields(before: Fields, after: Fields): string[] {
  return Object.keys(after).filter((name) => before[name] !== after[name])
}
