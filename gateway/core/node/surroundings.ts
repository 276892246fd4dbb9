/** What the core knows of the process around it. Every method answers at once and never throws. */
export interface Surroundings {
  readonly version: string
  readonly bus: {
    readonly kind: 'embedded' | 'external'
    /** Where it is, without user and password. */
    address(): string
  }
  /** Networks whose word on where a request comes from is taken. */
  readonly trustedProxies: readonly string[]
  /** The server's; undefined when another program ends TLS. */
  certificate(): CertificateFacts | undefined
  /** Log lines that nobody read, since the start. */
  logLinesLost(): number
  /** Requests to the registry that are not answered yet. */
  registryWaiting(): number
  /** The disk of the registry, as it was seen lately. */
  storage(): StorageFacts
  /** What the process used since the last call, which began the span. */
  load(): LoadFacts
  /** Connections on their way in. */
  entrance(): { readonly waiting: number; readonly starting: number }
}

export interface CertificateFacts {
  /** `private`: of the gateway's own CA, renewed by itself. `own`: given by the operator. */
  readonly source: 'private' | 'own'
  readonly names: readonly string[]
  readonly endsAtMs: number
  readonly fingerprint: string
}

export interface StorageFacts {
  /** The registry with its log. Undefined where it could not be seen. */
  readonly sizeBytes?: number
  readonly freeBytes?: number
  readonly totalBytes?: number
}

export interface LoadFacts {
  readonly memoryBytes: number
  /** Of one core. */
  readonly cpuPercent: number
  /** How late the event loop came to its work, in ms. */
  readonly loopP99Ms: number
  readonly loopMaxMs: number
}
