import { parseArgs } from 'node:util'
import { isName } from '../protocol/names.ts'
import { deviceUrl } from './link.ts'

/** More leave one process's ephemeral ports (28,232 on Linux) too little room for reconnects. */
const DEVICES_MAX = 20_000
/** Far above what a gateway takes [L-9]; more is a slip of the hand. */
const RATE_MAX_PER_S = 1_000
/** So many short keys with their numbers stay under the frame limit [L-3]. */
const PAYLOAD_KEYS_MAX = 300
const SEED_MAX = 2 ** 32 - 1
/** Longer does not fit a timer of Node. */
const DURATION_MAX_MS = 24 * 24 * 3_600_000
/** Files and sockets of the process itself. */
const OWN_FILES = 64

export interface SimArguments {
  readonly devices: number
  readonly ratePerS: number
  /** Undefined: until it is interrupted. */
  readonly durationMs: number | undefined
  readonly rampMs: number
  readonly url: string
  readonly api: string
  readonly caFile: string | undefined
  readonly adminKey: string | undefined
  readonly tokensFile: string | undefined
  readonly saveTokensFile: string | undefined
  readonly prefix: string
  readonly payloadKeys: number
  readonly seed: number | undefined
  readonly json: boolean
}

/** What the command line is judged against. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the gateway that runs in the data directory, if one does. */
  readonly runningUrl: string | undefined
  readonly runningCaFile: string | undefined
  readonly isReadable: (path: string) => boolean
  readonly openFilesMax: number
}

export type ReadArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }
  | { readonly kind: 'run'; readonly arguments: SimArguments }

const TEXT = { type: 'string' } as const
const FLAG = { type: 'boolean' } as const
const OPTIONS = {
  devices: TEXT,
  rate: TEXT,
  duration: TEXT,
  ramp: TEXT,
  url: TEXT,
  api: TEXT,
  ca: TEXT,
  'admin-key': TEXT,
  tokens: TEXT,
  'save-tokens': TEXT,
  prefix: TEXT,
  payload: TEXT,
  seed: TEXT,
  json: FLAG,
  help: FLAG,
} as const
type OptionName = keyof typeof OPTIONS

/** All arguments, checked, or all problems at once. */
export function readArguments(argv: readonly string[], around: Surroundings): ReadArguments {
  const problems: string[] = []
  const given = readOptions(argv, problems)
  if (given.get('help') === true) return { kind: 'help' }
  const text = (name: OptionName): string | undefined => {
    const value = given.get(name)
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: OptionName, fallback: number | undefined, min: number, max: number, whole: boolean) =>
    readNumber(name, text(name), fallback, { min, max, whole }, problems)
  const url = checkedUrl('url', text('url') ?? around.runningUrl ?? 'wss://localhost:8443', problems)
  const checked: SimArguments = {
    devices: number('devices', 5, 1, DEVICES_MAX, true) ?? 0,
    ratePerS: number('rate', 1, 0, RATE_MAX_PER_S, false) ?? 0,
    durationMs: readDuration('duration', text('duration'), problems),
    rampMs: readDuration('ramp', text('ramp'), problems) ?? 0,
    url,
    api: url === '' && text('api') === undefined ? '' : checkedUrl('api', text('api') ?? url, problems),
    caFile: text('ca') ?? around.runningCaFile,
    adminKey: text('admin-key') ?? around.env.FAIRLEAD_ADMIN_KEY ?? around.env.FAIRLEAD_API_KEY,
    tokensFile: text('tokens'),
    saveTokensFile: text('save-tokens'),
    prefix: text('prefix') ?? 'sim',
    payloadKeys: number('payload', 2, 1, PAYLOAD_KEYS_MAX, true) ?? 0,
    seed: number('seed', undefined, 0, SEED_MAX, true),
    json: given.get('json') === true,
  }
  checkTogether(checked, around, problems)
  return problems.length > 0 ? { kind: 'wrong', problems } : { kind: 'run', arguments: checked }
}

function readOptions(argv: readonly string[], problems: string[]): Map<OptionName, string | true> {
  const { tokens } = parseArgs({
    args: [...argv],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const given = new Map<OptionName, string | true>()
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`"${token.value}" belongs to no option`)
    if (token.kind !== 'option') continue
    if (!isOption(token.name)) problems.push(`there is no option ${token.rawName}`)
    else if (OPTIONS[token.name].type === 'boolean') given.set(token.name, true)
    else if (token.value === undefined || token.value === '') problems.push(`${token.rawName} needs a value`)
    else given.set(token.name, token.value)
  }
  return given
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}

interface Range {
  readonly min: number
  readonly max: number
  readonly whole: boolean
}

function readNumber(
  name: OptionName,
  text: string | undefined,
  fallback: number | undefined,
  { min, max, whole }: Range,
  problems: string[],
): number | undefined {
  if (text === undefined) return fallback
  const value = /^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value
  problems.push(`--${name} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not "${text}"`)
  return undefined
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

function readDuration(name: OptionName, text: string | undefined, problems: string[]): number | undefined {
  if (text === undefined) return undefined
  const [, amount = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(amount) * (UNITS_MS[unit] ?? 0)
  if (ms > 0 && ms <= DURATION_MAX_MS) return ms
  problems.push(`--${name} must be a time such as 500ms, 60s, 5m or 2h (at most 24 days), not "${text}"`)
  return undefined
}

/** An address for the device socket or for REST; the schemes of both are taken for either. */
function checkedUrl(name: 'url' | 'api', text: string, problems: string[]): string {
  const expected = name === 'url' ? 'wss://host:port' : 'https://host:port'
  try {
    const url = new URL(deviceUrl(text))
    if (url.search !== '' || url.hash !== '' || url.username !== '') throw new TypeError('only host and port')
    if (name === 'url') return url.href
    return `${url.protocol === 'wss:' ? 'https:' : 'http:'}//${url.host}`
  } catch {
    problems.push(`--${name} must be an address such as ${expected}, not "${text}"`)
    return ''
  }
}

function checkTogether(checked: SimArguments, around: Surroundings, problems: string[]): void {
  const { devices, durationMs, rampMs, prefix, tokensFile, adminKey, caFile, saveTokensFile } = checked
  if (durationMs !== undefined && rampMs >= durationMs) problems.push('--ramp must be shorter than --duration')
  if (!isName(`${prefix}-${devices}`)) {
    problems.push('--prefix must begin with a letter or digit and hold only letters, digits, ".", "_" and "-"')
  }
  if (tokensFile === undefined && adminKey === undefined) {
    problems.push(
      'devices are enrolled with an admin key: set FAIRLEAD_ADMIN_KEY or FAIRLEAD_API_KEY, or give --admin-key or --tokens',
    )
  }
  if (tokensFile !== undefined && saveTokensFile !== undefined) {
    problems.push('--save-tokens saves new tokens, --tokens makes none: give one of them')
  }
  for (const path of [caFile, tokensFile]) {
    if (path !== undefined && !around.isReadable(path)) problems.push(`cannot read the file ${path}`)
  }
  const files = devices + OWN_FILES
  if (files > around.openFilesMax) {
    problems.push(`${devices} devices need ${files} open files, the limit is ${around.openFilesMax} (see ulimit -n)`)
  }
}
