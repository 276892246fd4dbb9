import { isName } from '../../protocol/names.ts'
import type { DeviceQuery } from './device-query.ts'
import { type ErrorCode, GatewayError } from './errors.ts'
import type { Observer } from './observer.ts'
import type { DeviceInput, DeviceView, Operator } from './operator.ts'
import type { Clock, DeviceTokens } from './ports.ts'
import type { PresenceBoard } from './presence.ts'
import type { NewDevice, NewToken, Once } from './records.ts'
import type { Registry } from './registry.ts'
import { isReservedId } from './reserved-ids.ts'

/** Devices of one import: their tokens are signed in well under a second, and stored in one transaction. */
export const IMPORT_MAX = 1_000
/** Devices read at once while all are exported. */
const EXPORT_PAGE = 200

/** One line of an import: what it asks for, or why it cannot be read. */
export type ImportLine =
  | { readonly line: number; readonly input: DeviceInput }
  | { readonly line: number; readonly problem: string }

export interface ImportOutcome {
  readonly line: number
  readonly id?: string
  /** `valid`: it would have been created; this was a dry run. */
  readonly outcome: 'created' | 'valid' | 'refused'
  /** Shown this once. */
  readonly token?: { readonly id: string; readonly text: string }
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

export interface BulkNeeds {
  readonly registry: Pick<Registry, 'createDevices' | 'knownDevices'>
  readonly tokens: Pick<DeviceTokens, 'sign'>
  readonly clock: Clock
  readonly presence: Pick<PresenceBoard, 'introduce'>
  readonly devices: Pick<Operator, 'listDevices'>
  readonly observer?: Observer
  readonly newId: () => string
}

interface Candidate {
  readonly line: number
  readonly device: NewDevice
  readonly token: NewToken
}

/** Many devices at once. */
export class Bulk {
  readonly #needs: BulkNeeds

  constructor(needs: BulkNeeds) {
    this.#needs = needs
  }

  /**
   * Creates what is valid, in one transaction, and says of each line what became of it; what exists already stays as it
   * is. A dry run says the same and creates nothing. Rejects with too_large over IMPORT_MAX lines and when the registry
   * or the keys cannot be used: then nothing was created. With `once` a repeat rejects with already_shown, or
   * idempotency_key_reused.
   */
  async import(lines: readonly ImportLine[], options: { dryRun: boolean; once?: Once }): Promise<ImportOutcome[]> {
    if (lines.length > IMPORT_MAX) throw new GatewayError('too_large', `These are more than ${IMPORT_MAX} devices.`)
    const { candidates, refused } = this.#sort(lines)
    const outcomes = options.dryRun ? await this.#try(candidates) : await this.#create(candidates, options.once)
    return [...refused, ...outcomes].sort((a, b) => a.line - b.line)
  }

  /** Every device that the filter lets pass, by id; read page by page as fast as it is taken. */
  async *export(filter: Omit<DeviceQuery, 'after' | 'limit'>): AsyncGenerator<DeviceView> {
    let after: string | undefined
    do {
      const page = await this.#needs.devices.listDevices({ ...filter, after, limit: EXPORT_PAGE })
      yield* page.items
      after = page.next
    } while (after !== undefined)
  }

  #sort(lines: readonly ImportLine[]): { candidates: Candidate[]; refused: ImportOutcome[] } {
    const seen = new Set<string>()
    const candidates: Candidate[] = []
    const refused: ImportOutcome[] = []
    for (const one of lines) {
      const { line } = one
      if ('problem' in one) {
        refused.push({ line, outcome: 'refused', error: { code: 'bad_request', message: one.problem } })
        continue
      }
      const candidate = this.#candidate(line, one.input)
      const { id } = candidate.device
      const error = seen.has(id) ? new GatewayError('device_exists', 'An earlier line has this id.') : idError(id)
      seen.add(id)
      if (error === undefined) candidates.push(candidate)
      else refused.push({ line, id, outcome: 'refused', error: { code: error.code, message: error.message } })
    }
    return { candidates, refused }
  }

  #candidate(line: number, { id = this.#needs.newId(), model, tags = [], notes }: DeviceInput): Candidate {
    const createdAtMs = this.#needs.clock.wallMs()
    const token = { id: this.#needs.newId(), device: id, createdAtMs }
    return { line, device: { id, model, tags, notes: notes || undefined, createdAtMs }, token }
  }

  async #try(candidates: readonly Candidate[]): Promise<ImportOutcome[]> {
    const known = new Set(await this.#needs.registry.knownDevices(candidates.map(({ device }) => device.id)))
    return candidates.map(({ line, device: { id } }) =>
      known.has(id) ? exists(line, id) : { line, id, outcome: 'valid' },
    )
  }

  /** Signed first: a key that cannot be read must not leave devices without tokens. */
  async #create(candidates: readonly Candidate[], once: Once | undefined): Promise<ImportOutcome[]> {
    const { registry, tokens, presence, observer } = this.#needs
    const texts = await Promise.all(candidates.map(({ token }) => tokens.sign(token)))
    const list = candidates.map(({ device, token }) => ({ device, token }))
    const answers = await registry.createDevices(list, once)
    if (answers === 'conflict') throw new GatewayError('idempotency_key_reused')
    if ('repeatOf' in answers) throw new GatewayError('already_shown')
    return candidates.map(({ line, device, token }, index) => {
      const { id } = device
      if (answers[index] !== 'created') return exists(line, id)
      observer?.device({ ...device, enabled: true, capabilities: [] })
      presence.introduce(id)
      return { line, id, outcome: 'created', token: { id: token.id, text: texts[index] ?? '' } }
    })
  }
}

function idError(id: string): GatewayError | undefined {
  if (!isName(id)) return new GatewayError('bad_request', 'id is not a name')
  return isReservedId(id) ? new GatewayError('bad_request', `the id ${id} is taken by the API itself`) : undefined
}

function exists(line: number, id: string): ImportOutcome {
  const { code, message } = new GatewayError('device_exists')
  return { line, id, outcome: 'refused', error: { code, message } }
}
