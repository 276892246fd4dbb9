import { styleText } from 'node:util'
import type { BusMessage } from './bus-watcher.ts'
import type { GatewayProcess } from './gateway-process.ts'

export type Shown = { kind: 'telemetry' } | { kind: 'response'; state: string } | undefined

const TOPIC = /^fairlead\/devices\/([^/]+)\/(availability|telemetry|command\/status|command\/response)(?:\/([^/]+))?$/

/** What a person sees of the demo. Colours only where the terminal takes them. */
export class Screen {
  readonly #startedMs: number
  readonly #sentAtMs = new Map<string, number>()

  constructor(startedMs: number) {
    this.#startedMs = startedMs
  }

  gateway({ address, logFile }: GatewayProcess, adminKey: string, link: string): void {
    this.#line('dashboard', `${styleText('bold', link)}   works once`)
    this.#line('gateway', `${address.url} (process ${address.pid}, log ${logFile})`)
    this.#line(
      'bus',
      `${address.mqtt_url}   try: mosquitto_sub -p ${new URL(address.mqtt_url).port} -t 'fairlead/#' -v`,
    )
    this.#line('API', `${address.url}/api/v1/openapi.json   CA ${address.ca}`)
    this.#line('CLI', `FAIRLEAD_DATA_DIR=data/demo FAIRLEAD_API_KEY=${adminKey} npm run fairlead -- device list`)
  }

  /** Shows a message of the bus, and says what it was if the demo waits for it. */
  message({ topic, text }: BusMessage): Shown {
    const [, device = '', kind, id = ''] = TOPIC.exec(topic) ?? []
    switch (kind) {
      case 'availability':
        this.#line(device, availability(text))
        return undefined
      case 'telemetry':
        this.#line(device, `${styleText('dim', 'telemetry')} ${values(text)}`)
        return { kind: 'telemetry' }
      case 'command/status':
        this.#line(device, `${styleText('yellow', 'command')}   identify ${stateOf(text)}${progress(text)}`)
        return undefined
      case 'command/response':
        return this.#response(device, id, text)
      default:
        return undefined
    }
  }

  commandSent(id: string, device: string): void {
    this.#sentAtMs.set(id, performance.now())
    this.#line(device, `${styleText('yellow', 'command')}   identify requested on the bus`)
  }

  invite(): void {
    process.stdout.write(`\n  ${styleText('bold', 'It goes on until you press Ctrl+C.')}\n\n`)
  }

  #response(device: string, id: string, text: string): Shown {
    const state = stateOf(text)
    const sentAtMs = this.#sentAtMs.get(id) ?? performance.now()
    this.#sentAtMs.delete(id)
    const tookMs = Math.round(performance.now() - sentAtMs)
    this.#line(device, `${styleText('green', 'result')}    ${text} after ${tookMs} ms`)
    return { kind: 'response', state }
  }

  #line(subject: string, text: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(2).padStart(7)
    process.stdout.write(`${styleText('dim', `${seconds} s`)}  ${styleText('cyan', subject.padEnd(13))} ${text}\n`)
  }
}

/** The demo's own gateway writes JSON; a message that is none is shown as it is. */
function field(text: string, name: string): unknown {
  try {
    return (JSON.parse(text) as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

function stateOf(text: string): string {
  return String(field(text, 'state') ?? text)
}

function progress(text: string): string {
  const news = field(text, 'progress') as { percent?: number; text?: string } | undefined
  return news === undefined ? '' : ` ${news.percent ?? ''} % ${news.text ?? ''}`
}

function availability(text: string): string {
  const state = stateOf(text)
  return `${styleText(state === 'online' ? 'green' : 'red', state)} (${field(text, 'reason')})`
}

function values(text: string): string {
  const points = field(text, 'points')
  return Array.isArray(points) ? JSON.stringify(points[0]?.values ?? {}) : text
}
