import type { CertificateFacts, LoadFacts, StorageFacts, Surroundings } from '../../gateway/core/node/surroundings.ts'

const DAY_MS = 86_400_000

/** A process in the test's hands: calm until the test says otherwise. */
export class FakeSurroundings implements Surroundings {
  readonly version = '9.9.9-test'
  readonly bus = { kind: 'external', address: () => 'mqtt://broker.example:1883' } as const
  readonly trustedProxies = ['10.0.0.0/8']
  endsAtMs: number
  source: CertificateFacts['source'] = 'private'
  lost = 0
  waiting = 0
  disk: StorageFacts = { sizeBytes: 40_960, freeBytes: 9e9, totalBytes: 2e10 }
  usage: LoadFacts = { memoryBytes: 9e7, cpuPercent: 3, loopP99Ms: 1, loopMaxMs: 4 }

  constructor(nowMs = Date.now()) {
    this.endsAtMs = nowMs + 300 * DAY_MS
  }

  certificate(): CertificateFacts {
    return { source: this.source, names: ['localhost', '127.0.0.1'], endsAtMs: this.endsAtMs, fingerprint: 'AB:CD' }
  }
  logLinesLost(): number {
    return this.lost
  }
  registryWaiting(): number {
    return this.waiting
  }
  storage(): StorageFacts {
    return this.disk
  }
  load(): LoadFacts {
    return this.usage
  }
  entrance() {
    return { waiting: 0, starting: 0 }
  }
}
