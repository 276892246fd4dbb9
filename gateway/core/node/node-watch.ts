import type { Clock } from '../ports.ts'
import type { LoadFacts, Surroundings } from './surroundings.ts'

export interface PartHealth {
  readonly ready: boolean
  readonly reason?: string
  /** Since when it is ready, or is not. Unix time in ms. */
  readonly sinceMs: number
}

interface Part {
  health(): { readonly ready: boolean; readonly reason?: string }
}

export interface NodeWatchNeeds {
  readonly bus: Part
  readonly registry: Part
  readonly clock: Clock
  readonly surroundings: Surroundings
}

/** How the node is: looked at each second or two, so that everybody who asks is told the same. */
export class NodeWatch {
  readonly startedAtMs: number
  readonly #startedMs: number
  readonly #needs: NodeWatchNeeds
  #bus: PartHealth
  #registry: PartHealth
  #load: LoadFacts

  constructor(needs: NodeWatchNeeds) {
    const { clock, surroundings } = needs
    this.#needs = needs
    this.startedAtMs = clock.wallMs()
    this.#startedMs = clock.monotonicMs()
    const unknown = { ready: false, reason: 'not looked at yet', sinceMs: this.startedAtMs }
    this.#bus = unknown
    this.#registry = unknown
    this.#load = surroundings.load()
  }

  get uptimeMs(): number {
    return this.#needs.clock.monotonicMs() - this.#startedMs
  }
  get bus(): PartHealth {
    return this.#bus
  }
  get registry(): PartHealth {
    return this.#registry
  }
  get load(): LoadFacts {
    return this.#load
  }

  /** Call it every second. */
  lookAtParts(): void {
    const { bus, registry, clock } = this.#needs
    this.#bus = followed(this.#bus, bus.health(), clock.wallMs())
    this.#registry = followed(this.#registry, registry.health(), clock.wallMs())
  }

  /** Call it every other second: what is read is about the time since. */
  lookAtLoad(): LoadFacts {
    this.#load = this.#needs.surroundings.load()
    return this.#load
  }
}

function followed(before: PartHealth, { ready, reason }: ReturnType<Part['health']>, nowMs: number): PartHealth {
  return { ready, reason, sinceMs: before.ready === ready ? before.sinceMs : nowMs }
}
