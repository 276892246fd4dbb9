import type { DeviceCounters } from '../device-counters.ts'
import type { GatewayLimits } from '../limits.ts'
import type { Bus, Clock } from '../ports.ts'
import type { Sessions } from '../sessions.ts'
import type { NodeWatch, PartHealth } from './node-watch.ts'
import type { Surroundings } from './surroundings.ts'
import type { Tally } from './tally.ts'

export interface NodeReportNeeds {
  readonly node: string
  readonly bus: Pick<Bus, 'backlog'>
  readonly clock: Clock
  readonly sessions: Pick<Sessions, 'online' | 'size'>
  readonly counters: Pick<DeviceCounters, 'totals'>
  readonly limits: GatewayLimits
  readonly surroundings: Surroundings
  readonly tally: Tally
  readonly watch: NodeWatch
}

/** How this node is, in the words of the API. Cheap enough for every second; no secret stands in it. */
export function nodeReport(needs: NodeReportNeeds) {
  const { node, watch, sessions, counters, surroundings, tally, limits, clock } = needs
  watch.lookAtParts()
  const { received, published, repeated, refused, dropped, malformed, gaps } = counters.totals
  return {
    name: node,
    version: surroundings.version,
    now: clock.wallMs(),
    started_at: watch.startedAtMs,
    uptime_s: Math.floor(watch.uptimeMs / 1000),
    sessions: { online: sessions.online, connections: sessions.size },
    messages: { received, published, repeated, refused, dropped, malformed, missing: gaps },
    load: loadOf(watch),
    bus: busOf(needs),
    registry: registryOf(needs),
    certificate: certificateOf(surroundings),
    handshakes_refused: tally.refusals(),
    entrance: surroundings.entrance(),
    trusted_proxies: [...surroundings.trustedProxies],
    limits: limitsOf(limits),
  }
}
export type NodeReport = ReturnType<typeof nodeReport>

function loadOf({ load }: NodeWatch) {
  const { memoryBytes, cpuPercent, loopP99Ms, loopMaxMs } = load
  return {
    memory_bytes: memoryBytes,
    cpu_percent: cpuPercent,
    event_loop_p99_ms: loopP99Ms,
    event_loop_max_ms: loopMaxMs,
  }
}

function healthOf({ ready, reason, sinceMs }: PartHealth) {
  return { ready, reason, since: sinceMs }
}

function busOf({ watch, bus, surroundings, tally }: NodeReportNeeds) {
  const { messages, bytes } = bus.backlog()
  return {
    kind: surroundings.bus.kind,
    address: surroundings.bus.address(),
    ...healthOf(watch.bus),
    waiting_messages: messages,
    waiting_bytes: bytes,
    publish_p50_ms: tally.publishMs(0.5),
    publish_p99_ms: tally.publishMs(0.99),
  }
}

function registryOf({ watch, surroundings }: NodeReportNeeds) {
  const { sizeBytes, freeBytes, totalBytes } = surroundings.storage()
  return {
    ...healthOf(watch.registry),
    waiting: surroundings.registryWaiting(),
    size_bytes: sizeBytes,
    disk_free_bytes: freeBytes,
    disk_bytes: totalBytes,
  }
}

function certificateOf(surroundings: Surroundings) {
  const certificate = surroundings.certificate()
  if (certificate === undefined) return null
  const { source, names, endsAtMs, fingerprint } = certificate
  return { source, names: [...names], ends_at: endsAtMs, fingerprint }
}

/** Those that an operator meets. */
export function limitsOf(limits: GatewayLimits) {
  return {
    devices: limits.maxConnections,
    messages_per_s: limits.messagesPerS,
    burst: limits.burst,
    bytes_per_s: limits.bytesPerS,
    window_messages: limits.windowMessages,
    window_bytes: limits.windowBytes,
    unconfirmed_bytes: limits.unconfirmedMaxBytes,
    commands_waiting: limits.commandsWaitingMax,
    connects_per_minute: limits.connectsPerMinute,
    failed_handshakes_per_minute: limits.failedHandshakesPerMinute,
    handshakes_in_flight: limits.handshakesInFlight,
    ping_interval_ms: limits.pingIntervalMs,
    pong_timeout_ms: limits.pongTimeoutMs,
    hello_timeout_ms: limits.helloTimeoutMs,
  }
}
