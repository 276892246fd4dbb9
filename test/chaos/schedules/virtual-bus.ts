import type { Bus, PublishOptions } from '../../../gateway/core/ports.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** One way between the gateway and the broker. */
const LATENCY_MS = 3

interface Item {
  readonly topic: string
  readonly payload: string | Uint8Array
  readonly retain: boolean
  readonly resolve: () => void
}

/** A broker that outlives gateways, with one subscriber that sees everything. */
export class VirtualBus {
  /** Everything that arrived, in order. */
  readonly messages: { readonly topic: string; readonly payload: string }[] = []
  readonly retained = new Map<string, string>()
  isUp = true
  /** Raised by every outage: what was on its way then is not confirmed. */
  epoch = 0
  readonly #clock: VirtualClock
  readonly #connections = new Set<BusConnection>()

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** The port of one gateway, which confirms nothing any more once `isDead`. */
  connect(isDead: () => boolean): Bus {
    const connection = new BusConnection(this, this.#clock, isDead)
    this.#connections.add(connection)
    return connection
  }

  goAway(): void {
    this.isUp = false
    this.epoch += 1
  }

  comeBack(): void {
    this.isUp = true
    for (const connection of this.#connections) connection.sendAgain()
  }

  arrive({ topic, payload, retain }: Item): void {
    const text = String(payload)
    this.messages.push({ topic, payload: text })
    if (!retain) return
    if (text === '') this.retained.delete(topic)
    else this.retained.set(topic, text)
  }
}

/** As MQTT.js with its outbox: in order, kept while the broker is away, sent again from the front when it is back. */
class BusConnection implements Bus {
  readonly #broker: VirtualBus
  readonly #clock: VirtualClock
  readonly #isDead: () => boolean
  readonly #unconfirmed = new Set<Item>()

  constructor(broker: VirtualBus, clock: VirtualClock, isDead: () => boolean) {
    this.#broker = broker
    this.#clock = clock
    this.#isDead = isDead
  }

  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isDead()) return // nobody hears it, and nobody waits for it
      const item = { topic, payload, retain: options?.retain ?? false, resolve }
      this.#unconfirmed.add(item)
      if (this.#broker.isUp) this.#send(item)
    })
  }

  sendAgain(): void {
    if (this.#isDead()) return
    for (const item of this.#unconfirmed) this.#send(item)
  }

  /** What is on the wire arrives, also after the sender's death; the confirmation may be lost on its way back. */
  #send(item: Item): void {
    const { epoch } = this.#broker
    this.#clock.after(LATENCY_MS, () => {
      if (this.#broker.epoch !== epoch) return
      this.#broker.arrive(item)
      this.#clock.after(LATENCY_MS, () => {
        if (this.#broker.epoch !== epoch || this.#isDead()) return
        this.#unconfirmed.delete(item)
        item.resolve()
      })
    })
  }

  backlog() {
    let bytes = 0
    for (const { payload } of this.#unconfirmed) bytes += payload.length
    return { messages: this.#unconfirmed.size, bytes }
  }

  health() {
    return { ready: this.#broker.isUp }
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}
