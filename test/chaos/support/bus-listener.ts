import mqtt, { type MqttClient } from 'mqtt'
import { type CommandState, isFinal } from '../../../protocol/command-request.ts'
import type { Cleanup } from './cleanup.ts'
import type { History } from './history.ts'

/** As the retained message says [P-1]. */
export interface Shown {
  readonly state: string
  readonly session: number
  readonly reason: string
}

/**
 * A subscriber that shares no code with the gateway: QoS 1, a session that the broker keeps (`clean: false`), and
 * reconnects for ever. It keeps what it saw and judges nothing.
 */
export class BusListener {
  readonly availability = new Map<string, Shown>()
  /** Every state that was shown of a command, in order. */
  readonly states = new Map<string, CommandState[]>()
  /** The final states on the response topic, by command. */
  readonly responses = new Map<string, Set<CommandState>>()
  readonly #history: History
  readonly #client: MqttClient
  /** Telemetry and events, repeats and all. */
  arrived = 0
  /** Monotonic ms of the last telemetry. */
  lastArrivedMs = 0
  malformed = 0

  constructor(client: MqttClient, history: History) {
    this.#client = client
    this.#history = history
    client.on('error', () => {}) // a broker that is away: it tries again
    client.on('message', (topic, payload) => this.#heard(topic.split('/'), payload.toString()))
  }

  get connected(): boolean {
    return this.#client.connected
  }

  /** Publishes with QoS 1. Resolves with the broker's PUBACK, perhaps on a later connection. */
  async publish(topic: string, body: object): Promise<void> {
    await this.#client.publishAsync(topic, JSON.stringify(body), { qos: 1 })
  }

  /** `{base}/devices/{id}/{kind}/…` */
  #heard([, , device = '', kind, word, id = '']: string[], text: string): void {
    if (device.startsWith('.') || text === '') return // [U-14]
    const body = JSON.parse(text)
    if (kind === 'telemetry' || kind === 'event') this.#telemetry(device, body.boot, body.seq)
    if (kind === 'availability') this.#shown(device, body)
    if (kind !== 'command' || word === 'request') return
    if (word === 'response') this.responses.set(id, (this.responses.get(id) ?? new Set()).add(body.state))
    if (body.progress !== undefined) return
    const states = this.states.get(id) ?? []
    states.push(body.state)
    this.states.set(id, states)
  }

  /** [P-3] A retained message that comes with a subscription may be overtaken by a newer one. */
  #shown(device: string, body: Shown): void {
    if (body.session >= (this.availability.get(device)?.session ?? 0)) this.availability.set(device, body)
  }

  #telemetry(device: string, boot: unknown, seq: unknown): void {
    this.arrived += 1
    this.lastArrivedMs = performance.now()
    if (typeof boot === 'string' && typeof seq === 'number') this.#history.received(device, boot, seq)
    else this.malformed += 1
  }

  /** Commands of which two different ends were shown, on either topic. */
  endedTwice(): string[] {
    return [...this.states].flatMap(([id, states]) => {
      const ends = new Set([...states.filter((state) => isFinal(state)), ...(this.responses.get(id) ?? [])])
      return ends.size > 1 ? [`${id}: ${[...ends].join(', ')}`] : []
    })
  }
}

/** Subscribed to everything below the base topic when it resolves. */
export async function listenToBus(url: string, history: History, cleanup: Cleanup): Promise<BusListener> {
  const client = await mqtt.connectAsync(url, {
    ...{ protocolVersion: 4, clean: false, clientId: 'chaos-listener' },
    ...{ reconnectPeriod: 250, connectTimeout: 3_000, keepalive: 30, resubscribe: true },
  })
  cleanup.add(() => client.endAsync(true))
  const listener = new BusListener(client, history)
  await client.subscribeAsync('fairlead/devices/#', { qos: 1 })
  return listener
}
