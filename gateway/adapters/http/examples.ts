/**
 * What answers look like, by the title of their schema: one small fleet throughout. Examples of bodies stand beside their
 * schemas, since they are short. A test holds every one against its schema.
 */

const T0 = 1_767_225_600_000
const TOKEN = 'eyJhbGciOiJFUzI1NiIsImtpZCI6Im4…'
const LINK_TOKEN = 'kX3v0mQ1a8Zr5tYw2uE7oP4sD6fG9hJ-lC_bN0iVqRk'
const TOKEN_ID = '3929a6bb-70c5-4c8a-9d7e-1f0b5a2c4d11'
const COMMAND_ID = '663fa857-9554-4a8b-be10-5717e402a61f'
const BATCH_ID = 'b7a1d0c2-4f3e-4d55-8c1b-9e2f6a7d8c90'
const SIGNING_KEY_ID = 'Zr5tYw2uE7oP4sD6fG9hJ-lC_bN0iVqRkkX3v0mQ1a8'

const presence = { state: 'online', session: 42, since: T0 + 5_000, reason: 'connected', node: 'node-1' }
const device = {
  id: 'greenhouse-1',
  model: 'esp32-s3',
  firmware: '2.3.0',
  capabilities: ['commands', 'settings'],
  tags: ['north'],
  notes: 'behind the second door',
  enabled: true,
  created_at: T0,
  presence,
  counters: { received: 1201, published: 1201 },
}
const user = { name: 'anna', role: 'operator', enabled: true, has_password: true, created_at: T0, last_login_at: T0 }
const link = { token: LINK_TOKEN, name: 'anna', expires_at: T0 + 86_400_000 }
const apiKey = { name: 'grafana', role: 'viewer', created_at: T0, expires_at: T0 + 31_536_000_000 }

export const ANSWERS: Readonly<Record<string, object>> = {
  Presence: presence,
  Quarantine: { since: T0, until: T0 + 300_000 },
  Device: device,
  DeviceList: { items: [device], next: null },
  DeviceCreated: { ...device, token: TOKEN, token_id: TOKEN_ID, expires_at: null },
  ImportResult: {
    dry_run: false,
    accepted: 1,
    refused: 1,
    items: [
      { line: 1, id: 'greenhouse-2', outcome: 'created', token: TOKEN, token_id: TOKEN_ID },
      {
        line: 2,
        id: 'greenhouse-1',
        outcome: 'refused',
        error: { code: 'device_exists', message: 'A device with this id exists already.' },
      },
    ],
  },
  Connection: {
    id: 1704,
    session: 41,
    connected_at: T0 - 7_200_000,
    ended_at: T0,
    reason: 'connection_lost',
    address: '192.0.2.17',
    firmware: '2.3.0',
    boot: 'k3F9_q-2',
    messages: 719,
  },
  Token: { id: TOKEN_ID, state: 'live', created_at: T0, expires_at: null, last_used_at: T0 + 5_000 },
  TokenIssued: { id: TOKEN_ID, token: TOKEN, expires_at: null },
  TokensRevoked: { revoked: 2 },
  RotationStarted: { id: TOKEN_ID, state: 'offered' },
  Shadow: {
    desired: { interval_s: 30 },
    desired_version: 7,
    desired_at: T0,
    reported: { interval_s: 30 },
    reported_version: 7,
    reported_at: T0 + 250,
  },
  Command: {
    id: COMMAND_ID,
    device: 'greenhouse-1',
    name: 'set_led',
    params: { on: true },
    ttl_s: 60,
    timeout_s: 30,
    state: 'succeeded',
    deliveries: 1,
    result: { on: true },
    created_at: T0,
    history: [
      { state: 'queued', at: T0 },
      { state: 'sent', at: T0 + 3 },
      { state: 'accepted', at: T0 + 41 },
      { state: 'succeeded', at: T0 + 45 },
    ],
  },
  CommandBatch: {
    id: BATCH_ID,
    name: 'set_led',
    params: { on: true },
    ttl_s: 600,
    timeout_s: 30,
    tag: 'north',
    created_at: T0,
    done: false,
    total: 3,
    counts: { succeeded: 2, queued: 1 },
  },
  BatchTarget: { device: 'greenhouse-1', state: 'succeeded', command: COMMAND_ID },
  DeadLetter: {
    id: 12,
    at: T0,
    topic: 'fairlead/devices/greenhouse-9/command/request/c1',
    device: 'greenhouse-9',
    command: 'c1',
    reason: 'device_not_found',
    detail: 'There is no such device.',
    bytes: 18,
    payload: '{"name":"set_led"}',
  },
  Ban: { id: '5', address: '203.0.113.0/24', reason: 'guesses tokens', created_at: T0, ends_at: T0 + 3_600_000 },
  AuditEntry: {
    id: 311,
    at: T0,
    actor: 'user:anna',
    action: 'sendCommand',
    target: 'devices/greenhouse-1/commands',
    device: 'greenhouse-1',
    outcome: 'ok',
    address: '192.0.2.4',
    detail: { name: 'set_led' },
  },
  Session: { name: 'anna', kind: 'user', role: 'operator', expires_at: T0 + 1_800_000 },
  LoggedOut: { ended: 1 },
  LinkOwner: { name: 'anna' },
  LoginLink: link,
  User: user,
  UserCreated: { user: { name: 'anna', role: 'operator', enabled: true, has_password: false, created_at: T0 }, link },
  ApiKey: { ...apiKey, last_used_at: T0 },
  ApiKeyCreated: { ...apiKey, key: 'flk_kX3v0mQ1a8Zr5tYw2uE7oP4sD6fG9hJ-lC_bN0iVqRk' },
  SigningKey: { id: SIGNING_KEY_ID, created_at: T0, signs: true, live_tokens: 312 },
  Reissue: { started: 300, busy: 12, live_tokens: 312 },
  Retired: { revoked: 0 },
  Readiness: { ready: true, stopping: false, parts: { bus: { ready: true }, registry: { ready: true } } },
}
