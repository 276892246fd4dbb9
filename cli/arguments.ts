import { parseArgs } from 'node:util'
import { UsageError } from './failures.ts'

export interface Flag {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** How help names the value: `--ttl <time>`. */
  readonly value?: string
  readonly about: string
}
export type Flags = Readonly<Record<string, Flag>>

/** What was given on the command line, with the flags known by name. */
export class Given {
  readonly operands: readonly string[]
  readonly #flags: Readonly<Record<string, unknown>>

  constructor(operands: readonly string[], flags: Readonly<Record<string, unknown>>) {
    this.operands = operands
    this.#flags = flags
  }

  /** The operand at `index`, which usage checks have found to be there. */
  operand(index: number): string {
    const value = this.operands[index]
    if (value === undefined) throw new UsageError('an operand is missing')
    return value
  }

  text(flag: string): string | undefined {
    const value = this.#flags[flag]
    return typeof value === 'string' ? value : undefined
  }

  texts(flag: string): readonly string[] {
    const value = this.#flags[flag]
    return Array.isArray(value) ? value.map(String) : []
  }

  isSet(flag: string): boolean {
    return this.#flags[flag] === true
  }

  /** `90`, `30s`, `5m`, `1h` or `2d` in whole seconds. */
  seconds(flag: string): number | undefined {
    const text = this.text(flag)
    return text === undefined ? undefined : parseSeconds(text, flag)
  }

  integer(flag: string): number | undefined {
    const text = this.text(flag)
    if (text === undefined) return undefined
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${flag} is not a number from 1: ${text}`)
    return Number(text)
  }
}

const UNIT_S: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

function parseSeconds(text: string, flag: string): number {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text)
  const seconds = Number(match?.[1]) * (UNIT_S[match?.[2] ?? ''] ?? Number.NaN)
  if (!(seconds >= 1)) throw new UsageError(`--${flag} is not a time such as 30s, 5m, 1h or 2d: ${text}`)
  return seconds
}

/** Splits the words of a command line into operands and flags. Throws UsageError that names the wrong word. */
export function parseWords(words: readonly string[], flags: Flags): Given {
  try {
    const options = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, toOption(flag)]))
    const { positionals, values } = parseArgs({ args: [...words], options, allowPositionals: true })
    return new Given(positionals, values)
  } catch (error) {
    throw new UsageError(explain(error, words, flags), { cause: error })
  }
}

function toOption(flag: Flag): { type: 'string' | 'boolean'; short?: string; multiple?: boolean } {
  const { type, short, multiple = false } = flag
  return short === undefined ? { type, multiple } : { type, multiple, short }
}

function explain(error: unknown, words: readonly string[], flags: Flags): string {
  const { code, message } = error as Error & { code?: string }
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return message.split('. ')[0] ?? message
  const known = Object.keys(flags)
  const given = words.filter((word) => word.startsWith('-')).map((word) => word.split('=')[0] ?? word)
  const wrong = given.find((word) => !known.includes(word.slice(2)) && message.includes(`'${word}'`)) ?? given[0] ?? ''
  const near = suggest(wrong.replace(/^-+/, ''), known, '--')
  return `there is no flag ${wrong}${near || '; --help shows those that there are'}`
}

/** `; did you mean "…"?` for the candidate that is nearest to the word, or nothing when none is near. */
export function suggest(word: string, candidates: readonly string[], prefix = ''): string {
  const ranked = candidates.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
  const best = ranked.sort((a, b) => a.distance - b.distance)[0]
  const near = best !== undefined && best.distance <= Math.floor(best.candidate.length / 2)
  return near ? `; did you mean "${prefix}${best.candidate}"?` : ''
}

/** Levenshtein distance, two rows at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(change, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}
