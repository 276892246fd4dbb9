import { isJsonObject, type JsonObject } from '../protocol/json.ts'
import type { LiveMessage } from '../protocol/live.ts'
import type { Given } from './arguments.ts'
import { UsageError } from './failures.ts'
import { type LiveReader, watchLive } from './live-socket.ts'
import { jsonText } from './print.ts'
import { findConnection } from './settings.ts'
import { pairs, type TailOutput, tailLine } from './tail-output.ts'

/** What can be watched, by the name that `--only` takes, and the name of its channel. */
const CHANNELS = { telemetry: 'telemetry', events: 'events', commands: 'commands', logs: 'logs', presence: 'fleet' }
type Watched = keyof typeof CHANNELS
const WATCHED = Object.keys(CHANNELS) as Watched[]

/** Prints what the gateway hears and does, over its live socket, until the output is full or interrupted. */
export async function tailLive(given: Given, device: string | undefined, output: TailOutput): Promise<void> {
  await watchLive(findConnection(given), new Tail(given, device, output), output.over)
}

class Tail implements LiveReader {
  readonly #isJson: boolean
  readonly #device: string | undefined
  readonly #output: TailOutput
  readonly #chosen: readonly Watched[]
  /** Where each channel was read to: so that nothing is missed over a lost line. */
  readonly #cursors = new Map<string, string>()
  #isAway = false

  constructor(given: Given, device: string | undefined, output: TailOutput) {
    this.#isJson = given.isSet('json')
    this.#device = device
    this.#output = output
    const wrong = given.texts('only').find((name) => !WATCHED.includes(name as Watched))
    if (wrong !== undefined) throw new UsageError(`--only is one of ${WATCHED.join(', ')}, not "${wrong}"`)
    this.#chosen = given.texts('only') as Watched[]
  }

  opened(say: (message: object) => void, role: string): void {
    if (this.#isAway) process.stderr.write('fairlead: the gateway is back\n')
    this.#isAway = false
    for (const channel of this.#channels(role)) {
      say({ type: 'subscribe', channel, cursor: this.#cursors.get(channel) })
    }
  }

  lost(why: string): void {
    if (!this.#isAway) process.stderr.write(`fairlead: the gateway is away (${why}); trying again\n`)
    this.#isAway = true
  }

  message(message: LiveMessage): void {
    if (message.type === 'error') process.stderr.write(`fairlead: ${message.channel}: ${message.detail}\n`)
    if (message.type !== 'snapshot' && message.type !== 'changes') return
    const { type, channel, cursor, items } = message
    const isOld = type === 'snapshot' && !message.recovered // what was before is not asked for
    if (isOld && this.#cursors.has(channel) && !message.more) {
      process.stderr.write(`fairlead: ${channel}: something was missed meanwhile\n`)
    }
    if (type === 'changes' || message.recovered || !message.more) this.#cursors.set(channel, cursor)
    if (isOld) return
    for (const item of items) if (isJsonObject(item)) this.#item(channel, item)
  }

  /** Without --only everything that the role may see: a viewer sees no logs. */
  #channels(role: string): string[] {
    const seen = WATCHED.filter((name) => name !== 'logs' || role !== 'viewer')
    const wanted = this.#chosen.length > 0 ? this.#chosen : seen
    return wanted.map((name) => {
      const channel = CHANNELS[name]
      return this.#device === undefined || channel === 'fleet' ? channel : `${channel}:${this.#device}`
    })
  }

  #item(channel: string, item: JsonObject): void {
    const [kind = ''] = channel.split(':')
    const device = String(kind === 'fleet' ? item.id : item.device)
    if (this.#device !== undefined && device !== this.#device) return
    if (kind === 'fleet' && item.state === undefined) return // a model or a tag was changed
    this.#output.print(() =>
      this.#isJson
        ? jsonText({ at: Date.now(), channel: kind, ...item, device })
        : tailLine(device, ...shown(kind, item)),
    )
  }
}

/** What it is, and what there is to say of it. */
function shown(kind: string, item: JsonObject): [string, string] {
  switch (kind) {
    case 'telemetry':
      return [kind, pairs(Object(item.values))]
    case 'events':
      return [`event/${item.name}`, textOf(item.data)]
    case 'logs':
      return [`log/${item.level}`, String(item.text)]
    case 'commands':
      return isJsonObject(item.progress)
        ? ['command', `… ${item.progress.percent ?? '?'} % ${item.progress.text ?? ''}`]
        : ['command', `${item.name} ${item.state} ${textOf(item.error ?? item.result)}`]
    default:
      return ['presence', `${item.state} (${item.reason})`]
  }
}

function textOf(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value)
}
