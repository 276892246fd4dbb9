import type { PrometheusMetrics } from './adapters/metrics.ts'
import type { SqliteRegistry } from './adapters/sqlite/registry.ts'
import type { CertificateSource } from './adapters/tls/certificate-source.ts'
import type { Core } from './core/core.ts'
import type { Bus } from './core/ports.ts'

export interface GaugeParts {
  readonly bus: Bus
  readonly core: Core
  readonly registry: SqliteRegistry
  readonly certificate: CertificateSource | undefined
}

/** What is not counted but read, at each scrape of `/metrics`. */
export function showGauges(metrics: PrometheusMetrics, parts: GaugeParts): void {
  const { core, bus, registry, certificate } = parts
  metrics.gauge('sessions_online', () => core.sessions.online)
  metrics.gauge('devices_online', () => core.presence.counts().online)
  metrics.gauge('devices_offline', () => core.presence.counts().offline)
  metrics.gauge('devices_sleeping', () => core.presence.counts().sleeping)
  metrics.gauge('bus_ready', () => Number(bus.health().ready))
  metrics.gauge('bus_backlog_messages', () => bus.backlog().messages)
  metrics.gauge('bus_backlog_bytes', () => bus.backlog().bytes)
  metrics.gauge('registry_ready', () => Number(registry.health().ready))
  metrics.gauge('registry_waiting', () => registry.waiting)
  metrics.gaugeBy('alarms', () => core.plane.alarms.counts())
  if (certificate) {
    metrics.gauge('certificate_expires_timestamp_seconds', () => certificate.current().notAfterMs / 1000)
  }
}
