import { announcements, dropAnnouncement, saveAnnouncement } from './announcements.ts'
import {
  apiKeyByHash,
  countApiKeys,
  createApiKey,
  deleteApiKey,
  listApiKeys,
  markApiKeyUsed,
  putApiKey,
} from './api-keys.ts'
import { appendAudit, listAudit } from './audit.ts'
import { bans, dropEndedBans, putBan, removeBan } from './bans.ts'
import {
  batch,
  batchTargets,
  cancelBatch,
  cancelledButQueued,
  createBatch,
  expandBatches,
  listBatches,
} from './batches.ts'
import { command, dueCommands, findCommands, listCommands, openCommands } from './command-rows.ts'
import { advanceCommand, insertCommand, markPublished, unpublishedChanges } from './commands.ts'
import { endConnections, listConnections, saveConnections } from './connections.ts'
import type { Database } from './database.ts'
import { addDeadLetter, listDeadLetters } from './dead-letters.ts'
import {
  createDevice,
  createDevices,
  deleteDevice,
  device,
  knownDevices,
  listDevices,
  updateDevice,
} from './devices.ts'
import { markAlive, probe, reserveSessions, returnSessions } from './meta.ts'
import { lastValues, presences, saveLastValues, savePresence } from './presence.ts'
import { changeDesired, saveReported, shadow, shadowDevices } from './shadows.ts'
import {
  addReplacement,
  addToken,
  confirmToken,
  credential,
  endedTokens,
  listTokens,
  markTokenUsed,
  revokeToken,
  revokeTokensOf,
} from './tokens.ts'
import { countLiveTokens, revokeTokensMade, unreplacedTokens } from './tokens-made.ts'
import {
  changePassword,
  createUser,
  deleteUser,
  listUsers,
  loginLink,
  putLoginLink,
  redeemLoginLink,
  updateUser,
  user,
} from './users.ts'
import {
  addSession,
  deleteEndedSessions,
  deleteOtherSessions,
  deleteSession,
  touchSession,
  webSession,
} from './web-sessions.ts'

/** What a thread can be asked for, by name. Arguments and results cross threads by structured clone. */
export type Operations = Readonly<Record<string, (db: Database, ...args: never[]) => unknown>>

/** Each runs in a transaction of its own and sees every commit before it. */
export const READS = {
  device,
  listDevices,
  knownDevices,
  credential,
  listTokens,
  countLiveTokens,
  unreplacedTokens,
  endedTokens,
  presences,
  lastValues,
  shadow,
  shadowDevices,
  command,
  listCommands,
  openCommands,
  dueCommands,
  unpublishedChanges,
  apiKeyByHash,
  countApiKeys,
  listAudit,
  batch,
  listBatches,
  batchTargets,
  cancelledButQueued,
  bans,
  listApiKeys,
  listUsers,
  user,
  loginLink,
  webSession,
  findCommands,
  listDeadLetters,
  listConnections,
  announcements,
} satisfies Operations

/** Each is taken whole or not at all; many share one commit. */
export const WRITES = {
  createDevice,
  createDevices,
  updateDevice,
  deleteDevice,
  addToken,
  addReplacement,
  confirmToken,
  revokeToken,
  revokeTokensOf,
  revokeTokensMade,
  markTokenUsed,
  savePresence,
  saveLastValues,
  changeDesired,
  saveReported,
  insertCommand,
  advanceCommand,
  markPublished,
  putApiKey,
  appendAudit,
  createBatch,
  expandBatches,
  cancelBatch,
  putBan,
  removeBan,
  dropEndedBans,
  createApiKey,
  deleteApiKey,
  markApiKeyUsed,
  createUser,
  updateUser,
  deleteUser,
  changePassword,
  putLoginLink,
  redeemLoginLink,
  addSession,
  touchSession,
  deleteSession,
  deleteOtherSessions,
  deleteEndedSessions,
  addDeadLetter,
  saveConnections,
  markAlive,
  endConnections,
  saveAnnouncement,
  dropAnnouncement,
  reserveSessions,
  returnSessions,
  probe,
} satisfies Operations

export type ArgumentsOf<F> = F extends (db: Database, ...args: infer A) => unknown ? A : never
export type ResultOf<F> = F extends (...args: never[]) => infer R ? R : never
