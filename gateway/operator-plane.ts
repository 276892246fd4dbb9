import type { IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import { CLOSE } from '../protocol/close-codes.ts'
import type { ClientAddresses } from './adapters/client-address.ts'
import { buildHttp } from './adapters/http/build.ts'
import type { Health } from './adapters/http/system.ts'
import type { Listener } from './adapters/https-listener.ts'
import type { PrometheusMetrics } from './adapters/metrics.ts'
import { systemClock } from './adapters/system-clock.ts'
import { serveBrowsers } from './adapters/websocket/browsers.ts'
import type { Access } from './core/access/access.ts'
import type { Core } from './core/core.ts'
import type { Duty } from './core/periodic.ts'
import type { Log } from './core/ports.ts'
import { projectVersion } from './version.ts'

const PROJECT_DIR = dirname(import.meta.dirname)
const SWEEP_LOGINS_EVERY_MS = 600_000

export interface OperatorPlaneParts {
  readonly server: Listener
  readonly core: Core
  readonly addresses: ClientAddresses
  readonly access: Access
  readonly health: () => Health
  readonly metrics: PrometheusMetrics
  readonly log: Log
}

export interface OperatorPlane {
  readonly duties: readonly Duty[]
  close(): Promise<void>
}

/** Everything that people and their programs use, on the gateway's port: REST, the dashboard and its live socket. */
export async function openOperatorPlane(parts: OperatorPlaneParts): Promise<OperatorPlane> {
  const { server, core, addresses, access, health, metrics, log } = parts
  const shown = { health, metricsText: () => metrics.text(), version: await projectVersion() }
  const dashboardDir = join(PROJECT_DIR, 'dashboard', 'dist')
  const { plane, signingKeys } = core
  const addressOf = (request: IncomingMessage) => addresses.of(request)
  const ground = { server, addressOf, clock: systemClock, log }
  const http = buildHttp({ ...plane, ...ground, signingKeys, access, dashboardDir, ...shown })
  await http.ready()
  const { viewers } = core
  access.onChange(() => viewers.recheck())
  serveBrowsers({ server, viewers, ...http, log })
  const sweep = { name: 'ended logins', everyMs: SWEEP_LOGINS_EVERY_MS, run: () => access.sweep() }
  const close = () => {
    viewers.endAll(CLOSE.restart)
    return http.close()
  }
  return { duties: [sweep, ...viewers.duties], close }
}
