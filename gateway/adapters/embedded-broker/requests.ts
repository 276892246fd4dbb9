import type { AedesPublishPacket } from 'aedes'
import type { BusRequest, Log, Metrics } from '../../core/ports.ts'

/** Requests the core is busy with. The newest beyond that is left out: its sender repeats until it sees a status. */
const BUSY_MAX = 256

export interface RequestNeeds {
  readonly onRequest: (request: BusRequest) => Promise<void>
  readonly log: Log
  readonly metrics: Metrics
}

/** Command requests on their way from the broker to the core. */
export class Requests {
  readonly #needs: RequestNeeds
  #busy = 0

  constructor(needs: RequestNeeds) {
    this.#needs = needs
  }

  take(packet: AedesPublishPacket): void {
    const { onRequest, log, metrics } = this.#needs
    if (this.#busy >= BUSY_MAX) {
      metrics.count('bus_requests_refused', 'busy')
      return
    }
    this.#busy += 1
    const payload = Buffer.from(packet.payload)
    onRequest({ topic: packet.topic, payload, retained: packet.retain })
      .catch((error: unknown) => {
        metrics.count('bus_requests_refused', 'failed')
        log.error({ error, topic: packet.topic }, 'bus request failed')
      })
      .finally(() => {
        this.#busy -= 1
      })
  }
}
