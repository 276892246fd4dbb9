import type { NodeWatch, PartHealth } from '../node/node-watch.ts'
import type { LoadFacts, Surroundings } from '../node/surroundings.ts'
import type { Bus, Clock } from '../ports.ts'
import type { Condition } from './alarm.ts'
import { ALARM_LIMITS } from './limits.ts'
import { SlidingCount } from './sliding-count.ts'

const AWAY_EXTERNAL =
  'Devices stay connected and keep what they measure. Start the broker or mend the way to it; the rest goes by itself.'
const AWAY_EMBEDDED =
  'Devices stay connected and keep what they measure. Look which subscriber does not read, and at the load of this machine; if it lasts, restart the gateway.'
const DAY_MS = 24 * 3_600_000
const MIB = 1024 * 1024

export interface NodeConditionsNeeds {
  readonly bus: Pick<Bus, 'backlog'>
  readonly clock: Clock
  readonly surroundings: Surroundings
  readonly watch: NodeWatch
  readonly audit: { readonly lost: number }
  readonly deadLetters: {
    readonly count: number
    readonly last: { readonly reason: string; readonly device?: string } | undefined
  }
}

/** A count that only rises, seen as how much it rose lately. */
class Rise {
  readonly #lately = new SlidingCount(ALARM_LIMITS.lostWindowMs)
  #seen = 0

  /** The count is `now`; returns how much it rose in the window. */
  follow(now: number, nowMs: number): number {
    this.#lately.add(Math.max(0, now - this.#seen), nowMs)
    this.#seen = now
    return this.#lately.sum(nowMs)
  }
}

/** What is wrong with the gateway itself and with what it stands on. */
export class NodeConditions {
  readonly #needs: NodeConditionsNeeds
  readonly #slow = new SlidingCount(ALARM_LIMITS.loopWindowMs)
  readonly #letters = new Rise()
  readonly #logLines = new Rise()
  readonly #audit = new Rise()

  constructor(needs: NodeConditionsNeeds) {
    this.#needs = needs
  }

  /** What the event loop was like over the last `spanMs`. */
  noteLoad({ loopP99Ms }: LoadFacts, spanMs: number): void {
    if (loopP99Ms > ALARM_LIMITS.loopDelayMs) this.#slow.add(spanMs, this.#needs.clock.monotonicMs())
  }

  now(): Condition[] {
    const all = [this.#bus(), this.#behind(), this.#registry(), this.#registrySlow(), this.#disk(), this.#certificate()]
    all.push(this.#loop(), this.#auditLost(), this.#linesLost(), this.#deadLetters())
    return all.filter((one) => one !== undefined)
  }

  #bus(): Condition | undefined {
    const { bus } = this.#needs.surroundings
    const advice = bus.kind === 'external' ? AWAY_EXTERNAL : AWAY_EMBEDDED
    return unready(this.#needs.watch.bus, 'bus_unavailable', 'The bus cannot be used', advice, () => {
      const { messages, bytes } = this.#needs.bus.backlog()
      return { waiting_messages: messages, waiting_bytes: bytes }
    })
  }

  #behind(): Condition | undefined {
    const { messages, bytes } = this.#needs.bus.backlog()
    if (!this.#needs.watch.bus.ready || messages < ALARM_LIMITS.busWaitingMessages / 2) return undefined
    const text =
      'The bus takes less than the fleet sends. Look at the load and the disk of the broker; at 100,000 waiting messages devices are sent away for a while.'
    return {
      ...{ kind: 'bus_behind', severity: 'warning', keepsOnly: messages < ALARM_LIMITS.busWaitingMessages },
      say: () => ({ text, detail: { waiting_messages: messages, waiting_bytes: bytes } }),
    }
  }

  #registry(): Condition | undefined {
    const advice =
      'New connections and changes are refused; open sessions go on. Make room on its disk or mend it; the rest goes by itself.'
    return unready(this.#needs.watch.registry, 'registry_unavailable', 'The registry cannot write', advice, () => ({}))
  }

  #registrySlow(): Condition | undefined {
    const waiting = this.#needs.surroundings.registryWaiting()
    if (waiting < ALARM_LIMITS.registryWaiting / 2) return undefined
    const text =
      'The disk of the registry is slower than the fleet. Look who else uses it, or give it a faster one; at 10,000 waiting requests new ones are refused.'
    return {
      ...{ kind: 'registry_slow', severity: 'warning', keepsOnly: waiting < ALARM_LIMITS.registryWaiting },
      say: () => ({ text, detail: { waiting } }),
    }
  }

  #disk(): Condition | undefined {
    const { freeBytes } = this.#needs.surroundings.storage()
    if (freeBytes === undefined || freeBytes >= ALARM_LIMITS.diskFreeWarningBytes) return undefined
    const text = `The disk of the registry has ${Math.floor(freeBytes / MIB)} MiB left. Make room before writes fail.`
    const isCritical = freeBytes < ALARM_LIMITS.diskFreeCriticalBytes
    return {
      ...{ kind: 'disk_low', severity: isCritical ? 'critical' : 'warning' },
      say: () => ({ text, detail: { free_bytes: freeBytes } }),
    }
  }

  #certificate(): Condition | undefined {
    const certificate = this.#needs.surroundings.certificate()
    if (certificate === undefined) return undefined
    const { endsAtMs, source } = certificate
    const leftMs = endsAtMs - this.#needs.clock.wallMs()
    if (leftMs >= ALARM_LIMITS.certificateWarningMs) return undefined
    const days = Math.floor(leftMs / DAY_MS)
    const when = leftMs <= 0 ? 'has ended: no device can connect' : `ends in ${days} ${days === 1 ? 'day' : 'days'}`
    const act =
      source === 'own'
        ? 'Put a new pair into its files; it is taken within 10 s.'
        : 'It should have been renewed by itself: look for "certificate" in the log, and at the rights of the folder tls.'
    return {
      ...{ kind: 'certificate_ending', severity: leftMs < ALARM_LIMITS.certificateCriticalMs ? 'critical' : 'warning' },
      say: () => ({ text: `The server certificate ${when}. ${act}`, detail: { ends_at: endsAtMs, source } }),
    }
  }

  #loop(): Condition | undefined {
    const slowMs = this.#slow.sum(this.#needs.clock.monotonicMs())
    if (slowMs < ALARM_LIMITS.loopKeepsMs) return undefined
    const text =
      'The gateway has too much to do and answers late. Fewer devices on it, a faster core, or less beside it on this machine.'
    const { loopP99Ms, loopMaxMs } = this.#needs.watch.load
    return {
      ...{ kind: 'event_loop_slow', severity: 'warning', keepsOnly: slowMs < ALARM_LIMITS.loopSlowMs },
      say: () => ({ text, detail: { delay_p99_ms: loopP99Ms, delay_max_ms: loopMaxMs } }),
    }
  }

  #auditLost(): Condition | undefined {
    const lost = this.#audit.follow(this.#needs.audit.lost, this.#needs.clock.monotonicMs())
    const text = 'Audit entries were lost, since they could not be stored. They stand in the log as "audit entry lost".'
    return lost === 0
      ? undefined
      : { kind: 'audit_lost', severity: 'critical', say: () => ({ text, detail: { lost } }) }
  }

  #linesLost(): Condition | undefined {
    const lost = this.#logLines.follow(this.#needs.surroundings.logLinesLost(), this.#needs.clock.monotonicMs())
    const text = 'Log lines were lost: nobody reads the output of the gateway fast enough. Mend what collects it.'
    return lost === 0
      ? undefined
      : { kind: 'log_lines_lost', severity: 'warning', say: () => ({ text, detail: { lost } }) }
  }

  #deadLetters(): Condition | undefined {
    const { deadLetters, clock } = this.#needs
    const letters = this.#letters.follow(deadLetters.count, clock.monotonicMs())
    if (letters === 0) return undefined
    const { reason = 'unknown', device } = deadLetters.last ?? {}
    const text =
      'Commands were not taken or were given up in the last hour. "fairlead dead-letters" shows which and why; tell who sends them.'
    const detail = { letters, last_reason: reason, ...(device === undefined ? {} : { last_device: device }) }
    return { kind: 'dead_letters', severity: 'warning', say: () => ({ text, detail }) }
  }
}

function unready(
  { ready, reason = 'unknown', sinceMs }: PartHealth,
  kind: 'bus_unavailable' | 'registry_unavailable',
  what: string,
  advice: string,
  facts: () => Readonly<Record<string, number>>,
): Condition | undefined {
  if (ready) return undefined
  const say = () => ({ text: `${what}: ${reason}. ${advice}`, detail: { reason, ...facts() } })
  return { kind, severity: 'critical', sinceMs, say }
}
