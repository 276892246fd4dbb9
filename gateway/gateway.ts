import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { topicsUnder } from '../protocol/topics.ts'
import { type OpenAccess, openAccess } from './access.ts'
import { BlockedAddresses } from './adapters/address-wall.ts'
import { ClientAddresses } from './adapters/client-address.ts'
import { DiskSpace } from './adapters/disk-space.ts'
import { Entrance, type EntranceRefusal } from './adapters/entrance.ts'
import {
  createListener,
  type Listener,
  type ListenerRefusal,
  listen,
  replaceCertificate,
} from './adapters/https-listener.ts'
import { createMetrics, type PrometheusMetrics } from './adapters/metrics.ts'
import { ProcessLoad } from './adapters/process-load.ts'
import { LockedError, lockFile } from './adapters/sqlite/data-lock.ts'
import { SqliteRegistry } from './adapters/sqlite/registry.ts'
import { systemClock } from './adapters/system-clock.ts'
import {
  type CertificateSource,
  openOwnCertificate,
  openPrivateCertificate,
} from './adapters/tls/certificate-source.ts'
import { openDeviceTokens, type ReloadableDeviceTokens } from './adapters/tokens/device-tokens.ts'
import { serveDevices } from './adapters/websocket/devices.ts'
import type { Config } from './config.ts'
import { buildCore, type Core } from './core/core.ts'
import type { DeviceWatcher } from './core/device-watcher.ts'
import { drain } from './core/drain.ts'
import { Announcer } from './core/home-assistant/announcer.ts'
import { Tally } from './core/node/tally.ts'
import { repeat } from './core/periodic.ts'
import type { Log } from './core/ports.ts'
import { showGauges } from './gauges.ts'
import { type BusOfMine, openBus } from './open-bus.ts'
import { openOperatorPlane } from './operator-plane.ts'
import { type Address, forgetAddress, readAddress, writeAddress } from './run-file.ts'
import { StopStack } from './stop-stack.ts'
import { GatewaySurroundings, type SurroundingParts } from './surroundings.ts'
import { projectVersion } from './version.ts'

/** Sockets that are not devices: operators, scrapers, handshakes that are being refused. */
const OTHER_SOCKETS = 1_000
/** After the drain, for the close frames to be answered. */
const FAREWELL_MS = 1_000

/** How often it is looked at what the disk has left. */
const SPACE_EVERY_MS = 10_000

export interface RunningGateway {
  /** Where it listens, also for ports that the system chose. */
  readonly address: Address
  /** The first API key, if it was made at this start. Shown once. */
  readonly newAdminKey: string | undefined
  /** The secret of a login link, made because nobody can log in yet. Shown once. */
  readonly newLoginLink: string | undefined
  readonly caFingerprint: string | undefined
  /** Ends every session with a reason, finishes what was acknowledged, leaves the bus. Calling it twice waits for the first. */
  stop(): Promise<void>
}

/** What only the process around the gateway knows. */
export interface ProcessFacts {
  readonly logLinesLost: () => number
}

/** Starts every part in order; what was started is stopped in reverse when a later one fails. */
export async function startGateway(
  config: Config,
  log: Log,
  process: ProcessFacts = { logLinesLost: () => 0 },
): Promise<RunningGateway> {
  const started = new StopStack(log)
  try {
    return await start(config, log, process, started)
  } catch (error) {
    await started.stop()
    throw error
  }
}

async function start(config: Config, log: Log, process: ProcessFacts, started: StopStack): Promise<RunningGateway> {
  const ground = await layGround(config, log, process, started)
  ground.metrics.gauge('log_lines_lost', process.logLinesLost)
  const opened = await openCore(config, log, ground, started)
  const { bus } = opened
  const port = await serve(config, log, { ...ground, ...opened }, started)
  const { access, certificate } = ground
  const address = addressOf(config, port, bus.port, certificate)
  await writeAddress(config.dataDir, address)
  started.push('run file', () => forgetAddress(config.dataDir))
  log.info({ port, url: address.url, bus: address.mqtt_url, node: address.node }, 'gateway ready')
  const stop = () => started.stop()
  const { newKey: newAdminKey, newLink: newLoginLink } = access
  return { address, newAdminKey, newLoginLink, caFingerprint: certificate?.caFingerprint, stop }
}

interface Ground {
  readonly metrics: PrometheusMetrics
  readonly wall: BlockedAddresses
  readonly tokens: ReloadableDeviceTokens
  readonly certificate: CertificateSource | undefined
  readonly registry: SqliteRegistry
  readonly access: OpenAccess
  readonly disk: DiskSpace
  readonly surroundings: GatewaySurroundings
  readonly tally: Tally
}

/** What is on the disk: keys, certificates, the registry. */
async function layGround(config: Config, log: Log, facts: ProcessFacts, started: StopStack): Promise<Ground> {
  const lock = await claimDataDir(config.dataDir)
  started.push('data directory', () => lock.release())
  const { tokenIssuer: externalIssuer } = config
  const keys = join(config.dataDir, 'keys')
  const tokens = await openDeviceTokens({ directory: keys, clock: systemClock, externalIssuer, log })
  const certificate = await openCertificate(config, log)
  const registry = new SqliteRegistry({ file: config.databasePath, log })
  await registry.start()
  started.push('registry', () => registry.stop())
  const access = await openAccess({ registry, clock: systemClock, log }, config.adminKey)
  const tally = new Tally(systemClock)
  const parts = { tokens, certificate, registry, access }
  const around = await lookAround({ ...parts, ...facts, config, version: await projectVersion() }, started)
  return { ...parts, ...around, metrics: createMetrics(tally), tally, wall: new BlockedAddresses() }
}

/** What is measured of the process and its disk. */
async function lookAround(parts: Omit<SurroundingParts, 'disk' | 'process'>, started: StopStack) {
  const disk = new DiskSpace(parts.config.databasePath)
  await disk.look()
  const process = new ProcessLoad()
  started.push('load', () => process.stop())
  return { disk, surroundings: new GatewaySurroundings({ ...parts, disk, process }) }
}

/** One gateway per data directory: two would each believe that they know everything. */
async function claimDataDir(dataDir: string): Promise<{ release(): void }> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  try {
    return lockFile(join(dataDir, 'gateway.lock'))
  } catch (error) {
    if (!(error instanceof LockedError)) throw error
    const other = await readAddress(dataDir)
    const who = other === undefined ? '' : ` (process ${other.pid}, ${other.url})`
    throw new Error(`another gateway${who} uses the data directory ${dataDir}; stop it, or set FAIRLEAD_DATA_DIR`)
  }
}

/** The bus and the core that speaks over it; the truth of the last run is published before anybody connects. */
async function openCore(config: Config, log: Log, ground: Ground, started: StopStack) {
  const { limits, nodeId: node, baseTopic: base } = config
  const bus = await openBus(config, log, ground.metrics, {
    onRequest: (request) => core.commands.fromBus(request),
    heard: (payload) => announcer.heard(payload),
  })
  const common = { ...ground, bus, clock: systemClock, log, topics: topicsUnder(base), node, random: Math.random }
  const watcher: DeviceWatcher = {
    rowChanged: (row) => announcer.rowChanged(row),
    keysChanged: (device) => announcer.keysChanged(device),
    gone: (device) => announcer.gone(device),
  }
  const core: Core = buildCore({ ...common, limits, newId: randomUUID, watcher })
  const { lastValues: values, counters } = core
  const told = { settings: config.homeAssistant, store: ground.registry.announced, version: await projectVersion() }
  const announcer = new Announcer({ ...common, ...told, base, values, counters })
  await bus.start()
  ground.surroundings.brokerPort = () => bus.port
  started.push('bus', () => bus.stop(limits.stopGraceMs / 2))
  await core.plane.bans.restore()
  await core.connectionLog.restore()
  await core.presence.restore()
  await core.lastValues.restore()
  await announcer.restore()
  await core.info.restore()
  await core.shadowBoard.restore()
  started.push('last values', () => core.lastValues.save())
  started.push('connection log', () => core.connectionLog.settled())
  started.push('audit', () => core.audit.settled())
  started.push('command changes', () => core.changes.settled(limits.stopGraceMs / 4))
  return { bus, core, announcer }
}

/** Opens the port to devices and operators. Returns it. */
async function serve(
  config: Config,
  log: Log,
  parts: Ground & { readonly bus: BusOfMine; readonly core: Core; readonly announcer: Announcer },
  started: StopStack,
): Promise<number> {
  const { core, announcer, bus, registry, metrics, certificate, access } = parts
  const { limits } = config
  let stopping = false
  const health = () => {
    const healths = { bus: bus.health(), registry: registry.health() }
    return { ready: !stopping && healths.bus.ready && healths.registry.ready, stopping, parts: healths }
  }
  const addresses = new ClientAddresses(config.trustedProxies)
  const { server, entrance } = openDoor(config, parts, addresses)
  parts.surroundings.door = entrance
  const operators = await openOperatorPlane({ server, core, addresses, access: access.access, health, metrics, log })
  const space = { name: 'disk space', everyMs: SPACE_EVERY_MS, run: () => parts.disk.look() }
  const addressOf = (request: IncomingMessage) => addresses.of(request)
  serveDevices({ server, ...core, addressOf, log, metrics, limits })
  showGauges(metrics, parts)
  const { port } = await listen(entrance.door, config.port, config.host)
  started.push('listener', () => closeListener(entrance, server))
  started.push('operators', () => operators.close())
  started.push("operators' duties", repeat(operators.duties, systemClock, log)) // pages see the sessions end
  started.push('sessions', () => drain(core.sessions, systemClock, config.drainMs, Math.random))
  started.push('duties', repeat([...core.duties, announcer.duty, space], systemClock, log))
  if (certificate)
    started.push(
      'certificate watch',
      certificate.watch((pair) => replaceCertificate(server, pair)),
    )
  started.push('handshakes', () => {
    stopping = true
    core.admission.refuseAll()
  })
  return port
}

/** What takes connections, and what speaks HTTP on them; nobody listens yet. */
function openDoor(config: Config, parts: Ground & { readonly core: Core }, addresses: ClientAddresses) {
  const { metrics, certificate, core } = parts
  const onRefused = (reason: ListenerRefusal | EntranceRefusal) => metrics.count('handshakes_refused', reason)
  const server = createListener({ tls: certificate?.current() ?? 'off', onRefused })
  const entrance = new Entrance({
    server,
    isSecure: certificate !== undefined,
    maxSockets: config.limits.maxConnections + OTHER_SOCKETS,
    hasRoom: () => core.admission.hasRoom,
    isBlocked: (address) => parts.wall.blocks(address) && !addresses.isTrusted(address),
    isBanned: (address) => core.admission.isBanned(address) && !addresses.isTrusted(address),
    onRefused,
  })
  return { server, entrance }
}

function openCertificate(config: Config, log: Log): Promise<CertificateSource> | undefined {
  const { tls, dataDir, publicHosts } = config
  if (tls.mode === 'off') return undefined
  if (tls.mode === 'own') return openOwnCertificate({ ...tls, clock: systemClock, log })
  return openPrivateCertificate({ directory: join(dataDir, 'tls'), publicHosts, clock: systemClock, log })
}

/** The listener stops taking sockets at once; those left are cut after FAREWELL_MS. */
async function closeListener(entrance: Entrance, server: Listener): Promise<void> {
  const closed = new Promise<void>((resolve) => entrance.door.close(() => resolve()))
  server.close() // its idle connections and its timers
  entrance.dismissAll()
  const cut = setTimeout(() => server.closeAllConnections(), FAREWELL_MS)
  await closed
  clearTimeout(cut)
}

function addressOf(
  config: Config,
  port: number,
  brokerPort: number | undefined,
  certificate: CertificateSource | undefined,
): Address {
  const { bus } = config
  const scheme = config.tls.mode === 'off' ? 'http' : 'https'
  return {
    pid: process.pid,
    port,
    url: `${scheme}://${reachableHost(config.host)}:${port}`,
    ca: certificate?.caPath,
    mqtt_url: bus.kind === 'external' ? bus.url : `mqtt://${bus.host}:${brokerPort}`,
    node: config.nodeId,
    started_at: Date.now(),
  }
}

/** Where a tool on this machine finds the listener. */
function reachableHost(host: string | undefined): string {
  if (host === undefined || host === '::' || host === '0.0.0.0' || host === '127.0.0.1') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
