import { type DestinationStream, destination, type LoggerOptions, pino, stdSerializers, stdTimeFunctions } from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { LOG_LEVELS } from '../../protocol/messages.ts'
import type { Log } from '../core/ports.ts'

export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogOptions {
  readonly level: LogLevel
  /** For a person at a terminal instead of JSON lines. */
  readonly pretty: boolean
  /** Where the lines go; stdout by default. */
  readonly destination?: DestinationStream
  /** Called for each line that was lost because nobody reads stdout. */
  readonly onDrop?: () => void
}

/** Lines that wait for a stdout that nobody reads; after that the newest are lost. Logging never stops the sockets. */
const STDOUT_BUFFER_MAX_BYTES = 8 * 1024 * 1024

/** Nobody should log these; if somebody does, the value does not get out. */
const SECRETS = ['authorization', 'token', 'cookie', 'password', 'secret', 'api_key']
const REDACTED_PATHS = SECRETS.flatMap((name) => [name, `*.${name}`, `*.headers.${name}`])

/** Line breaks and terminal commands outside ASCII: legal in JSON, but some readers obey them. */
const UNRULY = /[\u007f-\u009f\u2028\u2029]/g
/** In the JSON text: an escaped backslash (kept), or an escaped control character that a terminal would obey. */
const ESCAPED_CONTROL = /\\\\|\\(?=u00[01][0-9a-f]|[bfr])/g

/** One JSON line per entry, or one readable entry on a terminal, whatever the fields hold. */
export function createLog(options: LogOptions): Log {
  const settings: LoggerOptions = {
    level: options.level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: stdSerializers.err },
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    hooks: { streamWrite: options.pretty ? forTerminal : forMachines },
  }
  return pino(settings, options.pretty ? prettyStream(options) : (options.destination ?? stdout(options)))
}

function forMachines(line: string): string {
  return line.replace(UNRULY, (unruly) => `\\u${unruly.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** pino-pretty reads the JSON again and prints texts as they are, so what was escaped once is escaped twice. */
function forTerminal(line: string): string {
  return line
    .replace(ESCAPED_CONTROL, (found) => (found === '\\\\' ? found : '\\\\'))
    .replace(UNRULY, (unruly) => `\\\\u${unruly.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function stdout({ onDrop }: LogOptions): DestinationStream {
  const stream = destination({ dest: 1, sync: false, maxLength: STDOUT_BUFFER_MAX_BYTES })
  if (onDrop) stream.on('drop', onDrop)
  return stream
}

/** Synchronous: a person at a terminal wants the last line before a crash, and keeps reading. */
function prettyStream(options: LogOptions): DestinationStream {
  const pretty = prettyFactory({
    colorize: options.destination === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    errorLikeObjectKeys: ['error'],
  })
  const target = options.destination ?? destination({ dest: 1, sync: true })
  return { write: (line) => target.write(pretty(line)) }
}
