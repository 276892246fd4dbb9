import type { JsonObject } from '../../protocol/json.ts'
import type { BanStore } from './ban-store.ts'
import type { BatchStore } from './batch-store.ts'
import type {
  CommandChange,
  CommandEvent,
  CommandQuery,
  CommandRecord,
  InsertOutcome,
  NewCommand,
} from './command-machine.ts'
import type { DeviceQuery } from './device-query.ts'
import type { Credential } from './ports.ts'
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
} from './records.ts'
import type { DesiredChange, DesiredOptions } from './shadow-rules.ts'

/**
 * The durable memory. Every method that changes something resolves only when it is on the disk. All reject with
 * GatewayError `registry_unavailable` when the store cannot be used. With `once`, what a repeat of an earlier request
 * made is not made again: `repeatOf` names it, for 24 hours, also after a restart; `conflict`: that one asked for
 * something else.
 */
export interface Registry {
  start(): Promise<void>
  stop(): Promise<void>
  /** Whether the store took its last write. */
  health(): { readonly ready: boolean; readonly reason?: string }

  /** The device and its first token, both or none. */
  createDevice(
    device: NewDevice,
    token: NewToken,
    once?: Once,
  ): Promise<'created' | 'exists' | 'conflict' | { repeatOf: string }>
  /**
   * All in one transaction; those that exist already are left as they are. In the order of the list. Only a request that
   * made one is remembered, by the first it made.
   */
  createDevices(
    list: readonly { device: NewDevice; token: NewToken }[],
    once?: Once,
  ): Promise<('created' | 'exists')[] | 'conflict' | { repeatOf: string }>
  /** Those of the ids that are devices. */
  knownDevices(ids: readonly string[]): Promise<string[]>
  device(id: string): Promise<DeviceRow | undefined>
  listDevices(query: DeviceQuery): Promise<DeviceRow[]>
  updateDevice(id: string, patch: DevicePatch): Promise<DeviceRow | undefined>
  /**
   * With its tokens, commands, presence and last values. Undefined when there is no such device; else those of its
   * commands whose end the bus has not confirmed, as they were.
   */
  deleteDevice(id: string): Promise<readonly CommandRecord[] | undefined>

  credential(device: string, tokenId: string): Promise<Credential | undefined>
  /** `too_many` when the device has `liveMax` tokens that are neither revoked nor expired at `token.createdAtMs`. */
  addToken(
    token: NewToken,
    liveMax: number,
    once?: Once,
  ): Promise<'added' | 'no_device' | 'too_many' | 'conflict' | { repeatOf: string }>
  listTokens(device: string): Promise<TokenRow[]>
  /** False when there is no such token; true also when it was revoked before. */
  revokeToken(device: string, tokenId: string, atMs: number): Promise<boolean>
  /** Every one of the device, in one transaction; returns how many were not revoked before. */
  revokeTokensOf(device: string, atMs: number): Promise<number>
  markTokenUsed(device: string, tokenId: string, atMs: number): Promise<void>
  /** [K-9] Adds a token that replaces another of the device, unless `replacementProblem` says why not. */
  addReplacement(
    token: Replacement,
    liveMax: number,
  ): Promise<'added' | 'no_device' | 'gone' | 'in_progress' | 'too_many'>
  /**
   * [K-8] The device has this replacement: sets the end of the token that it replaces by `endOfReplaced`. A second
   * time changes nothing. Undefined when there is no such replacement, or it is not live at `atMs`.
   */
  confirmToken(device: string, tokenId: string, atMs: number): Promise<TokenRow | undefined>
  /** Tokens that are not revoked and whose `endsAtMs` has passed, oldest end first. */
  endedTokens(atMs: number, limit: number): Promise<TokenRow[]>

  /** Tokens that still open a session of some kind at `atMs`. */
  countLiveTokens(made: MadeBetween, atMs: number): Promise<number>
  /** Of these the ones that nothing replaces yet, by device. */
  unreplacedTokens(made: MadeBetween, atMs: number, limit: number): Promise<TokenRow[]>
  /** Revokes those that are not; returns which. */
  revokeTokensMade(made: MadeBetween, atMs: number): Promise<{ device: string; id: string }[]>

  /** A number greater than every one before, across restarts and crashes. Does not wait for the disk each time. */
  nextSession(): Promise<number>
  /** Kept unless a later session is stored already. */
  savePresence(presence: Presence): Promise<void>
  presences(): Promise<Presence[]>

  /** Last telemetry values: `{key: [value, ts]}` for each device. */
  saveLastValues(rows: readonly { device: string; values: JsonObject }[]): Promise<void>
  lastValues(): Promise<{ device: string; values: JsonObject }[]>

  /** Undefined when nothing was ever set or reported. */
  shadow(device: string): Promise<Shadow | undefined>
  /** Devices that have a shadow, by id in byte order, those after `after`. */
  shadowDevices(page: { after?: string; limit: number }): Promise<string[]>
  /** Applies the patch by `changeDesired` in one transaction. */
  changeDesired(
    device: string,
    patch: JsonObject,
    options: DesiredOptions,
  ): Promise<DesiredChange | { kind: 'no_device' }>
  /** Applies the report by `applyReport` in one transaction; undefined when it is of no use any more. */
  saveReported(device: string, report: Report): Promise<{ desiredVersion: number } | undefined>

  /** `full` when the device has `waitingMax` commands that are not final. An id that exists is never inserted twice. */
  insertCommand(command: NewCommand, waitingMax: number, once?: Once): Promise<InsertOutcome>
  command(id: string): Promise<CommandRecord | undefined>
  /** Newest first, those created before `before` (an id of the same list). */
  listCommands(device: string, page: { before?: string; limit: number }): Promise<CommandRecord[]>
  /** Of all devices, newest first. */
  findCommands(query: CommandQuery): Promise<CommandRecord[]>
  /** Not final, oldest first. */
  openCommands(device: string): Promise<CommandRecord[]>
  /** Applies the event by `applyEvent` in one transaction; undefined when there is no such command of that device. */
  advanceCommand(
    id: string,
    device: string,
    event: CommandEvent,
    atMs: number,
  ): Promise<{ changed: boolean; command: CommandRecord } | undefined>
  /** Open commands whose `dueAtMs` has passed, oldest first. */
  dueCommands(atMs: number, limit: number): Promise<CommandRecord[]>
  /** State changes that the bus has not confirmed, in the order they happened. */
  unpublishedChanges(limit: number): Promise<CommandChange[]>
  markPublished(changeIds: readonly number[]): Promise<void>

  readonly batches: BatchStore
  readonly banStore: BanStore

  /** Adds the key, or replaces the one of the same name. */
  putApiKey(key: ApiKey): Promise<void>
  apiKeyByHash(sha256: string): Promise<ApiKey | undefined>
  countApiKeys(): Promise<number>

  /** In this order, all or none. The oldest entries beyond a bound are dropped; nothing else ever changes or goes. */
  appendAudit(entries: readonly AuditEntry[]): Promise<void>
  /** Newest first. */
  listAudit(query: AuditQuery): Promise<AuditRow[]>

  /** Beyond a bound the oldest is dropped. */
  addDeadLetter(letter: DeadLetter): Promise<void>
  /** Newest first, those with an id below `before`. */
  listDeadLetters(query: { before?: number; device?: string; limit: number }): Promise<DeadLetterRow[]>

  /**
   * New connections, and ends of those that are open (known by device and session). Beyond a bound per device the oldest
   * are dropped; those of a device that is not there are, too.
   */
  saveConnections(rows: readonly ConnectionRow[]): Promise<void>
  /** Keeps when this gateway was last known to live; only the newest mark counts. */
  markAlive(atMs: number): Promise<void>
  /**
   * Ends every one that is open: at the last mark of life, or at `atMs` when there is none or it is later; never before it
   * began.
   */
  endConnections(atMs: number, reason: string): Promise<void>
  /** Newest first, those with an id below `before`. */
  listConnections(device: string, page: { before?: number; limit: number }): Promise<StoredConnection[]>
}
