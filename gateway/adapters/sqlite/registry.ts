import type { JsonObject } from '../../../protocol/json.ts'
import type {
  CommandChange,
  CommandEvent,
  CommandQuery,
  CommandRecord,
  InsertOutcome,
  NewCommand,
} from '../../core/command-machine.ts'
import type { DeviceQuery } from '../../core/device-query.ts'
import type { Credential, Log } from '../../core/ports.ts'
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
} from '../../core/records.ts'
import type { Registry } from '../../core/registry.ts'
import type { DesiredChange, DesiredOptions } from '../../core/shadow-rules.ts'
import { SqliteAccess } from './access.ts'
import { SqliteAnnouncements } from './announcement-store.ts'
import { SqliteBans } from './ban-store.ts'
import { SqliteBatches } from './batch-store.ts'
import type { READS, WRITES } from './operations.ts'
import { SessionNumbers } from './session-numbers.ts'
import { StoreThread } from './store-thread.ts'
import { WriteHealth } from './write-health.ts'

/** A write that waits longer than this means a disk that hangs, though it has not failed. */
const WRITE_STUCK_MS = 10_000

export interface SqliteRegistryOptions {
  /** Path of the database; it and its folder are made when missing. */
  readonly file: string
  readonly log?: Log
}

/**
 * The registry in one SQLite file. A writer thread takes all waiting changes in one commit and answers after it is
 * on the disk; a reader thread has a connection of its own, so that a slow disk never delays a handshake. A read
 * sees every change whose promise has resolved. A change that was rejected with `registry_unavailable` may have
 * been made when the thread or the disk died over it. One process per file.
 */
export class SqliteRegistry implements Registry {
  readonly batches: SqliteBatches
  readonly banStore: SqliteBans
  /** Who may operate the gateway. */
  readonly access: SqliteAccess
  /** What other programs were told and must be told no more some day. */
  readonly announced: SqliteAnnouncements
  readonly #writer: StoreThread<typeof WRITES>
  readonly #reader: StoreThread<typeof READS>
  readonly #sessions: SessionNumbers
  readonly #writeHealth: WriteHealth

  constructor(options: SqliteRegistryOptions) {
    const { file, log } = options
    this.#writer = new StoreThread<typeof WRITES>({
      role: 'writer',
      file,
      log,
      storeFailed: (failure) => this.#writeHealth.failed(failure),
    })
    this.#reader = new StoreThread<typeof READS>({ role: 'reader', file, log })
    this.banStore = new SqliteBans(this.#writer, this.#reader)
    this.batches = new SqliteBatches(this.#writer, this.#reader)
    this.access = new SqliteAccess(this.#writer, this.#reader)
    this.announced = new SqliteAnnouncements(this.#writer, this.#reader)
    this.#writeHealth = new WriteHealth(() => this.#writer.call('probe'), log)
    this.#sessions = new SessionNumbers((count) => this.#writer.call('reserveSessions', count))
  }

  /** Rejects, naming the file, when it is damaged, newer than this code or cannot be opened; it is left as it is. */
  async start(): Promise<void> {
    await this.#writer.start()
    try {
      await this.#reader.start()
      await this.#sessions.refill()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Finishes what was asked before. Calling it twice is harmless. */
  async stop(): Promise<void> {
    this.#writeHealth.stop()
    const unused = this.#sessions.giveBack()
    const returned = unused && this.#writer.call('returnSessions', unused.lastUsed, unused.reservedUpTo)
    await returned?.catch(() => {}) // they are skipped then, as after a crash
    await this.#reader.stop()
    await this.#writer.stop() // the last to close: it empties the log into the file
  }

  /** Requests that wait for a thread or the disk. */
  get waiting(): number {
    return this.#writer.waiting + this.#reader.waiting
  }

  health(): { readonly ready: boolean; readonly reason?: string } {
    const stuck = this.#writer.longestWaitMs() > WRITE_STUCK_MS ? 'the disk has not answered a write yet' : undefined
    const reason = this.#writer.unusable ?? this.#reader.unusable ?? this.#writeHealth.problem ?? stuck
    return reason === undefined ? { ready: true } : { ready: false, reason }
  }

  createDevice(
    device: NewDevice,
    token: NewToken,
    once?: Once,
  ): Promise<'created' | 'exists' | 'conflict' | { repeatOf: string }> {
    return this.#writer.call('createDevice', device, token, once)
  }
  createDevices(
    list: readonly { device: NewDevice; token: NewToken }[],
    once?: Once,
  ): Promise<('created' | 'exists')[] | 'conflict' | { repeatOf: string }> {
    return this.#writer.call('createDevices', list, once)
  }
  knownDevices(ids: readonly string[]): Promise<string[]> {
    return this.#reader.call('knownDevices', ids)
  }
  device(id: string): Promise<DeviceRow | undefined> {
    return this.#reader.call('device', id)
  }
  listDevices(query: DeviceQuery): Promise<DeviceRow[]> {
    return this.#reader.call('listDevices', query)
  }
  updateDevice(id: string, patch: DevicePatch): Promise<DeviceRow | undefined> {
    return this.#writer.call('updateDevice', id, patch)
  }
  deleteDevice(id: string): Promise<readonly CommandRecord[] | undefined> {
    return this.#writer.call('deleteDevice', id)
  }

  credential(device: string, tokenId: string): Promise<Credential | undefined> {
    return this.#reader.call('credential', device, tokenId)
  }
  addToken(
    token: NewToken,
    liveMax: number,
    once?: Once,
  ): Promise<'added' | 'no_device' | 'too_many' | 'conflict' | { repeatOf: string }> {
    return this.#writer.call('addToken', token, liveMax, once)
  }
  listTokens(device: string): Promise<TokenRow[]> {
    return this.#reader.call('listTokens', device)
  }
  revokeToken(device: string, tokenId: string, atMs: number): Promise<boolean> {
    return this.#writer.call('revokeToken', device, tokenId, atMs)
  }
  revokeTokensOf(device: string, atMs: number): Promise<number> {
    return this.#writer.call('revokeTokensOf', device, atMs)
  }
  countLiveTokens(made: MadeBetween, atMs: number): Promise<number> {
    return this.#reader.call('countLiveTokens', made, atMs)
  }
  unreplacedTokens(made: MadeBetween, atMs: number, limit: number): Promise<TokenRow[]> {
    return this.#reader.call('unreplacedTokens', made, atMs, limit)
  }
  revokeTokensMade(made: MadeBetween, atMs: number): Promise<{ device: string; id: string }[]> {
    return this.#writer.call('revokeTokensMade', made, atMs)
  }
  markTokenUsed(device: string, tokenId: string, atMs: number): Promise<void> {
    return this.#writer.call('markTokenUsed', device, tokenId, atMs)
  }
  addReplacement(
    token: Replacement,
    liveMax: number,
  ): Promise<'added' | 'no_device' | 'gone' | 'in_progress' | 'too_many'> {
    return this.#writer.call('addReplacement', token, liveMax)
  }
  confirmToken(device: string, tokenId: string, atMs: number): Promise<TokenRow | undefined> {
    return this.#writer.call('confirmToken', device, tokenId, atMs)
  }
  endedTokens(atMs: number, limit: number): Promise<TokenRow[]> {
    return this.#reader.call('endedTokens', atMs, limit)
  }

  nextSession(): Promise<number> {
    return this.#sessions.take()
  }
  savePresence(presence: Presence): Promise<void> {
    return this.#writer.call('savePresence', presence)
  }
  presences(): Promise<Presence[]> {
    return this.#reader.call('presences')
  }

  saveLastValues(rows: readonly { device: string; values: JsonObject }[]): Promise<void> {
    return this.#writer.call('saveLastValues', rows)
  }
  lastValues(): Promise<{ device: string; values: JsonObject }[]> {
    return this.#reader.call('lastValues')
  }

  shadow(device: string): Promise<Shadow | undefined> {
    return this.#reader.call('shadow', device)
  }
  shadowDevices(page: { after?: string; limit: number }): Promise<string[]> {
    return this.#reader.call('shadowDevices', page)
  }
  changeDesired(
    device: string,
    patch: JsonObject,
    options: DesiredOptions,
  ): Promise<DesiredChange | { kind: 'no_device' }> {
    return this.#writer.call('changeDesired', device, patch, options)
  }
  saveReported(device: string, report: Report): Promise<{ desiredVersion: number } | undefined> {
    return this.#writer.call('saveReported', device, report)
  }

  insertCommand(command: NewCommand, waitingMax: number, once?: Once): Promise<InsertOutcome> {
    return this.#writer.call('insertCommand', command, waitingMax, once)
  }
  command(id: string): Promise<CommandRecord | undefined> {
    return this.#reader.call('command', id)
  }
  listCommands(device: string, page: { before?: string; limit: number }): Promise<CommandRecord[]> {
    return this.#reader.call('listCommands', device, page)
  }
  findCommands(query: CommandQuery): Promise<CommandRecord[]> {
    return this.#reader.call('findCommands', query)
  }
  openCommands(device: string): Promise<CommandRecord[]> {
    return this.#reader.call('openCommands', device)
  }
  advanceCommand(
    id: string,
    device: string,
    event: CommandEvent,
    atMs: number,
  ): Promise<{ changed: boolean; command: CommandRecord } | undefined> {
    return this.#writer.call('advanceCommand', id, device, event, atMs)
  }
  dueCommands(atMs: number, limit: number): Promise<CommandRecord[]> {
    return this.#reader.call('dueCommands', atMs, limit)
  }
  unpublishedChanges(limit: number): Promise<CommandChange[]> {
    return this.#reader.call('unpublishedChanges', limit)
  }
  markPublished(changeIds: readonly number[]): Promise<void> {
    return this.#writer.call('markPublished', changeIds)
  }

  putApiKey(key: ApiKey): Promise<void> {
    return this.#writer.call('putApiKey', key)
  }
  apiKeyByHash(sha256: string): Promise<ApiKey | undefined> {
    return this.#reader.call('apiKeyByHash', sha256)
  }
  countApiKeys(): Promise<number> {
    return this.#reader.call('countApiKeys')
  }

  appendAudit(entries: readonly AuditEntry[]): Promise<void> {
    return this.#writer.call('appendAudit', entries)
  }
  listAudit(query: AuditQuery): Promise<AuditRow[]> {
    return this.#reader.call('listAudit', query)
  }

  addDeadLetter(letter: DeadLetter): Promise<void> {
    return this.#writer.call('addDeadLetter', letter)
  }
  listDeadLetters(query: { before?: number; device?: string; limit: number }): Promise<DeadLetterRow[]> {
    return this.#reader.call('listDeadLetters', query)
  }

  saveConnections(rows: readonly ConnectionRow[]): Promise<void> {
    return this.#writer.call('saveConnections', rows)
  }
  markAlive(atMs: number): Promise<void> {
    return this.#writer.call('markAlive', atMs)
  }
  endConnections(atMs: number, reason: string): Promise<void> {
    return this.#writer.call('endConnections', atMs, reason)
  }
  listConnections(device: string, page: { before?: number; limit: number }): Promise<StoredConnection[]> {
    return this.#reader.call('listConnections', device, page)
  }
}
