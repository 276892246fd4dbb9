import {
  applyEvent,
  type CommandChange,
  type CommandEvent,
  type CommandQuery,
  type CommandRecord,
  type NewCommand,
} from '../../gateway/core/command-machine.ts'
import type { DeviceQuery } from '../../gateway/core/device-query.ts'
import { GatewayError } from '../../gateway/core/errors.ts'
import type { Credential } from '../../gateway/core/ports.ts'
import type {
  ApiKey,
  AuditEntry,
  AuditQuery,
  AuditRow,
  ConnectionRow,
  DeadLetter,
  DeadLetterRow,
  DevicePatch,
  DeviceRow,
  MadeBetween,
  NewDevice,
  NewToken,
  Once,
  Presence,
  Replacement,
  Report,
  Shadow,
  StoredConnection,
  TokenRow,
} from '../../gateway/core/records.ts'
import type { Registry } from '../../gateway/core/registry.ts'
import { applyReport, changeDesired, type DesiredOptions, NO_SHADOW } from '../../gateway/core/shadow-rules.ts'
import {
  endedByConfirming,
  endOfReplaced,
  hasEnded,
  hasExpired,
  isLive,
  ROTATE_ONLY_MS,
  replacementProblem,
} from '../../gateway/core/token-life.ts'
import { isFinal } from '../../protocol/command-request.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { matches } from './device-matches.ts'
import { MemoryBans } from './memory-bans.ts'
import { MemoryBatches } from './memory-batches.ts'
import { MemoryOnce } from './memory-once.ts'

type Method = keyof Registry

/** The Registry port in memory, with its promises kept. Each call can be made to fail or to wait. */
export class MemoryRegistry implements Registry {
  /** Why it cannot write, where the test wants that. */
  trouble: string | undefined
  readonly devices = new Map<string, DeviceRow>()
  readonly tokens = new Map<string, TokenRow>()
  readonly presence = new Map<string, Presence>()
  readonly values = new Map<string, JsonObject>()
  readonly shadows = new Map<string, Shadow>()
  readonly commands = new Map<string, CommandRecord>()
  readonly changes: (CommandChange & { published: boolean })[] = []
  readonly keys = new Map<string, ApiKey>()
  readonly audit: AuditRow[] = []
  readonly batches = new MemoryBatches(this)
  readonly banStore = new MemoryBans()
  readonly letters: DeadLetterRow[] = []
  connections: StoredConnection[] = []
  aliveAtMs: number | undefined
  readonly once = new MemoryOnce()
  session = 0
  readonly #failing = new Set<Method>()
  readonly #gates = new Map<Method, Promise<void>>()

  /** Until `recover`, calls reject with registry_unavailable: those named, or all. */
  fail(...methods: Method[]): void {
    for (const method of methods) this.#failing.add(method)
  }
  recover(): void {
    this.#failing.clear()
  }

  /** The calls wait until the returned function is called. */
  hold(method: Method): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gates.set(method, promise)
    return () => {
      this.#gates.delete(method)
      resolve()
    }
  }

  /** Later calls do not wait any more; those that do wait on. */
  pass(method: Method): void {
    this.#gates.delete(method)
  }

  async #enter(method: Method): Promise<void> {
    if (this.#failing.has(method)) throw new GatewayError('registry_unavailable')
    await this.#gates.get(method)
    if (this.#failing.has(method)) throw new GatewayError('registry_unavailable')
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  health() {
    return this.trouble === undefined ? { ready: true } : { ready: false, reason: this.trouble }
  }

  async createDevice(device: NewDevice, token: NewToken, once?: Once) {
    await this.#enter('createDevice')
    const repeat = this.once.repeatOf(once)
    if (repeat !== undefined) return repeat
    if (!this.devices.has(device.id)) this.once.remember(once, device.id)
    if (this.devices.has(device.id)) return 'exists' as const
    this.devices.set(device.id, { ...device, enabled: true, capabilities: [] })
    this.tokens.set(`${token.device}/${token.id}`, token)
    return 'created' as const
  }
  async createDevices(list: readonly { device: NewDevice; token: NewToken }[], once?: Once) {
    await this.#enter('createDevices')
    const repeat = this.once.repeatOf(once)
    if (repeat !== undefined) return repeat
    const answers = await Promise.all(list.map(({ device, token }) => this.createDevice(device, token)))
    const outcomes = answers.map((one) => (one === 'created' ? 'created' : 'exists'))
    const first = list[outcomes.indexOf('created')]
    if (first !== undefined) this.once.remember(once, first.device.id)
    return outcomes
  }
  async knownDevices(ids: readonly string[]) {
    await this.#enter('knownDevices')
    return ids.filter((id) => this.devices.has(id))
  }
  async device(id: string) {
    await this.#enter('device')
    return this.devices.get(id)
  }
  async listDevices(query: DeviceQuery) {
    const stateOf = (id: string) => this.presence.get(id)?.state ?? 'offline'
    const rows = [...this.devices.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    return rows.filter((row) => matches(row, stateOf(row.id), query)).slice(0, query.limit)
  }
  async updateDevice(id: string, patch: DevicePatch) {
    await this.#enter('updateDevice')
    const row = this.devices.get(id)
    if (row === undefined) return undefined
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
    const updated = { ...row, ...given, notes: (patch.notes ?? row.notes) || undefined }
    this.devices.set(id, updated)
    return updated
  }
  async deleteDevice(id: string) {
    await this.#enter('deleteDevice')
    const waits = new Set(this.changes.filter(({ published }) => !published).map(({ command }) => command))
    const isUnheard = (one: CommandRecord) => one.device === id && (!isFinal(one.state) || waits.has(one.id))
    const unheard = [...this.commands.values()].filter(isUnheard)
    this.presence.delete(id)
    this.values.delete(id)
    this.shadows.delete(id)
    for (const [key, { device }] of this.tokens) if (device === id) this.tokens.delete(key)
    for (const [key, { device }] of this.commands) if (device === id) this.commands.delete(key)
    return this.devices.delete(id) ? unheard : undefined
  }

  async credential(device: string, tokenId: string): Promise<Credential | undefined> {
    const row = this.devices.get(device)
    const credential = row && { enabled: row.enabled, token: this.tokens.get(`${device}/${tokenId}`) }
    await this.#enter('credential') // a slow answer is one of an earlier time
    return credential
  }
  async addToken(token: NewToken, liveMax: number, once?: Once) {
    await this.#enter('addToken')
    const repeat = this.once.repeatOf(once)
    if (repeat !== undefined) return repeat
    if (!this.devices.has(token.device)) return 'no_device' as const
    const live = this.#tokensOf(token.device).filter((row) => isLive(row, token.createdAtMs))
    if (live.length >= liveMax) return 'too_many' as const
    this.tokens.set(`${token.device}/${token.id}`, token)
    this.once.remember(once, token.id)
    return 'added' as const
  }
  async listTokens(device: string) {
    const rows = this.#tokensOf(device)
    await this.#enter('listTokens') // a slow answer is one of an earlier time
    return rows
  }
  #tokensOf(device: string): TokenRow[] {
    return [...this.tokens.values()].filter((row) => row.device === device)
  }
  async addReplacement(token: Replacement, liveMax: number) {
    await this.#enter('addReplacement')
    if (!this.devices.has(token.device)) return 'no_device' as const
    const problem = replacementProblem(this.#tokensOf(token.device), token, liveMax)
    if (problem !== undefined) return problem
    this.tokens.set(`${token.device}/${token.id}`, token)
    return 'added' as const
  }
  async confirmToken(device: string, tokenId: string, atMs: number) {
    await this.#enter('confirmToken')
    const token = this.tokens.get(`${device}/${tokenId}`)
    if (token?.replaces === undefined || !isLive(token, atMs)) return undefined
    const confirmed = { ...token, confirmedAtMs: token.confirmedAtMs ?? atMs }
    this.tokens.set(`${device}/${tokenId}`, confirmed)
    const rows = [...this.tokens.values()].filter((row) => row.device === device)
    for (const old of endedByConfirming(rows, token)) {
      this.tokens.set(`${device}/${old.id}`, { ...old, endsAtMs: endOfReplaced(old, token, atMs) })
    }
    return confirmed
  }
  async endedTokens(atMs: number, limit: number) {
    await this.#enter('endedTokens')
    const ended = [...this.tokens.values()].filter(
      ({ endsAtMs, revokedAtMs }) => endsAtMs !== undefined && endsAtMs <= atMs && revokedAtMs === undefined,
    )
    return ended.sort((a, b) => (a.endsAtMs ?? 0) - (b.endsAtMs ?? 0)).slice(0, limit)
  }
  async revokeToken(device: string, tokenId: string, atMs: number) {
    await this.#enter('revokeToken')
    const key = `${device}/${tokenId}`
    const row = this.tokens.get(key)
    if (row) this.tokens.set(key, { ...row, revokedAtMs: row.revokedAtMs ?? atMs })
    return row !== undefined
  }
  async revokeTokensOf(device: string, atMs: number) {
    const rows = [...this.tokens.values()].filter((row) => row.device === device && row.revokedAtMs === undefined)
    for (const row of rows) await this.revokeToken(device, row.id, atMs)
    return rows.length
  }
  #made({ fromMs, beforeMs = Number.MAX_SAFE_INTEGER }: MadeBetween) {
    const isMade = ({ createdAtMs }: TokenRow) => createdAtMs >= fromMs && createdAtMs < beforeMs
    return [...this.tokens.values()]
      .filter(isMade)
      .sort((a, b) => (`${a.device} ${a.id}` < `${b.device} ${b.id}` ? -1 : 1))
  }
  #opensSessions(row: TokenRow, atMs: number) {
    return !hasEnded(row, atMs) && !hasExpired(row, atMs - ROTATE_ONLY_MS)
  }
  async countLiveTokens(made: MadeBetween, atMs: number) {
    return this.#made(made).filter((row) => this.#opensSessions(row, atMs)).length
  }
  async unreplacedTokens(made: MadeBetween, atMs: number, limit: number) {
    const newer = ({ device, id }: TokenRow) =>
      [...this.tokens.values()].some(
        (row) => row.device === device && row.replaces === id && row.revokedAtMs === undefined,
      )
    return this.#made(made)
      .filter((row) => this.#opensSessions(row, atMs) && !newer(row))
      .slice(0, limit)
  }
  async revokeTokensMade(made: MadeBetween, atMs: number) {
    const rows = this.#made(made).filter(({ revokedAtMs }) => revokedAtMs === undefined)
    for (const { device, id } of rows) await this.revokeToken(device, id, atMs)
    return rows.map(({ device, id }) => ({ device, id }))
  }
  async markTokenUsed(device: string, tokenId: string, atMs: number) {
    await this.#enter('markTokenUsed')
    const row = this.tokens.get(`${device}/${tokenId}`)
    if (row) this.tokens.set(`${device}/${tokenId}`, { ...row, lastUsedAtMs: atMs })
  }

  async nextSession() {
    const number = ++this.session
    await this.#enter('nextSession')
    return number
  }
  async savePresence(row: Presence) {
    await this.#enter('savePresence')
    if ((this.presence.get(row.device)?.session ?? 0) <= row.session) this.presence.set(row.device, row)
  }
  async presences() {
    return [...this.presence.values()]
  }
  async saveLastValues(rows: readonly { device: string; values: JsonObject }[]) {
    await this.#enter('saveLastValues')
    for (const { device, values } of rows) this.values.set(device, values)
  }
  async lastValues() {
    return [...this.values].map(([device, values]) => ({ device, values }))
  }

  async shadow(device: string) {
    const shadow = this.shadows.get(device)
    await this.#enter('shadow')
    return shadow
  }
  async shadowDevices({ after = '', limit }: { after?: string; limit: number }) {
    const ids = [...this.shadows.keys()].sort().filter((id) => id > after)
    return ids.slice(0, limit)
  }
  async changeDesired(device: string, patch: JsonObject, options: DesiredOptions) {
    await this.#enter('changeDesired')
    if (!this.devices.has(device)) return { kind: 'no_device' } as const
    const change = changeDesired(this.shadows.get(device) ?? NO_SHADOW, patch, options)
    if (change.kind === 'stored' && change.changed) this.shadows.set(device, change.shadow)
    return change
  }
  async saveReported(device: string, report: Report) {
    await this.#enter('saveReported')
    if (!this.devices.has(device)) return undefined
    const after = applyReport(this.shadows.get(device) ?? NO_SHADOW, report)
    if (after !== undefined) this.shadows.set(device, after)
    return after
  }

  async insertCommand(command: NewCommand, waitingMax: number, once?: Once) {
    await this.#enter('insertCommand')
    const repeat = this.once.repeatOf(once)
    if (repeat !== undefined) return repeat
    if (this.commands.has(command.id)) return 'exists' as const
    if (!this.devices.has(command.device)) return 'no_device' as const
    if (this.#open(command.device).length >= waitingMax) return 'full' as const
    const { createdAtMs: atMs, ttlS } = command
    this.commands.set(command.id, {
      ...command,
      state: 'queued',
      deliveries: 0,
      dueAtMs: atMs + ttlS * 1000,
      history: [{ state: 'queued', atMs }],
    })
    this.#change(command.id, command.device, 'queued', atMs)
    this.once.remember(once, command.id)
    return 'inserted' as const
  }
  async command(id: string) {
    await this.#enter('command')
    return this.commands.get(id)
  }
  async listCommands(device: string, { before, limit }: { before?: string; limit: number }) {
    const newestFirst = [...this.commands.values()].filter((command) => command.device === device).reverse()
    const from = before === undefined ? 0 : newestFirst.findIndex(({ id }) => id === before) + 1
    return newestFirst.slice(from, from + limit)
  }
  async findCommands(query: CommandQuery) {
    await this.#enter('findCommands')
    const { device, state, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY, before, limit } = query
    const newestFirst = [...this.commands.values()].reverse()
    const from = before === undefined ? 0 : newestFirst.findIndex(({ id }) => id === before) + 1
    const isWanted = (one: CommandRecord) =>
      (device === undefined || one.device === device) &&
      (state === undefined || (state === 'open' ? !isFinal(one.state) : one.state === state)) &&
      one.createdAtMs >= sinceMs &&
      one.createdAtMs < untilMs
    return newestFirst.slice(from).filter(isWanted).slice(0, limit)
  }
  async openCommands(device: string) {
    await this.#enter('openCommands')
    return this.#open(device)
  }
  #open(device: string): CommandRecord[] {
    return [...this.commands.values()].filter((command) => command.device === device && !isFinal(command.state))
  }
  async advanceCommand(id: string, device: string, event: CommandEvent, atMs: number) {
    await this.#enter('advanceCommand')
    const before = this.commands.get(id)
    if (before?.device !== device) return undefined
    const update = applyEvent(before, event, atMs)
    if (update === undefined) return { changed: false, command: before }
    const moved = update.state !== before.state
    const history = moved ? [...before.history, { state: update.state, atMs }] : before.history
    const command = { ...before, dueAtMs: undefined, ...update, history }
    this.commands.set(id, command)
    if (moved) this.#change(id, device, update.state, atMs)
    return { changed: true, command }
  }
  async dueCommands(atMs: number, limit: number) {
    await this.#enter('dueCommands')
    const due = [...this.commands.values()].filter(({ dueAtMs }) => dueAtMs !== undefined && dueAtMs <= atMs)
    return due.slice(0, limit)
  }
  async unpublishedChanges(limit: number) {
    await this.#enter('unpublishedChanges')
    return this.changes.filter(({ published }) => !published).slice(0, limit)
  }
  async markPublished(changeIds: readonly number[]) {
    await this.#enter('markPublished')
    for (const change of this.changes) if (changeIds.includes(change.changeId)) change.published = true
  }

  async putApiKey(key: ApiKey) {
    this.keys.set(key.name, key)
  }
  async apiKeyByHash(sha256: string) {
    return [...this.keys.values()].find((key) => key.sha256 === sha256)
  }
  async countApiKeys() {
    return this.keys.size
  }
  async saveConnections(rows: readonly ConnectionRow[]) {
    await this.#enter('saveConnections')
    for (const row of rows) {
      const isMine = (one: StoredConnection) =>
        one.device === row.device && one.session === row.session && one.endedAtMs === undefined
      const open = row.endedAtMs === undefined ? undefined : this.connections.find(isMine)
      const id = open?.id ?? this.connections.length + 1
      this.connections = [...this.connections.filter((one) => one !== open), { ...row, id }]
    }
  }
  async markAlive(atMs: number) {
    await this.#enter('markAlive')
    this.aliveAtMs = atMs
  }
  async endConnections(atMs: number, reason: string) {
    const lastMs = Math.min(atMs, this.aliveAtMs ?? atMs)
    this.connections = this.connections.map((one) =>
      one.endedAtMs === undefined ? { ...one, endedAtMs: Math.max(one.connectedAtMs, lastMs), reason } : one,
    )
  }
  async listConnections(device: string, { before = Number.POSITIVE_INFINITY, limit }: LetterQuery) {
    const wanted = this.connections.filter((one) => one.device === device && one.id < before)
    return wanted.sort((a, b) => b.id - a.id).slice(0, limit)
  }
  async addDeadLetter(letter: DeadLetter) {
    await this.#enter('addDeadLetter')
    this.letters.push({ ...letter, id: this.letters.length + 1 })
  }
  async listDeadLetters({ before = Number.POSITIVE_INFINITY, device, limit }: LetterQuery) {
    await this.#enter('listDeadLetters')
    const wanted = this.letters.filter((row) => row.id < before && (device === undefined || row.device === device))
    return wanted.reverse().slice(0, limit)
  }
  async appendAudit(entries: readonly AuditEntry[]) {
    await this.#enter('appendAudit')
    for (const entry of entries) this.audit.push({ ...entry, id: this.audit.length + 1 })
  }
  async listAudit(query: AuditQuery) {
    await this.#enter('listAudit')
    return this.audit
      .filter((row) => passes(row, query))
      .reverse()
      .slice(0, query.limit)
  }

  #change(command: string, device: string, state: CommandRecord['state'], atMs: number): void {
    const { result, error } = this.commands.get(command) ?? {}
    const what = isFinal(state) ? { result, error } : {}
    this.changes.push({ changeId: this.changes.length + 1, command, device, state, atMs, ...what, published: false })
  }
}

interface LetterQuery {
  readonly before?: number
  readonly device?: string
  readonly limit: number
}

function passes(row: AuditRow, query: AuditQuery): boolean {
  const { before = Number.POSITIVE_INFINITY, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY } = query
  const isRefused = query.outcome === 'refused' && row.outcome !== 'ok'
  const equal = (['device', 'actor', 'action', 'outcome'] as const).every(
    (name) => query[name] === undefined || query[name] === row[name] || (name === 'outcome' && isRefused),
  )
  return equal && row.id < before && row.atMs >= sinceMs && row.atMs < untilMs
}
