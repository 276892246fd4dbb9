import { CLOSE } from '../../protocol/close-codes.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { isName } from '../../protocol/names.ts'
import type { Topics } from '../../protocol/topics.ts'
import type { CommandQuery, CommandRecord } from './command-machine.ts'
import type { Commands } from './commands.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { DeviceCounters } from './device-counters.ts'
import type { DeviceInfo } from './device-info.ts'
import type { DeviceQuery } from './device-query.ts'
import type { DeviceWatcher } from './device-watcher.ts'
import { GatewayError } from './errors.ts'
import type { LastValues } from './last-values.ts'
import type { GatewayLimits } from './limits.ts'
import type { Observer } from './observer.ts'
import type { DeviceInput, DeviceView, IssuedToken, Operator, TokenView } from './operator.ts'
import type { Bus, Clock, DeviceTokens, Log } from './ports.ts'
import type { PresenceBoard } from './presence.ts'
import type { Quarantine } from './quarantine.ts'
import type { RecentEvents } from './recent-events.ts'
import type { DevicePatch, DeviceRow, NewToken, Once, Shadow } from './records.ts'
import type { Registry } from './registry.ts'
import { isReservedId } from './reserved-ids.ts'
import type { Rotation } from './rotation.ts'
import type { Sessions } from './sessions.ts'
import type { Shadows } from './shadow.ts'
import type { ShadowBoard } from './shadow-board.ts'
import { tokenState } from './token-life.ts'

export interface FleetNeeds {
  readonly registry: Registry
  readonly tokens: DeviceTokens
  readonly bus: Pick<Bus, 'publish'>
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
  readonly limits: GatewayLimits
  readonly counters: DeviceCounters
  readonly sessions: Sessions
  readonly presence: PresenceBoard
  readonly lastValues: LastValues
  readonly commands: Commands
  readonly deadLetters: DeadLetters
  readonly shadows: Shadows
  readonly shadowBoard: ShadowBoard
  readonly rotation: Rotation
  readonly info: DeviceInfo
  readonly recent: Pick<RecentEvents, 'forget'>
  readonly quarantine: Quarantine
  readonly watcher?: Pick<DeviceWatcher, 'gone'>
  readonly newId: () => string
  readonly observer?: Observer
}

/** What operators do to devices. What changes a live session changes it at once. */
export class Fleet implements Operator {
  readonly #needs: FleetNeeds

  constructor(needs: FleetNeeds) {
    this.#needs = needs
  }

  async createDevice(input: DeviceInput, once?: Once) {
    const id = input.id ?? this.#needs.newId()
    if (!isName(id)) throw new GatewayError('bad_request', 'id is not a name')
    if (isReservedId(id)) throw new GatewayError('bad_request', `the id ${id} is taken by the API itself`)
    const { model, tags = [], notes } = input
    const row = { id, model, tags, notes: notes || undefined, createdAtMs: this.#needs.clock.wallMs() }
    const token = this.#newToken(id)
    const signed = await this.#sign(token) // first: a key that cannot be read must not leave a device without token
    const outcome = await this.#needs.registry.createDevice(row, token, once)
    if (outcome === 'exists') throw new GatewayError('device_exists')
    refuseRepeat(outcome)
    const device: DeviceRow = { ...row, enabled: true, capabilities: [] }
    this.#needs.observer?.device(device)
    this.#needs.presence.introduce(id)
    return { device: this.#view(device), token: signed }
  }

  async device(id: string): Promise<DeviceView> {
    return this.#view(await this.#row(id))
  }

  async listDevices(query: DeviceQuery) {
    const { limit, state } = query
    const rows = await this.#needs.registry.listDevices({ ...query, limit: limit + 1 })
    const page = rows.slice(0, limit)
    const views = page.map((row) => this.#view(row))
    // The store hears of a change of state a moment later: no answer may contradict its own question.
    const items = state === undefined ? views : views.filter(({ presence }) => presence.state === state)
    return { items, next: rows.length > limit ? page.at(-1)?.id : undefined }
  }

  async updateDevice(id: string, patch: DevicePatch): Promise<DeviceView> {
    const row = await this.#needs.registry.updateDevice(id, patch)
    if (row === undefined) throw new GatewayError('device_not_found')
    if (!row.enabled) this.#needs.sessions.endAll(id, CLOSE.deviceDisabled)
    this.#needs.info.publish(row)
    return this.#view(row)
  }

  async releaseDevice(id: string): Promise<void> {
    await this.#row(id)
    this.#needs.quarantine.release(id)
  }

  quarantines({ after = '', limit }: { after?: string; limit: number }) {
    const rest = this.#needs.quarantine.list().filter(({ device }) => device > after)
    const items = rest.slice(0, limit)
    return { items, next: rest.length > limit ? items.at(-1)?.device : undefined }
  }

  async connections(id: string, page: { before?: number; limit: number }) {
    await this.#row(id)
    const rows = await this.#needs.registry.listConnections(id, { ...page, limit: page.limit + 1 })
    const items = rows.slice(0, page.limit)
    return { items, next: rows.length > page.limit ? items.at(-1)?.id : undefined }
  }

  async deleteDevice(id: string): Promise<void> {
    const { registry, sessions, presence, lastValues, counters, shadowBoard, commands, recent } = this.#needs
    const unheard = await registry.deleteDevice(id)
    if (unheard === undefined) throw new GatewayError('device_not_found')
    commands.deleted(unheard)
    sessions.endAll(id, CLOSE.deviceDeleted)
    sessions.forget(id)
    presence.forget(id)
    lastValues.forget(id)
    shadowBoard.forget(id)
    counters.forget(id)
    recent.forget(id)
    this.#needs.observer?.deleted(id)
    this.#needs.quarantine.forget(id)
    this.#needs.info.forget(id)
    this.#needs.watcher?.gone(id)
    this.#clearTopics(id)
  }

  async issueToken(device: string, options: { expiresInS?: number }, once?: Once): Promise<IssuedToken> {
    const token = this.#newToken(device, options.expiresInS)
    const signed = await this.#sign(token)
    const outcome = await this.#needs.registry.addToken(token, this.#needs.limits.liveTokensMax, once)
    if (outcome === 'no_device') throw new GatewayError('device_not_found')
    if (outcome === 'too_many') throw new GatewayError('too_many_tokens')
    refuseRepeat(outcome)
    return signed
  }

  async listTokens(device: string): Promise<TokenView[]> {
    const { registry, rotation, clock } = this.#needs
    await this.#row(device)
    const rows = await registry.listTokens(device)
    return rows.map((row) => {
      const state = tokenState(row, clock.wallMs())
      return { ...row, state: state === 'pending' && rotation.isOffered(device, row.id) ? 'offered' : state }
    })
  }

  rotateToken(device: string, options: { overlapS?: number }) {
    return this.#needs.rotation.start(device, options)
  }

  async revokeToken(device: string, tokenId: string): Promise<void> {
    const known = await this.#needs.registry.revokeToken(device, tokenId, this.#needs.clock.wallMs())
    if (!known) throw new GatewayError('token_not_found')
    this.#needs.sessions.endAll(device, CLOSE.tokenRevoked, tokenId)
  }

  async revokeTokens(device: string): Promise<number> {
    const { registry, sessions, clock } = this.#needs
    await this.#row(device)
    const revoked = await registry.revokeTokensOf(device, clock.wallMs())
    sessions.endAll(device, CLOSE.tokenRevoked)
    return revoked
  }

  async lastValues(device: string): Promise<JsonObject> {
    await this.#row(device)
    return this.#needs.lastValues.of(device)
  }

  shadow(device: string): Promise<Shadow> {
    return this.#needs.shadows.of(device)
  }

  changeDesired(device: string, patch: unknown, options: { ifVersions?: readonly number[] }): Promise<Shadow> {
    return this.#needs.shadows.change(device, patch, options)
  }

  submitCommand(device: string, request: unknown, once?: Once): Promise<CommandRecord> {
    return this.#needs.commands.submit(device, request, once)
  }

  onCommandEnd(id: string, listener: (command: CommandRecord) => void): () => void {
    return this.#needs.commands.onEnd(id, listener)
  }

  async command(id: string): Promise<CommandRecord> {
    const command = await this.#needs.registry.command(id)
    if (command === undefined) throw new GatewayError('command_not_found')
    return command
  }

  async listCommands(device: string, page: { before?: string; limit: number }) {
    await this.#row(device)
    const rows = await this.#needs.registry.listCommands(device, { ...page, limit: page.limit + 1 })
    const items = rows.slice(0, page.limit)
    return { items, next: rows.length > page.limit ? items.at(-1)?.id : undefined }
  }

  async findCommands(query: CommandQuery) {
    const rows = await this.#needs.registry.findCommands({ ...query, limit: query.limit + 1 })
    const items = rows.slice(0, query.limit)
    return { items, next: rows.length > query.limit ? items.at(-1)?.id : undefined }
  }

  deadLetters(query: { before?: number; device?: string; limit: number }) {
    return this.#needs.deadLetters.list(query)
  }

  cancelCommand(id: string): Promise<CommandRecord> {
    return this.#needs.commands.cancel(id)
  }

  #newToken(device: string, expiresInS?: number): NewToken {
    const createdAtMs = this.#needs.clock.wallMs()
    // Whole seconds, since that is what a JWT can say: row and text must end together.
    const expiresAtMs = expiresInS === undefined ? undefined : Math.ceil(createdAtMs / 1000 + expiresInS) * 1000
    return { id: this.#needs.newId(), device, createdAtMs, expiresAtMs }
  }

  async #sign(token: NewToken): Promise<IssuedToken> {
    const text = await this.#needs.tokens.sign(token)
    return { id: token.id, device: token.device, expiresAtMs: token.expiresAtMs, token: text }
  }

  async #row(id: string): Promise<DeviceRow> {
    const row = await this.#needs.registry.device(id)
    if (row === undefined) throw new GatewayError('device_not_found')
    return row
  }

  #view(row: DeviceRow): DeviceView {
    const { presence, counters, quarantine } = this.#needs
    const { id } = row
    return { ...row, presence: presence.of(id), quarantine: quarantine.of(id), counters: counters.of(id) }
  }

  /** [U-6] An empty retained message clears a topic. Availability first: nobody should see a ghost online. */
  #clearTopics(device: string): void {
    const { bus, topics, log } = this.#needs
    for (const topic of [
      topics.availability(device),
      topics.state(device),
      topics.info(device),
      topics.shadow(device),
    ]) {
      bus.publish(topic, '', { retain: true }).catch((error: unknown) => log.warn({ error, device }, 'not cleared'))
    }
  }
}

/** A token is shown once: a repeat of the request that made it cannot be answered as the first was. */
function refuseRepeat(outcome: 'conflict' | { repeatOf: string } | string): void {
  if (outcome === 'conflict') throw new GatewayError('idempotency_key_reused')
  if (typeof outcome !== 'string') throw new GatewayError('already_shown')
}
