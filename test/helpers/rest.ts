import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { makeSecrets } from '../../gateway/access.ts'
import { BlockedAddresses } from '../../gateway/adapters/address-wall.ts'
import { sha256Hex } from '../../gateway/adapters/api-keys.ts'
import { buildHttp } from '../../gateway/adapters/http/build.ts'
import type { RequestLimits } from '../../gateway/adapters/http/rates.ts'
import type { Health } from '../../gateway/adapters/http/system.ts'
import { createListener, type Listener } from '../../gateway/adapters/https-listener.ts'
import { SqliteRegistry } from '../../gateway/adapters/sqlite/registry.ts'
import { systemClock } from '../../gateway/adapters/system-clock.ts'
import { openDeviceTokens } from '../../gateway/adapters/tokens/device-tokens.ts'
import { Access } from '../../gateway/core/access/access.ts'
import { plainAddress } from '../../gateway/core/address.ts'
import { AuditTrail } from '../../gateway/core/audit.ts'
import { Bans } from '../../gateway/core/bans.ts'
import { Batches } from '../../gateway/core/batches.ts'
import { Bulk } from '../../gateway/core/bulk.ts'
import type { CommandRecord } from '../../gateway/core/command-machine.ts'
import { GatewayError } from '../../gateway/core/errors.ts'
import { DEFAULT_LIMITS } from '../../gateway/core/limits.ts'
import type { Clock, Log } from '../../gateway/core/ports.ts'
import { RecentEvents } from '../../gateway/core/recent-events.ts'
import type { NewDevice, Once } from '../../gateway/core/records.ts'
import { Sessions } from '../../gateway/core/sessions.ts'
import { SigningKeys } from '../../gateway/core/signing-keys.ts'
import { CountingMetrics } from './core-fakes.ts'
import { FakeOperator } from './fake-operator.ts'
import { MemoryRegistry } from './memory-registry.ts'
import { documentOf, type OpenapiDocument } from './openapi-document.ts'
import { type NodeOfApi, nodeOver } from './rest-node.ts'

export const ADMIN_KEY = 'flk_admin-of-the-tests'
export const OPERATOR_KEY = 'flk_operator-of-the-tests'
export const VIEWER_KEY = 'flk_viewer-of-the-tests'

const KEYS = { [ADMIN_KEY]: 'admin', [OPERATOR_KEY]: 'operator', [VIEWER_KEY]: 'viewer' } as const

export interface LogLine {
  readonly level: string
  readonly fields: object
  readonly message: string
}

export function keptLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = []
  const keep = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message })
  const log: Log = {
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    child: () => log,
  }
  return { log, lines }
}

export interface RunningApi extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly server: Listener
  readonly operator: FakeOperator
  /** Where the audit log goes. */
  readonly memory: MemoryRegistry
  /** What devices said. */
  readonly recent: RecentEvents
  readonly access: Access
  /** What every answer to `ask` is compared with. */
  readonly document: OpenapiDocument
  /** What the node's alarms are made of. */
  readonly around: NodeOfApi
  readonly lines: LogLine[]
  health: Health
  /** When set, no key can be checked. */
  keysFailure: Error | undefined
  /** Stops the adapter and then the server. */
  readonly close: () => Promise<void>
  /** Stops the adapter alone. */
  readonly closeApi: () => Promise<void>
}

/** Imports and exports of the devices that the fake operator has. */
function bulkOver(operator: FakeOperator, clock: Clock): Bulk {
  const create = async (one: { device: NewDevice }) => {
    if (operator.devices.has(one.device.id)) return 'exists' as const
    await operator.createDevice(one.device)
    return 'created' as const
  }
  const createAll = async (list: readonly { device: NewDevice }[], once?: Once) => {
    const repeat = operator.once.repeatOf(once)
    if (repeat !== undefined) return repeat
    const outcomes = await Promise.all(list.map(create))
    if (outcomes.includes('created')) operator.once.remember(once, 'import')
    return outcomes
  }
  return new Bulk({
    registry: {
      createDevices: createAll,
      knownDevices: async (ids) => ids.filter((id) => operator.devices.has(id)),
    },
    tokens: { sign: async ({ device }) => `signed.${device}` },
    presence: { introduce: () => {} },
    devices: operator,
    clock,
    newId: randomUUID,
  })
}

function bansOver(registry: MemoryRegistry): Bans {
  const wall = new BlockedAddresses()
  return new Bans({ registry, wall, sessions: new Sessions(), clock: systemClock, newId: randomUUID })
}

/** Commands for the devices of the registry in memory. */
function batchesOver(registry: MemoryRegistry, log: Log): Batches {
  return new Batches({
    ...{ registry, log, clock: systemClock, limits: DEFAULT_LIMITS, newId: randomUUID },
    commands: { cancel: (id) => cancelIn(registry, id) },
    delivery: { deliver: () => {} },
    changes: { publish: () => {} },
  })
}

async function cancelIn(registry: MemoryRegistry, id: string): Promise<CommandRecord> {
  const device = registry.commands.get(id)?.device ?? ''
  const answer = await registry.advanceCommand(id, device, { kind: 'cancel' }, Date.now())
  if (answer === undefined) throw new GatewayError('command_not_found')
  return answer.command
}

const LIMITS_OUT_OF_THE_WAY: RequestLimits = {
  requestsPerMinute: 100_000,
  refusedKeysPerMinute: 100_000,
  loginsPerMinute: 100_000,
  loginsOfAddressPerMinute: 100_000,
}

/** Users, keys and logins as in the gateway: a registry of its own, real hashes. */
async function openAccess(log: Log, failure: () => Error | undefined) {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-rest-'))
  const registry = new SqliteRegistry({ file: join(directory, 'access.db') })
  await registry.start()
  for (const [text, role] of Object.entries(KEYS)) {
    await registry.putApiKey({ name: role, sha256: sha256Hex(text), role, createdAtMs: Date.now() })
  }
  const apiKeyByHash = async (hash: string) => {
    const problem = failure()
    if (problem) throw problem
    return registry.apiKeyByHash(hash)
  }
  const parts = { store: registry.access, registry: { apiKeyByHash }, secrets: makeSecrets(), clock: systemClock, log }
  const dispose = async () => {
    await registry.stop()
    await rm(directory, { recursive: true, force: true })
  }
  return { access: new Access(parts), directory, dispose }
}

/** The REST adapter on a true listener on the loopback address. */
export async function runApi(
  limits: RequestLimits | undefined = LIMITS_OUT_OF_THE_WAY,
  options: { readonly dashboardDir?: string } = {},
): Promise<RunningApi> {
  const { log, lines } = keptLog()
  const operator = new FakeOperator()
  const memory = new MemoryRegistry()
  const { clock, metrics } = { clock: systemClock, metrics: new CountingMetrics() }
  const audit = new AuditTrail({ registry: memory, clock, log, metrics })
  const recent = new RecentEvents(clock)
  const bulk = bulkOver(operator, clock)
  const server = createListener({ tls: 'off' })
  const state: { health: Health; keysFailure: Error | undefined } = {
    health: { ready: true, stopping: false, parts: { bus: { ready: true }, registry: { ready: true } } },
    keysFailure: undefined,
  }
  const around = nodeOver(() => state.health, operator.quarantined, log)
  const { access, directory, dispose } = await openAccess(log, () => state.keysFailure)
  const signingKeys = new SigningKeys({
    ...{
      registry: memory,
      keys: await openDeviceTokens({ directory: join(directory, 'keys'), clock }),
      sessions: new Sessions(),
      clock,
      log,
    },
    rotation: { renew: async () => {} },
  })
  const api = buildHttp({
    server,
    signingKeys,
    addressOf: ({ socket }) => plainAddress(socket.remoteAddress),
    operator,
    bulk,
    batches: batchesOver(memory, log),
    bans: bansOver(memory),
    recent,
    alarms: around.alarms,
    node: around.node,
    audit,
    access,
    health: () => state.health,
    metricsText: async () => '# TYPE fairlead_sessions gauge\nfairlead_sessions 0\n',
    ...{ clock, log },
    dashboardDir: options.dashboardDir ?? '/nonexistent',
    version: '9.9.9-test',
    limits,
  })
  await api.ready()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const document = await documentOf(async () => (await fetch(`${url}/api/v1/openapi.json`)).json())
  const close = async () => {
    await api.close()
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await dispose()
  }
  return Object.assign(state, {
    recent,
    around,
    ...{ url, document },
    port,
    server,
    operator,
    memory,
    access,
    lines,
    close,
    closeApi: api.close,
    [Symbol.asyncDispose]: close,
  })
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** One request with the admin's key unless `headers` say otherwise. Throws when the answer is not as documented. */
export async function ask(api: RunningApi, method: string, path: string, options: AskOptions = {}): Promise<Answer> {
  const headers = new Headers({ authorization: `Bearer ${ADMIN_KEY}`, ...options.headers })
  if (options.headers?.authorization === '') headers.delete('authorization')
  if (options.json !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
  const text = options.json === undefined ? options.text : JSON.stringify(options.json)
  const body = method === 'GET' || method === 'HEAD' ? undefined : text
  const response = await fetch(`${api.url}${path}`, { method, headers, body, redirect: 'manual' })
  const answer = await response.text()
  const contentType = response.headers.get('content-type') ?? ''
  const isJson = /[/+]json/.test(contentType)
  api.document.expectAnswer(method, path, { status: response.status, contentType, text: answer })
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && answer !== '' ? JSON.parse(answer) : answer,
  }
}
export interface AskOptions {
  readonly json?: unknown
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Checks the shape that every refusal has. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.body).toMatchObject({ type: 'about:blank', status, code })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(Object.keys(answer.body as object).sort()).toEqual(['code', 'detail', 'retry', 'status', 'title', 'type'])
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\bat .*\.ts/)
}
