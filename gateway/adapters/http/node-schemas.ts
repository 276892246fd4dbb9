import { Type } from 'typebox'
import { DEFAULT_LIMITS } from '../../core/limits.ts'
import { limitsOf, type NodeReport } from '../../core/node/report.ts'
import { closed, TimeMs } from './schemas.ts'

/** What REST says of the node. */

const Count = (description?: string) => Type.Integer(description === undefined ? {} : { description })
const Bytes = Count
const Ms = (description: string) => Type.Number({ description: `${description} In ms.` })

const health = {
  ready: Type.Boolean(),
  reason: Type.Optional(Type.String({ description: 'Why not.' })),
  since: TimeMs('Since when it is so.'),
}
const Messages = Type.Object(
  {
    received: Count(),
    published: Count('Confirmed by the bus.'),
    repeated: Count(),
    refused: Count(),
    dropped: Count(),
    malformed: Count(),
    missing: Count('Numbers that devices left out.'),
  },
  { ...closed, title: 'NodeMessages', description: 'Of all devices, since the gateway started.' },
)
const Load = Type.Object(
  {
    memory_bytes: Bytes('Resident memory of the process.'),
    cpu_percent: Count('Of one core.'),
    event_loop_p99_ms: Ms('How late the event loop was; 99 of 100 looks were below.'),
    event_loop_max_ms: Ms('The latest it was.'),
  },
  { ...closed, title: 'NodeLoad', description: 'Over the last 2 seconds.' },
)
const BusHealth = Type.Object(
  {
    kind: Type.Enum(['embedded', 'external']),
    address: Type.String({ description: 'Without user and password.', examples: ['mqtts://broker.example:8883'] }),
    ...health,
    waiting_messages: Count('Not confirmed yet.'),
    waiting_bytes: Bytes(),
    publish_p50_ms: Type.Optional(Ms('Half of the messages of the last minute were confirmed within this.')),
    publish_p99_ms: Type.Optional(Ms('99 of 100 were.')),
  },
  { ...closed, title: 'BusHealth' },
)
const RegistryHealth = Type.Object(
  {
    ...health,
    waiting: Count('Requests that are not answered yet.'),
    size_bytes: Type.Optional(Bytes('With its log.')),
    disk_free_bytes: Type.Optional(Bytes()),
    disk_bytes: Type.Optional(Bytes()),
  },
  { ...closed, title: 'RegistryHealth' },
)
const Certificate = Type.Object(
  {
    source: Type.Enum(['private', 'own'], { description: 'By the gateway’s own CA, or given by the operator.' }),
    names: Type.Array(Type.String()),
    ends_at: TimeMs('When it ends.'),
    fingerprint: Type.String({ description: 'SHA-256.' }),
  },
  { ...closed, title: 'NodeCertificate' },
)
const LIMITS = [
  ...(['devices', 'messages_per_s', 'burst', 'bytes_per_s', 'window_messages', 'window_bytes'] as const),
  ...(['unconfirmed_bytes', 'commands_waiting', 'connects_per_minute', 'failed_handshakes_per_minute'] as const),
  ...(['handshakes_in_flight', 'ping_interval_ms', 'pong_timeout_ms', 'hello_timeout_ms'] as const),
] as const
type Limits = NodeReport['limits']

const EXAMPLE: NodeReport = {
  ...{ name: 'fairlead-1', version: '0.1.0', now: 1_767_225_660_000, started_at: 1_767_225_600_000, uptime_s: 60 },
  sessions: { online: 120, connections: 121 },
  messages: { received: 7_200, published: 7_199, repeated: 3, refused: 1, dropped: 0, malformed: 0, missing: 0 },
  load: { memory_bytes: 120_000_000, cpu_percent: 7, event_loop_p99_ms: 2.1, event_loop_max_ms: 11 },
  bus: {
    ...{ kind: 'external', address: 'mqtts://broker.example:8883', ready: true, since: 1_767_225_601_000 },
    ...{ reason: undefined, waiting_messages: 4, waiting_bytes: 1_024, publish_p50_ms: 1.2, publish_p99_ms: 9.4 },
  },
  registry: {
    ...{ ready: true, reason: undefined, since: 1_767_225_601_000, waiting: 0 },
    ...{ size_bytes: 4_194_304, disk_free_bytes: 21_474_836_480, disk_bytes: 64_424_509_440 },
  },
  certificate: {
    source: 'private',
    names: ['localhost', '127.0.0.1'],
    ends_at: 1_801_440_000_000,
    fingerprint: 'AB:CD:…',
  },
  handshakes_refused: [{ reason: 'invalid_token', count: 2 }],
  entrance: { waiting: 0, starting: 1 },
  trusted_proxies: [],
  limits: limitsOf(DEFAULT_LIMITS),
}

export const Node = Type.Object(
  {
    name: Type.String({ description: 'Its name on the bus.' }),
    version: Type.String(),
    now: TimeMs('Its clock.'),
    started_at: TimeMs('When it started.'),
    uptime_s: Count(),
    sessions: Type.Object(
      { online: Count('Devices that are connected.'), connections: Count('With those that are not welcomed yet.') },
      closed,
    ),
    messages: Messages,
    load: Load,
    bus: BusHealth,
    registry: RegistryHealth,
    certificate: Type.Union([Certificate, Type.Null()], { description: 'Null: another program ends TLS.' }),
    handshakes_refused: Type.Array(Type.Object({ reason: Type.String(), count: Count() }, closed), {
      description: 'Connections refused since the start, the most frequent reason first.',
    }),
    entrance: Type.Object(
      { waiting: Count('Accepted, and waiting for their turn.'), starting: Count('Between turn and first request.') },
      closed,
    ),
    trusted_proxies: Type.Array(Type.String()),
    limits: Type.Unsafe<Limits>({
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(LIMITS.map((name) => [name, { type: 'integer' }])),
      required: [...LIMITS],
      description: 'In force, as configured.',
    }),
  },
  { ...closed, title: 'Node', description: 'How this gateway is now.', examples: [EXAMPLE] },
)
