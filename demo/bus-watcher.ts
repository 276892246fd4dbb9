import mqtt, { type MqttClient } from 'mqtt'

export interface BusMessage {
  readonly topic: string
  readonly text: string
}

/** A plain MQTT client, as any program on the bus would be: it shares nothing with the gateway. */
export class BusWatcher {
  readonly #client: MqttClient

  private constructor(client: MqttClient) {
    this.#client = client
  }

  static async connect(url: string): Promise<BusWatcher> {
    return new BusWatcher(await mqtt.connectAsync(url, { clientId: `demo-${process.pid}` }))
  }

  async watch(filter: string, onMessage: (message: BusMessage) => void): Promise<void> {
    this.#client.on('message', (topic, payload) => onMessage({ topic, text: payload.toString() }))
    await this.#client.subscribeAsync(filter, { qos: 1 })
  }

  async publish(topic: string, body: object): Promise<void> {
    await this.#client.publishAsync(topic, JSON.stringify(body), { qos: 1 })
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true)
  }
}
