import { PATH as ALARMS, type AlarmList } from './alarms.ts'
import type { Given } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT } from './failures.ts'
import { printable, printFields, printJson, printLine, printTable, timeText } from './print.ts'
import { askGateway } from './request.ts'
import { type Connection, findConnection } from './settings.ts'

interface Readiness {
  readonly ready: boolean
  readonly stopping: boolean
  readonly parts: Readonly<Record<string, { readonly ready: boolean; readonly reason?: string }>>
}
/** As far as it is shown. */
interface Node {
  readonly name: string
  readonly version: string
  readonly started_at: number
  readonly sessions: { readonly online: number }
  readonly messages: Readonly<Record<'received' | 'published' | 'refused' | 'dropped' | 'missing', number>>
  readonly load: { readonly memory_bytes: number; readonly cpu_percent: number; readonly event_loop_p99_ms: number }
  readonly bus: { readonly kind: string; readonly address: string; readonly waiting_messages: number }
  readonly registry: { readonly size_bytes?: number; readonly disk_free_bytes?: number }
  readonly certificate: { readonly ends_at: number } | null
}

const SERVICE_UNAVAILABLE = 503
const MIB = 1024 * 1024
const GIB = 1024 * MIB

export const status: Command = {
  words: 'status',
  operands: [],
  flags: {},
  about: 'whether the gateway can serve devices, part by part, and with a key how it is; exit 1 if it cannot',
  async run(given) {
    const connection = findConnection(given)
    const ask = { method: 'GET', path: '/readyz', open: true, alsoFine: [SERVICE_UNAVAILABLE] }
    const readiness = (await askGateway(connection, ask)).body as Readiness
    const more = readiness.stopping ? undefined : await askMore(connection)
    print(given, connection, readiness, more)
    return readiness.ready ? EXIT.ok : EXIT.refused
  },
}

interface More {
  readonly node: Node
  readonly alarms: AlarmList
}

/** What only who has a key is told. That it cannot be had says nothing about whether the gateway is ready. */
async function askMore(connection: Connection): Promise<More | undefined> {
  if (connection.key === undefined) return undefined
  const get = async (path: string) => (await askGateway(connection, { method: 'GET', path })).body
  try {
    const node = (await get('/api/v1/node')) as Node
    const alarms = (await get(ALARMS)) as AlarmList
    return typeof node.version === 'string' ? { node, alarms } : undefined
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    process.stderr.write(`fairlead: more is not shown: ${printable(why)}\n`)
    return undefined
  }
}

function print(given: Given, connection: Connection, readiness: Readiness, more: More | undefined): void {
  if (given.isSet('json')) return printJson({ ...readiness, ...more })
  const { ready, stopping, parts = {} } = readiness
  printLine(`${connection.url.origin} is ${stopping ? 'stopping' : ready ? 'ready' : 'not ready'}`)
  printTable(
    ['PART', 'STATE', 'WHY'],
    Object.entries(parts).map(([name, part]) => [name, part.ready ? 'ready' : 'not ready', part.reason ?? '']),
  )
  if (more === undefined) return
  if (process.stdout.isTTY) printLine('')
  printFields(fieldsOf(more.node, more.alarms))
}

function size(bytes: number | undefined): string {
  if (bytes === undefined) return 'unknown'
  return bytes < GIB ? `${Math.round(bytes / MIB)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`
}

function fieldsOf(node: Node, { counts }: AlarmList): Record<string, string | undefined> {
  const { name, version, sessions, messages, load, bus, registry, certificate } = node
  const { received, published, refused, dropped, missing } = messages
  return {
    node: `${name}, version ${version}, since ${timeText(node.started_at)}`,
    alarms: counts.critical + counts.warning === 0 ? 'none' : `${counts.critical} critical, ${counts.warning} warning`,
    devices: `${sessions.online} online`,
    messages: `${received} received, ${published} published, ${refused} refused, ${dropped} dropped, ${missing} missing`,
    load: `${size(load.memory_bytes)}, ${load.cpu_percent} % of a core, event loop ${load.event_loop_p99_ms} ms late`,
    bus: `${bus.kind}, ${bus.address}, ${bus.waiting_messages} messages wait`,
    registry: `${size(registry.size_bytes)}, ${size(registry.disk_free_bytes)} left on its disk`,
    certificate: certificate === null ? undefined : `ends ${timeText(certificate.ends_at)}`,
  }
}
