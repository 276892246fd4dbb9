import { randomUUID } from 'node:crypto'
import mqtt, { type IClientOptions } from 'mqtt'

/** How long a test waits for a message unless it says otherwise. */
const NEXT_TIMEOUT_MS = 15_000

export interface BusMessage {
  readonly topic: string
  readonly payload: Buffer
  readonly text: string
  readonly retained: boolean
}

export interface BusClient {
  /** Everything that arrived, in order. */
  readonly messages: readonly BusMessage[]
  /** Resolves when the broker has granted it. Rejects when it denies. */
  subscribe(filter: string): Promise<void>
  /** The first message that matches and was not returned by `next` before, whether it came already or is yet to come. */
  next(predicate: (message: BusMessage) => boolean, timeoutMs?: number): Promise<BusMessage>
  /** Resolves with the PUBACK. Rejects when the connection ends first. */
  publish(topic: string, payload: string | Uint8Array, options?: { retain?: boolean; qos?: 0 | 1 | 2 }): Promise<void>
  /** What the broker keeps for the topic now; undefined when it keeps nothing. */
  retained(topic: string): Promise<BusMessage | undefined>
  close(): Promise<void>
}

/** An MQTT client that shares no code with the gateway: tests believe what it sees. */
export async function connectBusClient(url: string, options: IClientOptions = {}): Promise<BusClient> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...options }, false)
  const messages: BusMessage[] = []
  const unread: BusMessage[] = []
  const waiting = new Set<() => void>()
  client.on('error', () => {}) // a broker that a test stops
  client.on('message', (topic, payload, packet) => {
    const message = { topic, payload, text: payload.toString(), retained: packet.retain }
    messages.push(message)
    unread.push(message)
    for (const look of [...waiting]) look()
  })

  const take = (predicate: (message: BusMessage) => boolean): BusMessage | undefined => {
    const index = unread.findIndex(predicate)
    return index < 0 ? undefined : unread.splice(index, 1)[0]
  }

  return {
    messages,
    subscribe: async (filter) => {
      await client.subscribeAsync(filter, { qos: 1 })
    },
    next: (predicate, timeoutMs = NEXT_TIMEOUT_MS) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look)
          const last = messages.slice(-5).map((message) => message.topic)
          reject(
            new Error(`no such message within ${timeoutMs} ms; ${messages.length} came, last on ${last.join(', ')}`),
          )
        }, timeoutMs)
        const look = () => {
          const message = take(predicate)
          if (message === undefined) return
          clearTimeout(timer)
          waiting.delete(look)
          resolve(message)
        }
        waiting.add(look)
        look()
      }),
    publish: (topic, payload, { retain = false, qos = 1 } = {}) =>
      new Promise((resolve, reject) => {
        const lost = () => reject(new Error(`the connection ended before ${topic} was confirmed`))
        client.once('close', lost)
        client.publish(topic, Buffer.from(payload), { retain, qos }, (error) => {
          client.off('close', lost)
          if (error) reject(error)
          else resolve()
        })
      }),
    retained: (topic) => askRetained(url, options, topic),
    close: async () => {
      await client.endAsync(true)
    },
  }
}

/** A new subscriber gets what is retained before what is published after it subscribed. */
async function askRetained(url: string, options: IClientOptions, topic: string): Promise<BusMessage | undefined> {
  const { clientId: _, ...others } = options
  const asker = await connectBusClient(url, others)
  try {
    const marker = `bus-client/${randomUUID()}`
    await asker.subscribe(marker)
    await asker.subscribe(topic)
    for (let round = 0; round < 2; round += 1) {
      await asker.publish(marker, `${round}`)
      await asker.next((message) => message.topic === marker)
    }
    return asker.messages.find((message) => message.topic === topic && message.retained)
  } finally {
    await asker.close()
  }
}
