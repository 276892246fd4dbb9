import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { CounterName, Metrics, TimerName } from '../core/ports.ts'

const COUNTERS: Readonly<Record<CounterName, string>> = {
  handshakes_refused: 'Connections refused before a device was connected, by reason',
  sessions_opened: 'Device sessions that began',
  sessions_closed: 'Device sessions that ended, by reason',
  messages_received: 'Messages from devices',
  messages_published: 'Messages that the bus confirmed',
  messages_refused: 'Messages answered with a nack or a close, by reason',
  messages_repeated: 'Messages that were on the bus already',
  messages_dropped: 'Messages that were lost, by reason',
  commands_changed: 'State changes of commands, by state',
  shadow_changes: 'Settings that an operator desired or a device reported',
  token_rotations: 'Steps of token rotations',
  bus_requests_refused: 'Command requests from the bus that were not taken, by reason',
  log_lines: 'Log lines from devices, by level',
  quarantines: 'Devices with two holders of one token, kept apart for a while',
  messages_missing: 'Numbers that devices left out: messages that they lost before they could send them',
  dead_letters: 'Command requests that could not be taken, and commands given up, by reason',
  audit_dropped: 'Audit entries that could not be stored and were lost',
}

/** A publish waits for the bus: milliseconds when it is well, minutes when it is away. */
const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const TIMERS: Readonly<Record<TimerName, { readonly name: string; readonly help: string }>> = {
  publish_ms: { name: 'fairlead_publish_seconds', help: 'From publish to the confirmation of the bus' },
  handshake_ms: { name: 'fairlead_handshake_seconds', help: 'From the upgrade request to its answer' },
}

const GAUGES = {
  sessions_online: 'Devices connected to this node',
  devices_online: 'Registered devices that are shown as online',
  devices_offline: 'Registered devices that are shown as offline',
  devices_sleeping: 'Registered devices that promised to be back',
  bus_ready: '1 while the bus takes and returns messages',
  bus_backlog_messages: 'Messages that the bus has not confirmed',
  bus_backlog_bytes: 'Bytes that the bus has not confirmed',
  log_lines_lost: 'Log lines that were lost because nobody read stdout',
  registry_ready: '1 while the registry takes writes',
  registry_waiting: 'Requests to the registry that are not answered yet',
  certificate_expires_timestamp_seconds: 'When the server certificate ends, Unix time',
} as const
export type GaugeName = keyof typeof GAUGES

/** Gauges with one label whose values are words of this program. */
const LABELLED_GAUGES = {
  alarms: { label: 'severity', help: 'What needs a person now, by severity' },
} as const

/** Reasons are words of this program; a text that is none cannot fill the memory. */
const REASON = /^[a-z0-9][a-z0-9_.-]{0,63}$/i
/** Distinct reasons of one counter; later ones are counted as `other`. */
const REASONS_MAX = 64

export interface PrometheusMetrics extends Metrics {
  /** From now on the gauge is read by `read` at each scrape. A second call replaces the first. */
  gauge(name: GaugeName, read: () => number): void
  /** The same for one with a value for each word. */
  gaugeBy(name: keyof typeof LABELLED_GAUGES, read: () => Readonly<Record<string, number>>): void
  /** The page for `/metrics`. */
  text(): Promise<string>
  readonly contentType: string
}

/**
 * Every name is `fairlead_…`, except those of the process and of Node (event loop delay, heap, descriptors). `tally` hears
 * all that is counted, too.
 */
export function createMetrics(tally?: Metrics): PrometheusMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const counters = new Map(Object.entries(COUNTERS).map(([name, help]) => [name, boundedCounter(registry, name, help)]))
  const timers = new Map(Object.entries(TIMERS).map(([name, timer]) => [name, secondsHistogram(registry, timer)]))
  return {
    count: (name, reason, by = 1) => {
      counters.get(name)?.(reason, by)
      tally?.count(name, reason, by)
    },
    observe: (name, ms) => {
      timers.get(name)?.observe(ms / 1000)
      tally?.observe(name, ms)
    },
    gauge: (name, read) => {
      registry.removeSingleMetric(`fairlead_${name}`)
      const gauge = new Gauge({ name: `fairlead_${name}`, help: GAUGES[name], registers: [registry], collect })
      function collect() {
        gauge.set(read())
      }
    },
    gaugeBy: (name, read) => addLabelledGauge(registry, name, read),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function addLabelledGauge(
  registry: Registry,
  name: keyof typeof LABELLED_GAUGES,
  read: () => Readonly<Record<string, number>>,
): void {
  const { label, help } = LABELLED_GAUGES[name]
  const collect = () => {
    for (const [word, value] of Object.entries(read())) gauge.set({ [label]: word }, value)
  }
  const gauge = new Gauge({ name: `fairlead_${name}`, help, labelNames: [label], registers: [registry], collect })
}

function boundedCounter(registry: Registry, name: string, help: string): (reason?: string, by?: number) => void {
  const counter = new Counter({ name: `fairlead_${name}_total`, help, labelNames: ['reason'], registers: [registry] })
  const children = new Map<string | undefined, Counter.Internal>()
  const childOf = (reason: string | undefined): Counter.Internal => {
    const known = children.get(reason) // messages are counted thousands of times a second: no label is hashed twice
    if (known) return known
    if (reason !== undefined && (!REASON.test(reason) || children.size >= REASONS_MAX)) return counter.labels('other')
    const child = reason === undefined ? counter.labels({}) : counter.labels(reason)
    children.set(reason, child)
    return child
  }
  return (reason, by) => childOf(reason).inc(by)
}

function secondsHistogram(registry: Registry, { name, help }: { name: string; help: string }): Histogram {
  return new Histogram({ name, help, buckets: SECONDS_BUCKETS, registers: [registry] })
}
