import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS } from '../../cli/command-table.ts'
import { ask, type RunningApi, runApi } from '../helpers/rest.ts'

/** How an operator does from a terminal what the REST API can do; or, in brackets, why not. */
const DONE_BY: Readonly<Record<string, string>> = {
  addBan: 'ban address',
  addSigningKey: 'signing-key add',
  cancelCommand: 'command cancel',
  cancelCommandBatch: 'batch cancel',
  changePassword: '(a password is for the page)',
  changeShadow: 'settings set',
  checkLoginLink: '(a login link is for the page)',
  createApiKey: 'key add',
  createDevice: 'device add',
  createLoginLink: 'login-link',
  createUser: 'user add',
  createUserLoginLink: 'user login-link',
  deleteDevice: 'device remove',
  deleteUser: 'user remove',
  exportDevices: 'device export',
  findCommands: 'command list',
  getCommand: 'command show',
  getCommandBatch: 'batch show',
  getDevice: 'device show',
  getHealth: 'status',
  getLastValues: 'device values',
  getMetrics: '(figures for Prometheus)',
  getNode: 'status',
  getReadiness: 'status',
  getSession: 'whoami',
  getShadow: 'settings show',
  importDevices: 'device import',
  issueToken: 'token add',
  liftBan: 'ban lift',
  listAlarms: 'alarms',
  listApiKeys: 'key list',
  listAudit: 'audit',
  listBans: 'ban list',
  listBatchTargets: 'batch devices',
  listCommandBatches: 'batch list',
  listCommands: 'command list',
  listConnections: 'device connections',
  listDeadLetters: 'dead-letters',
  listDevices: 'device list',
  listEvents: 'events',
  listQuarantines: 'device quarantined',
  listSigningKeys: 'signing-key list',
  listTokens: 'token list',
  listUsers: 'user list',
  login: '(a password is for the page; programs have keys)',
  loginByLink: '(a login link is for the page)',
  logout: '(ends a login of the page)',
  logoutOthers: '(ends logins of the page)',
  reissueTokens: 'signing-key reissue',
  releaseDevice: 'device release',
  retireSigningKey: 'signing-key retire',
  revokeAllTokens: 'token revoke',
  revokeApiKey: 'key revoke',
  revokeToken: 'token revoke',
  rotateToken: 'token rotate',
  sendCommand: 'command send',
  sendCommands: 'command send',
  updateDevice: 'device change',
  updateUser: 'user change',
}

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
})
afterAll(() => api.close())

describe('the command line', () => {
  test('does what the REST API can do, or says why it does not', async () => {
    const { paths } = (await ask(api, 'GET', '/api/v1/openapi.json')).body as {
      paths: Record<string, Record<string, { operationId: string }>>
    }
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId))
    expect(operations.sort()).toEqual(Object.keys(DONE_BY).sort())
    const words = COMMANDS.map((command) => command.words)
    for (const by of Object.values(DONE_BY)) if (!by.startsWith('(')) expect(words).toContain(by)
  })
})
