import type { DiskSpace } from './adapters/disk-space.ts'
import type { ProcessLoad } from './adapters/process-load.ts'
import type { CertificateSource } from './adapters/tls/certificate-source.ts'
import type { Config } from './config.ts'
import type { CertificateFacts, Surroundings } from './core/node/surroundings.ts'

export interface SurroundingParts {
  readonly config: Config
  readonly version: string
  readonly certificate: CertificateSource | undefined
  readonly registry: { readonly waiting: number }
  readonly disk: DiskSpace
  readonly process: ProcessLoad
  readonly logLinesLost: () => number
}

/** What the core is told of the process around it; some of it is there only once everything has started. */
export class GatewaySurroundings implements Surroundings {
  /** Of the embedded broker. */
  brokerPort: () => number | undefined = () => undefined
  door: { readonly waiting: number; readonly starting: number } = { waiting: 0, starting: 0 }
  readonly version: string
  readonly bus: Surroundings['bus']
  readonly trustedProxies: readonly string[]
  readonly #parts: SurroundingParts

  constructor(parts: SurroundingParts) {
    const { bus, trustedProxies } = parts.config
    this.#parts = parts
    this.version = parts.version
    // The configuration keeps user and password apart from the URL.
    const address = () => (bus.kind === 'external' ? bus.url : `mqtt://${bus.host}:${this.brokerPort() ?? bus.port}`)
    this.bus = { kind: bus.kind, address }
    this.trustedProxies = trustedProxies.map(({ address, prefix }) => `${address}/${prefix}`)
  }

  certificate(): CertificateFacts | undefined {
    const { certificate, config } = this.#parts
    if (certificate === undefined) return undefined
    const { names, notAfterMs: endsAtMs, fingerprint } = certificate.current()
    return { source: config.tls.mode === 'own' ? 'own' : 'private', names, endsAtMs, fingerprint }
  }
  logLinesLost(): number {
    return this.#parts.logLinesLost()
  }
  registryWaiting(): number {
    return this.#parts.registry.waiting
  }
  storage() {
    return this.#parts.disk.seen
  }
  load() {
    return this.#parts.process.read()
  }
  entrance() {
    const { waiting, starting } = this.door
    return { waiting, starting }
  }
}
