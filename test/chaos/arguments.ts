import { parseArgs } from 'node:util'

/** Two cases wait for time-outs side by side; more would only slow each other down on a small machine. */
const JOBS_DEFAULT = 2
const JOBS_MAX = 8
const SEED_MAX = 2 ** 32 - 1

export interface ChaosArguments {
  /** Undefined: one is drawn. */
  readonly seed: number | undefined
  readonly long: boolean
  /** Names of cases; undefined: all. */
  readonly only: readonly string[] | undefined
  readonly jobs: number
}

export type ReadArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }
  | { readonly kind: 'run'; readonly arguments: ChaosArguments }

export const USAGE = `npm run test:chaos -- [options]

Breaks a real gateway in many ways and counts what was promised and did not hold.

  --list           names and titles of all cases
  --only a,b       these cases alone
  --seed N         draws the same faults again (0 to ${SEED_MAX}); a run prints its seed
  --long           many more rounds: some hours instead of minutes
  --jobs N         cases side by side (1 to ${JOBS_MAX}, ${JOBS_DEFAULT} by default)
  --help           this text

Exit code: 0 all held, 1 something was broken or never checked, 2 wrong options.
`

const TEXT = { type: 'string' } as const
const FLAG = { type: 'boolean' } as const
const OPTIONS = { seed: TEXT, only: TEXT, jobs: TEXT, long: FLAG, list: FLAG, help: FLAG } as const

/** All options, checked, or all problems at once. `names`: the cases there are. */
export function readArguments(argv: readonly string[], names: readonly string[]): ReadArguments {
  const problems: string[] = []
  const given = readOptions(argv, problems)
  if (given.has('help')) return { kind: 'help' }
  const checked: ChaosArguments = {
    seed: readNumber('seed', given.get('seed'), 0, SEED_MAX, problems),
    long: given.has('long'),
    only: readNames(given.get('only'), names, problems),
    jobs: readNumber('jobs', given.get('jobs'), 1, JOBS_MAX, problems) ?? JOBS_DEFAULT,
  }
  if (problems.length > 0) return { kind: 'wrong', problems }
  return given.has('list') ? { kind: 'list' } : { kind: 'run', arguments: checked }
}

function readOptions(argv: readonly string[], problems: string[]): Map<string, string> {
  const options = { args: [...argv], options: OPTIONS, strict: false, allowPositionals: true, tokens: true } as const
  const given = new Map<string, string>()
  for (const token of parseArgs(options).tokens) {
    if (token.kind === 'positional') problems.push(`"${token.value}" belongs to no option`)
    if (token.kind !== 'option') continue
    const kind = Object.hasOwn(OPTIONS, token.name) ? OPTIONS[token.name as keyof typeof OPTIONS] : undefined
    if (kind === undefined) problems.push(`there is no option ${token.rawName}`)
    else if (kind === TEXT && !token.value) problems.push(`${token.rawName} needs a value`)
    else if (kind === FLAG && token.value !== undefined) problems.push(`${token.rawName} takes no value`)
    else if (given.has(token.name)) problems.push(`${token.rawName} stands twice`)
    else given.set(token.name, token.value ?? '')
  }
  return given
}

function readNumber(name: string, text: string | undefined, min: number, max: number, problems: string[]) {
  if (text === undefined) return undefined
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  problems.push(`--${name} must be a whole number from ${min} to ${max}, not "${text}"`)
  return undefined
}

function readNames(text: string | undefined, names: readonly string[], problems: string[]) {
  if (text === undefined) return undefined
  const wanted = [...new Set(text.split(',').map((name) => name.trim()))]
  const unknown = wanted.filter((name) => !names.includes(name))
  for (const name of unknown) problems.push(`there is no case "${name}"; --list shows all`)
  return wanted
}
