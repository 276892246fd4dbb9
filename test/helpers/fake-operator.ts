import { CommandEnds } from '../../gateway/core/command-ends.ts'
import {
  applyEvent,
  type CommandEvent,
  type CommandQuery,
  type CommandRecord,
} from '../../gateway/core/command-machine.ts'
import type { DeviceQuery } from '../../gateway/core/device-query.ts'
import { GatewayError } from '../../gateway/core/errors.ts'
import type { DeviceInput, DeviceView, IssuedToken, Operator, TokenView } from '../../gateway/core/operator.ts'
import type { QuarantinedDevice } from '../../gateway/core/quarantine.ts'
import type {
  DeadLetterRow,
  DevicePatch,
  Once,
  Shadow,
  StoredConnection,
  TokenRow,
} from '../../gateway/core/records.ts'
import { changeDesired, NO_SHADOW } from '../../gateway/core/shadow-rules.ts'
import { isLive, replacementProblem, tokenInUse, tokenState } from '../../gateway/core/token-life.ts'
import { isFinal, parseCommandRequest } from '../../protocol/command-request.ts'
import { isJsonObject, type JsonObject } from '../../protocol/json.ts'
import { COMMANDS_WAITING_MAX } from '../../protocol/limits.ts'
import { describeProblem } from '../../protocol/problem.ts'
import { matches } from './device-matches.ts'
import { MemoryOnce } from './memory-once.ts'

const LIVE_TOKENS_MAX = 2

/** The Operator port in memory, with its promises kept: what a test of something that faces people talks to. */
export class FakeOperator implements Operator {
  readonly devices = new Map<string, DeviceView>()
  readonly tokens = new Map<string, TokenRow>()
  readonly commands: CommandRecord[] = []
  readonly values = new Map<string, JsonObject>()
  readonly shadows = new Map<string, Shadow>()
  readonly letters: DeadLetterRow[] = []
  readonly connected: StoredConnection[] = []
  /** By id. */
  readonly quarantined: QuarantinedDevice[] = []
  readonly once = new MemoryOnce()
  readonly ends = new CommandEnds()
  /** When set, every call rejects with it. */
  failure: Error | undefined
  #ids = 0

  #repeatOf(once: Once | undefined): string | undefined {
    const found = this.once.repeatOf(once)
    if (found === 'conflict') throw new GatewayError('idempotency_key_reused')
    return found?.repeatOf
  }

  async createDevice(input: DeviceInput, once?: Once) {
    this.#check()
    if (this.#repeatOf(once) !== undefined) throw new GatewayError('already_shown')
    const id = input.id ?? this.#newId('device')
    if (this.devices.has(id)) throw new GatewayError('device_exists')
    const device: DeviceView = {
      id,
      model: input.model,
      tags: input.tags ?? [],
      notes: input.notes || undefined,
      capabilities: [],
      createdAtMs: Date.now(),
      enabled: true,
      presence: {
        device: id,
        state: 'offline',
        session: 0,
        sinceMs: Date.now(),
        reason: 'never_connected',
        node: 'test',
      },
      counters: { received: 0, published: 0 },
    }
    this.devices.set(id, device)
    this.once.remember(once, id)
    return { device, token: await this.issueToken(id, {}) }
  }

  async device(id: string): Promise<DeviceView> {
    this.#check()
    const device = this.devices.get(id)
    if (!device) throw new GatewayError('device_not_found')
    return device
  }

  async listDevices(query: DeviceQuery) {
    this.#check()
    const all = [...this.devices.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    const rest = all.filter((device) => matches(device, device.presence.state, query))
    const items = rest.slice(0, query.limit)
    return { items, next: rest.length > query.limit ? items.at(-1)?.id : undefined }
  }

  async updateDevice(id: string, patch: DevicePatch): Promise<DeviceView> {
    const before = await this.device(id)
    const device = { ...before, ...patch, notes: (patch.notes ?? before.notes) || undefined }
    this.devices.set(id, device)
    return device
  }

  async releaseDevice(id: string): Promise<void> {
    const { quarantine: _over, ...device } = await this.device(id)
    this.devices.set(id, device)
  }

  quarantines({ after = '', limit }: { after?: string; limit: number }) {
    const rest = this.quarantined.filter(({ device }) => device > after)
    const items = rest.slice(0, limit)
    return { items, next: rest.length > limit ? items.at(-1)?.device : undefined }
  }

  async connections(id: string, { before = Number.POSITIVE_INFINITY, limit }: { before?: number; limit: number }) {
    await this.device(id)
    const wanted = this.connected.filter((one) => one.device === id && one.id < before).reverse()
    const items = wanted.slice(0, limit)
    return { items, next: wanted.length > limit ? items.at(-1)?.id : undefined }
  }

  async deleteDevice(id: string): Promise<void> {
    for (const token of await this.listTokens(id)) this.tokens.delete(token.id)
    this.devices.delete(id)
  }

  async issueToken(device: string, options: { expiresInS?: number }, once?: Once): Promise<IssuedToken> {
    await this.device(device)
    if (this.#repeatOf(once) !== undefined) throw new GatewayError('already_shown')
    const live = (await this.listTokens(device)).filter((row) => isLive(row, Date.now()))
    if (live.length >= LIVE_TOKENS_MAX) throw new GatewayError('too_many_tokens')
    const createdAtMs = Date.now()
    const expiresAtMs = options.expiresInS === undefined ? undefined : createdAtMs + options.expiresInS * 1000
    const id = this.#newId('token')
    this.tokens.set(id, { id, device, createdAtMs, expiresAtMs })
    this.once.remember(once, id)
    return { id, device, expiresAtMs, token: `signed.${device}.${id}` }
  }

  async listTokens(device: string): Promise<TokenView[]> {
    await this.device(device)
    const rows = [...this.tokens.values()].filter((token) => token.device === device)
    return rows.map((row) => ({ ...row, state: tokenState(row, Date.now()) }))
  }

  async rotateToken(device: string, options: { overlapS?: number }) {
    const createdAtMs = Date.now()
    const rows = await this.listTokens(device)
    const old = tokenInUse(rows, createdAtMs)
    if (!old) throw new GatewayError('no_live_token')
    const { overlapS = 86_400 } = options
    const token = { id: this.#newId('token'), device, createdAtMs, replaces: old.id, overlapS }
    const problem = replacementProblem(rows, token, LIVE_TOKENS_MAX)
    if (problem === 'in_progress') throw new GatewayError('rotation_in_progress')
    if (problem === 'too_many') throw new GatewayError('too_many_tokens')
    this.tokens.set(token.id, token)
    return { id: token.id, state: 'pending' as const }
  }

  async revokeToken(device: string, tokenId: string): Promise<void> {
    await this.device(device)
    const token = this.tokens.get(tokenId)
    if (token?.device !== device) throw new GatewayError('token_not_found')
    this.tokens.set(tokenId, { ...token, revokedAtMs: Date.now() })
  }

  async revokeTokens(device: string): Promise<number> {
    await this.device(device)
    const live = [...this.tokens.values()].filter((token) => token.device === device && token.revokedAtMs === undefined)
    for (const { id } of live) await this.revokeToken(device, id)
    return live.length
  }

  async lastValues(device: string): Promise<JsonObject> {
    await this.device(device)
    return this.values.get(device) ?? {}
  }

  async shadow(device: string): Promise<Shadow> {
    await this.device(device)
    return this.shadows.get(device) ?? NO_SHADOW
  }

  async changeDesired(device: string, patch: unknown, options: { ifVersions?: readonly number[] }): Promise<Shadow> {
    const shadow = await this.shadow(device)
    if (!isJsonObject(patch)) throw new GatewayError('bad_request')
    const change = changeDesired(shadow, patch, { ...options, atMs: Date.now() })
    if (change.kind === 'conflict') throw new GatewayError('precondition_failed')
    if (change.kind === 'too_large') throw new GatewayError('too_large')
    this.shadows.set(device, change.shadow)
    return change.shadow
  }

  async submitCommand(device: string, request: unknown, once?: Once): Promise<CommandRecord> {
    await this.device(device)
    const repeat = this.#repeatOf(once)
    if (repeat !== undefined) return this.command(repeat)
    const parsed = parseCommandRequest(isJsonObject(request) ? request : undefined)
    if (!parsed.ok) throw new GatewayError('bad_request', describeProblem(parsed.problem))
    const open = this.commands.filter((command) => command.device === device && command.dueAtMs !== undefined)
    if (open.length >= COMMANDS_WAITING_MAX) throw new GatewayError('queue_full')
    const atMs = Date.now()
    const command: CommandRecord = {
      ...parsed.message,
      id: this.#newId('command'),
      device,
      createdAtMs: atMs,
      state: 'queued',
      deliveries: 0,
      dueAtMs: atMs + parsed.message.ttlS * 1000,
      history: [{ state: 'queued', atMs }],
    }
    this.commands.push(command)
    this.once.remember(once, command.id)
    return command
  }

  async command(id: string): Promise<CommandRecord> {
    this.#check()
    const command = this.commands.find((each) => each.id === id)
    if (!command) throw new GatewayError('command_not_found')
    return command
  }

  async listCommands(device: string, page: { before?: string; limit: number }) {
    await this.device(device)
    const newestFirst = this.commands.filter((command) => command.device === device).reverse()
    const start = page.before === undefined ? 0 : newestFirst.findIndex(({ id }) => id === page.before) + 1
    const items = newestFirst.slice(start, start + page.limit)
    return { items, next: newestFirst.length > start + page.limit ? items.at(-1)?.id : undefined }
  }

  onCommandEnd(id: string, listener: (command: CommandRecord) => void): () => void {
    return this.ends.once(id, listener)
  }

  async findCommands({ device, state, before, limit }: CommandQuery) {
    this.#check()
    const newestFirst = [...this.commands].reverse()
    const from = before === undefined ? 0 : newestFirst.findIndex(({ id }) => id === before) + 1
    const isOpen = (one: CommandRecord) => one.dueAtMs !== undefined
    const wanted = newestFirst
      .slice(from)
      .filter((one) => device === undefined || one.device === device)
      .filter((one) => state === undefined || (state === 'open' ? isOpen(one) : one.state === state))
    const items = wanted.slice(0, limit)
    return { items, next: wanted.length > limit ? items.at(-1)?.id : undefined }
  }

  async deadLetters({ before = Number.POSITIVE_INFINITY, limit }: { before?: number; limit: number }) {
    this.#check()
    const wanted = this.letters.filter(({ id }) => id < before).reverse()
    const items = wanted.slice(0, limit)
    return { items, next: wanted.length > limit ? items.at(-1)?.id : undefined }
  }

  async cancelCommand(id: string): Promise<CommandRecord> {
    const { state } = await this.command(id)
    if (state === 'queued') return this.advance(id, { kind: 'cancel' })
    throw new GatewayError(
      state === 'sent' || state === 'accepted' || state === 'running' ? 'command_in_flight' : 'command_final',
    )
  }

  /** What the device does with a command. */
  advance(id: string, event: CommandEvent): CommandRecord {
    const index = this.commands.findIndex((each) => each.id === id)
    const command = this.commands[index]
    if (!command) throw new Error(`no command ${id}`)
    const atMs = Date.now()
    const update = applyEvent(command, event, atMs)
    if (!update) return command
    const { dueAtMs: _ended, ...kept } = command
    const history =
      update.state === command.state ? command.history : [...command.history, { state: update.state, atMs }]
    const advanced = { ...kept, ...update, history }
    this.commands[index] = advanced
    if (isFinal(advanced.state)) this.ends.tell(advanced)
    return advanced
  }

  #newId(kind: string): string {
    this.#ids += 1
    return `${kind}-${this.#ids}`
  }

  #check(): void {
    if (this.failure) throw this.failure
  }
}
