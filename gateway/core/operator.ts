import type { JsonObject } from '../../protocol/json.ts'
import type { CommandQuery, CommandRecord } from './command-machine.ts'
import type { DeviceQuery } from './device-query.ts'
import type { QuarantinedDevice, QuarantineView } from './quarantine.ts'
import type {
  DeadLetterRow,
  DevicePatch,
  DeviceRow,
  Once,
  Presence,
  Shadow,
  StoredConnection,
  TokenRow,
} from './records.ts'
import type { TokenState } from './token-life.ts'

/** A device as an operator sees it. */
export interface DeviceView extends DeviceRow {
  readonly presence: Presence
  /** While nobody may connect with its token, since two devices do [P-9]. */
  readonly quarantine?: QuarantineView
  /** Messages since the gateway started: received, published, repeated, refused and dropped by reason. */
  readonly counters: Readonly<Record<string, number>>
}

export interface TokenView extends TokenRow {
  readonly state: TokenState
}

export interface IssuedToken {
  readonly id: string
  readonly device: string
  readonly expiresAtMs?: number
  /** Shown this once. */
  readonly token: string
}

/** What is known of a device before it has connected. */
export interface DeviceInput {
  /** Made by the gateway when absent. */
  readonly id?: string
  readonly model?: string
  readonly tags?: readonly string[]
  readonly notes?: string
}

/** What an operator may do, for REST and whatever else faces people. All reject with GatewayError. */
export interface Operator {
  /** With `once` a repeat rejects with already_shown: the token was shown the first time. */
  createDevice(input: DeviceInput, once?: Once): Promise<{ device: DeviceView; token: IssuedToken }>
  device(id: string): Promise<DeviceView>
  /** `next` is the `after` of the following page. A page with a filter may hold fewer than `limit`, also none. */
  listDevices(query: DeviceQuery): Promise<{ items: DeviceView[]; next?: string }>
  /** `enabled: false` closes the live socket with 4503. */
  updateDevice(id: string, patch: DevicePatch): Promise<DeviceView>
  /** [P-9] Ends a quarantine before its time. One that is not there is no error. */
  releaseDevice(id: string): Promise<void>
  /** Devices that are quarantined now, by id; `next` is the `after` of the following page. */
  quarantines(page: { after?: string; limit: number }): { items: readonly QuarantinedDevice[]; next?: string }
  /** Newest first; `next` is the `before` of the following page. */
  connections(
    id: string,
    page: { before?: number; limit: number },
  ): Promise<{ items: StoredConnection[]; next?: number }>
  /** Closes the live socket with 4521 and clears the device's retained topics. */
  deleteDevice(id: string): Promise<void>
  /** With `once` as createDevice. */
  issueToken(device: string, options: { expiresInS?: number }, once?: Once): Promise<IssuedToken>
  listTokens(device: string): Promise<TokenView[]>
  /** Closes the socket that uses the token with 4500. */
  revokeToken(device: string, tokenId: string): Promise<void>
  /** Revokes every token of the device, also one that is being rotated in; returns how many lived. */
  revokeTokens(device: string): Promise<number>
  /**
   * Makes a token that replaces the one in use and brings it over the open socket, now or after the next connect. The
   * old one ends `overlapS` after the device has confirmed the new one.
   */
  rotateToken(device: string, options: { overlapS?: number }): Promise<{ id: string; state: 'offered' | 'pending' }>
  lastValues(device: string): Promise<JsonObject>
  shadow(device: string): Promise<Shadow>
  /**
   * Merges the patch into what is desired (`null` removes a key); resolves when it is stored. With `ifVersions` only
   * if one of them is the present version, else `precondition_failed`. `patch` is unchecked input.
   */
  changeDesired(device: string, patch: unknown, options: { ifVersions?: readonly number[] }): Promise<Shadow>
  /** Resolves when the command is stored durably, with `once` also for a repeat. `request` is unchecked input. */
  submitCommand(device: string, request: unknown, once?: Once): Promise<CommandRecord>
  /** Calls the listener once when the command ends, unless the returned function is called before. */
  onCommandEnd(id: string, listener: (command: CommandRecord) => void): () => void
  command(id: string): Promise<CommandRecord>
  listCommands(
    device: string,
    page: { before?: string; limit: number },
  ): Promise<{ items: CommandRecord[]; next?: string }>
  /** Of all devices, newest first; `next` is the `before` of the following page. */
  findCommands(query: CommandQuery): Promise<{ items: CommandRecord[]; next?: string }>
  /** Newest first; `next` is the `before` of the following page. */
  deadLetters(query: {
    before?: number
    device?: string
    limit: number
  }): Promise<{ items: DeadLetterRow[]; next?: number }>
  /** A queued command ends as `cancelled`; one that was sent is asked to stop and `command_in_flight` is thrown. */
  cancelCommand(id: string): Promise<CommandRecord>
}
