import { readFile } from 'node:fs/promises'
import { topicsUnder } from '../protocol/topics.ts'
import { EmbeddedBroker } from './adapters/embedded-broker/broker.ts'
import type { PrometheusMetrics } from './adapters/metrics.ts'
import { MqttBus } from './adapters/mqtt/mqtt-bus.ts'
import type { Config } from './config.ts'
import type { BusConfig } from './config-bus.ts'
import { birthTopic } from './core/home-assistant/topic.ts'
import type { Bus, BusNews, BusRequest, Log } from './core/ports.ts'

export type BusOfMine = Bus & { readonly port?: number }

/** The embedded broker, or the way to the external one. Not started yet. */
export async function openBus(
  config: Config,
  log: Log,
  metrics: PrometheusMetrics,
  into: { readonly onRequest: (request: BusRequest) => Promise<void>; readonly heard: BusNews['heard'] },
): Promise<BusOfMine> {
  const { bus, baseTopic: base, nodeId: node, homeAssistant } = config
  const news = homeAssistant && { topic: birthTopic(homeAssistant.prefix), heard: into.heard }
  const common = { base, node, topics: topicsUnder(base), onRequest: into.onRequest, news, log, metrics }
  if (bus.kind === 'embedded') return new EmbeddedBroker({ ...common, ...bus })
  const ca = bus.caPath === undefined ? undefined : await readFile(bus.caPath)
  return new MqttBus({ ...common, url: withCredentials(bus), ca })
}

/** The configuration keeps the secret apart from the URL, so that the URL may be shown. */
function withCredentials(bus: BusConfig & { kind: 'external' }): string {
  const url = new URL(bus.url)
  url.username = encodeURIComponent(bus.username ?? '')
  url.password = encodeURIComponent(bus.password ?? '')
  return url.href
}
