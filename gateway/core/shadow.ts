import { CLOSE } from '../../protocol/close-codes.ts'
import { freeFormProblem, isJsonObject, type JsonObject, utf8Length } from '../../protocol/json.ts'
import { PARAMS_MAX_BYTES, REPORTED_MAX_BYTES, REPORTED_VERSION_MAX } from '../../protocol/limits.ts'
import type { Reported } from '../../protocol/messages.ts'
import type { DeviceCounters } from './device-counters.ts'
import { GatewayError } from './errors.ts'
import { Passes } from './passes.ts'
import type { Clock, Log, Metrics } from './ports.ts'
import type { Report, Shadow } from './records.ts'
import type { Registry } from './registry.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import type { ShadowBoard } from './shadow-board.ts'
import { NO_SHADOW } from './shadow-rules.ts'

export interface ShadowsNeeds {
  readonly registry: Registry
  readonly sessions: Sessions
  readonly counters: DeviceCounters
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly board: ShadowBoard
}

interface Heard {
  readonly session: Session
  readonly report: Report
}

/** [M-12] Settings: what the operator wants goes to the device, what the device runs with comes back. */
export class Shadows {
  readonly #needs: ShadowsNeeds
  readonly #passes: Passes
  /** The highest version sent in each session: a device that does not take it is not asked in a circle. */
  readonly #sent = new WeakMap<Session, number>()
  /** Devices whose report is being stored, with the one that waits behind it: the newest. */
  readonly #storing = new Map<string, Heard | undefined>()

  constructor(needs: ShadowsNeeds) {
    this.#needs = needs
    this.#passes = new Passes({ ...needs, failure: 'settings not delivered', pass: (device) => this.#pass(device) })
  }

  /** Rejects with device_not_found, registry_unavailable. */
  async of(device: string): Promise<Shadow> {
    const { registry } = this.#needs
    const shadow = await registry.shadow(device)
    if (shadow === undefined && (await registry.device(device)) === undefined) {
      throw new GatewayError('device_not_found')
    }
    return shadow ?? NO_SHADOW
  }

  /**
   * Merges the patch (RFC 7396) into what is desired. Resolves when it is stored; a device that is here gets it at
   * once. Rejects with bad_request, too_large, precondition_failed, device_not_found, registry_unavailable.
   */
  async change(device: string, patch: unknown, options: { ifVersions?: readonly number[] }): Promise<Shadow> {
    const { registry, clock, metrics, board } = this.#needs
    if (!isJsonObject(patch)) throw new GatewayError('bad_request', 'desired must be an object')
    const problem = freeFormProblem(patch) // [L-17]
    if (problem !== undefined) throw new GatewayError('bad_request', `desired: ${problem}`)
    const outcome = await registry.changeDesired(device, patch, { ...options, atMs: clock.wallMs() })
    if (outcome.kind === 'no_device') throw new GatewayError('device_not_found')
    if (outcome.kind === 'conflict') throw new GatewayError('precondition_failed')
    if (outcome.kind === 'too_large') {
      throw new GatewayError('too_large', `Desired settings are at most ${PARAMS_MAX_BYTES} bytes as JSON.`)
    }
    if (outcome.changed) {
      metrics.count('shadow_changes', 'desired')
      board.publish(device)
      this.deliver(device)
    }
    return outcome.shadow
  }

  /** Sends `desired` where the device has not reported that version. Nothing waits for it. */
  deliver(device: string): void {
    this.#passes.start(device)
  }

  /** What the device runs with. A store that fails ends the session: the device reports again in the next. */
  heard(session: Session, { version, state }: Reported): void {
    const { counters, clock } = this.#needs
    const refused = reportProblem(version, state)
    if (refused !== undefined) {
      session.log.info({ reason: refused, version }, 'report refused')
      return counters.count(session.device, 'dropped', refused)
    }
    const report = { version, state, session: session.number, atMs: clock.wallMs() }
    if (this.#storing.has(session.device)) {
      if (this.#storing.get(session.device) !== undefined)
        counters.count(session.device, 'dropped', 'reported_replaced')
      this.#storing.set(session.device, { session, report })
      return
    }
    this.#storing.set(session.device, undefined)
    this.#storeInTurn({ session, report }).catch((error: unknown) => session.log.error({ error }, 'report lost'))
  }

  /** One after the other per device, so that an older report never comes after a newer one. */
  async #storeInTurn(first: Heard): Promise<void> {
    const { device } = first.session
    try {
      for (let next: Heard | undefined = first; next !== undefined; next = this.#storing.get(device)) {
        this.#storing.set(device, undefined)
        await this.#store(device, next)
      }
    } finally {
      this.#storing.delete(device)
    }
  }

  async #store(device: string, { session, report }: Heard): Promise<void> {
    const { registry, metrics, board } = this.#needs
    try {
      const stored = await registry.saveReported(device, report)
      if (stored === undefined) return metrics.count('messages_dropped', 'reported_late') // perhaps of a deleted device
      metrics.count('shadow_changes', 'reported')
      board.publish(device)
      if (stored.desiredVersion !== report.version) this.deliver(device)
    } catch (error) {
      session.log.error({ error }, 'report not stored')
      session.end(CLOSE.internal)
    }
  }

  async #pass(device: string): Promise<void> {
    const shadow = await this.#needs.registry.shadow(device)
    const session = this.#needs.sessions.serving(device)
    if (shadow === undefined || session === undefined) return
    const { desired: state, desiredVersion: version, reportedVersion } = shadow
    if (version === reportedVersion || version <= (this.#sent.get(session) ?? 0)) return
    if (session.send({ type: 'desired', version, state })) this.#sent.set(session, version)
  }
}

/** [L-28] There is no answer for it on the wire: the device's counter says so. */
function reportProblem(version: number, state: JsonObject): string | undefined {
  if (version > REPORTED_VERSION_MAX) return 'reported_version'
  return utf8Length(JSON.stringify(state)) > REPORTED_MAX_BYTES ? 'reported_too_large' : undefined
}
