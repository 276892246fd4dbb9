type Source = Readonly<Record<string, string | undefined>>

/** Long values are cut: a problem is one line. */
const SHOWN_MAX_CHARS = 80

/** Reads variables, remembers which were asked for, and collects what is wrong with them instead of throwing. */
export class Environment {
  readonly problems: string[] = []
  readonly #source: Source
  readonly #asked = new Set<string>()
  readonly #secret = new Set<string>()

  constructor(source: Source) {
    this.#source = source
  }

  /** The value without the space around it; undefined when it is unset or empty. */
  text(name: string): string | undefined {
    this.#asked.add(name)
    return this.#source[name]?.trim() || undefined
  }

  /** The value as it is, which no problem will ever show. */
  secret(name: string): string | undefined {
    this.#asked.add(name)
    this.#secret.add(name)
    return this.#source[name] || undefined
  }

  /** A whole number from `min` to `max`. */
  integer(name: string, fallback: number, min: number, max: number): number {
    const expected = `a whole number from ${min} to ${max}`
    return this.parsed(name, expected, fallback, (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : undefined
    })
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const expected = `one of ${choices.join(', ')}`
    return this.parsed(name, expected, fallback, (text) => choices.find((choice) => choice === text))
  }

  /** What `parse` makes of the value; `fallback` when there is none, or with a problem when it gives undefined. */
  parsed<T>(name: string, expected: string, fallback: T, parse: (text: string) => T | undefined): T {
    const text = this.text(name)
    if (text === undefined) return fallback
    const value = parse(text)
    if (value === undefined) this.refuse(name, `must be ${expected}`)
    return value ?? fallback
  }

  /** Adds a problem; with the value, unless it is a secret. */
  refuse(name: string, problem: string): void {
    const value = this.#source[name]
    const shown = value && !this.#secret.has(name) ? `, got ${JSON.stringify(hideCredentials(value))}` : ''
    this.problems.push(`${name} ${problem}${shown}`)
  }

  /** Every variable that was asked for so far. */
  names(): string[] {
    return [...this.#asked].sort()
  }

  /** A problem for each variable of the prefix that nobody asked for: most are slips of the pen. */
  refuseUnknown(prefix: string, elsewhere: readonly string[]): void {
    for (const name of Object.keys(this.#source)) {
      if (!name.startsWith(prefix) || this.#asked.has(name) || elsewhere.includes(name)) continue
      const nearest = nearestOf(name, this.#asked)
      this.problems.push(`${name} is not known${nearest === undefined ? '' : `; did you mean ${nearest}?`}`)
    }
  }
}

/** `mqtt://user:password@host` without what stands before the `@`. */
function hideCredentials(value: string): string {
  const hidden = value.replace(/^([a-z0-9+.-]*:\/\/)?.*@/is, '$1***@')
  return hidden.length > SHOWN_MAX_CHARS ? `${hidden.slice(0, SHOWN_MAX_CHARS)}…` : hidden
}

/** The most similar name, if it is similar at all. */
function nearestOf(name: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined
  let distance = Math.min(6, Math.ceil(name.length / 4))
  for (const candidate of known) {
    const d = editDistance(name.slice(0, 100), candidate)
    if (d < distance) [nearest, distance] = [candidate, d]
  }
  return nearest
}

/** Levenshtein: insertions, deletions and replacements that turn one text into the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
