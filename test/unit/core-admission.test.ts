import { beforeEach, describe, expect, test } from 'vitest'
import { Admission, credentialProblem } from '../../gateway/core/admission.ts'
import { DEFAULT_LIMITS, type GatewayLimits } from '../../gateway/core/limits.ts'
import { ROTATE_ONLY_MS } from '../../gateway/core/token-life.ts'
import type { UpgradeRequest } from '../../gateway/core/upgrade-rules.ts'
import { CountingMetrics, FakeTokens, QuietLog } from '../helpers/core-fakes.ts'
import { ManualClock, settled } from '../helpers/manual-clock.ts'
import { MemoryRegistry } from '../helpers/memory-registry.ts'

const clock = new ManualClock()
let registry: MemoryRegistry
let tokens: FakeTokens
let metrics: CountingMetrics
let log: QuietLog
let random: number
let connections: number
let quarantineMs = 0

beforeEach(async () => {
  registry = new MemoryRegistry()
  tokens = new FakeTokens(clock)
  metrics = new CountingMetrics()
  log = new QuietLog()
  random = 0
  connections = 0
  await registry.createDevice({ id: 'd1', tags: [], createdAtMs: 0 }, { id: 't1', device: 'd1', createdAtMs: 0 })
})

function admission(limits: Partial<GatewayLimits> = {}): Admission {
  return new Admission({
    bans: { isBanned: (device) => device === 'banned' },
    ...{ registry, tokens, clock, log, metrics },
    limits: { ...DEFAULT_LIMITS, ...limits },
    random: () => random,
    connections: () => connections,
    quarantinedForMs: () => quarantineMs,
  })
}

function request(token = 'signed~d1~t1', change: Partial<UpgradeRequest> = {}): UpgradeRequest {
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'fairlead.v1',
    authorization: `Bearer ${token}`,
  }
  return { method: 'GET', target: '/device/v1', address: '192.0.2.1', headers, ...change }
}

async function statusOf(gate: Admission, ...given: Parameters<typeof request>): Promise<number> {
  const answer = await gate.admit(request(...given))
  return 'status' in answer ? answer.status : 101
}

describe('who may connect', () => {
  test('a device with a live token [K-2]', async () => {
    expect(await admission().admit(request())).toEqual({ device: 'd1', tokenId: 't1', expiresAtMs: undefined })
  })

  test('every cause of a 401 gives the same answer [H-8]', async () => {
    await registry.addToken({ id: 't2', device: 'd1', createdAtMs: 0 }, 2)
    await registry.revokeToken('d1', 't2', 1)
    const gate = admission()
    const causes = ['forged', 'signed~d1~t2', 'signed~d1~never', 'signed~deleted~t1', `signed~d1~t1~${clock.wallMs()}`]
    const answers = await Promise.all(causes.map((token) => gate.admit(request(token))))
    answers.push(await gate.admit(request('', { headers: { ...request().headers, authorization: undefined } })))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 401 })
    expect(metrics.of('handshakes_refused invalid_token')).toBe(6)
  })

  test('for 90 days a device whose token has ended, if its row says so too: its session only rotates [K-10]', async () => {
    const expiresAtMs = clock.wallMs() + 1_000
    const ended = `signed~d1~t2~${expiresAtMs}`
    await registry.addToken({ id: 't2', device: 'd1', createdAtMs: clock.wallMs(), expiresAtMs }, 2)
    const gate = admission()
    await clock.advance(1_000)
    expect(await gate.admit(request(ended))).toEqual({ device: 'd1', tokenId: 't2', expiresAtMs })
    expect(await statusOf(gate, `signed~d1~t1~${expiresAtMs}`)).toBe(401)
    await registry.updateDevice('d1', { enabled: false })
    expect(await statusOf(gate, ended)).toBe(403)
    await registry.updateDevice('d1', { enabled: true })
    clock.suspend(ROTATE_ONLY_MS)
    expect(await statusOf(gate, ended)).toBe(401)
  })

  test('nobody with a token that was replaced, once its overlap is over [K-9]', async () => {
    const nowMs = clock.wallMs()
    const replaces = { replaces: 't1', overlapS: 60 }
    await registry.addReplacement({ id: 't2', device: 'd1', createdAtMs: nowMs, ...replaces }, 2)
    await registry.confirmToken('d1', 't2', nowMs)
    const gate = admission()
    expect(await statusOf(gate)).toBe(101)
    await clock.advance(60_000)
    expect(await statusOf(gate)).toBe(401)
    expect(await statusOf(gate, 'signed~d1~t2~')).toBe(101)
  })

  test('a disabled device is told so with 403, but only who has its live token', async () => {
    await registry.updateDevice('d1', { enabled: false })
    expect(await statusOf(admission())).toBe(403)
    await registry.revokeToken('d1', 't1', 1)
    expect(await statusOf(admission())).toBe(401)
  })

  test('no log line holds a token', async () => {
    await admission().admit(request('forged-secret'))
    expect(JSON.stringify(log.lines)).not.toContain('forged-secret')
    expect(log.at('info')).toEqual(['token refused', 'handshake refused'])
  })
})

describe('what cannot be checked is 503, never 401 [H-10]', () => {
  test('when the registry cannot be reached', async () => {
    registry.fail('credential')
    random = 1
    expect(await admission().admit(request())).toMatchObject({ status: 503, retryAfterS: 30 })
  })

  test('when the keys cannot be read', async () => {
    tokens.broken = true
    expect(await admission().admit(request())).toMatchObject({ status: 503, retryAfterS: 15 })
  })
})

describe('a device that connects too often [H-11] [L-26]', () => {
  test('gets 429 for 5 minutes after 15 connects in a minute', async () => {
    const gate = admission()
    for (let i = 0; i < 15; i++) expect(await statusOf(gate)).toBe(101)
    expect(await gate.admit(request())).toMatchObject({ status: 429, retryAfterS: 300 })
    await clock.advance(299_000)
    expect(await gate.admit(request())).toMatchObject({ status: 429, retryAfterS: 1 })
    await clock.advance(1_000)
    expect(await statusOf(gate)).toBe(101)
  })

  test('a connect counts once the signature is checked: nobody is locked out by forged tokens', async () => {
    const gate = admission({ failedHandshakesPerMinute: 1_000 })
    for (let i = 0; i < 100; i++) await gate.admit(request('forged~d1~t1'))
    expect(await statusOf(gate)).toBe(101)
  })

  test('its count says nothing about another device', async () => {
    await registry.createDevice({ id: 'd2', tags: [], createdAtMs: 0 }, { id: 't1', device: 'd2', createdAtMs: 0 })
    await registry.addToken({ id: 't2', device: 'd2', createdAtMs: 0 }, 2)
    const gate = admission({ connectsPerMinute: 1 })
    expect(await statusOf(gate)).toBe(101)
    expect(await statusOf(gate)).toBe(429)
    expect(await statusOf(gate, 'signed~d2~t2')).toBe(101)
  })
})

describe('failed handshakes of an address [H-9] [L-27]', () => {
  test('over 60 in a minute are answered with 429 for a minute, also with a good token', async () => {
    const gate = admission()
    for (let i = 0; i < 61; i++) expect(await statusOf(gate, 'forged')).toBe(401)
    expect(await gate.admit(request())).toMatchObject({ status: 429, retryAfterS: 60 })
    expect(await statusOf(gate, undefined, { address: '192.0.2.2' })).toBe(101)
    await clock.advance(60_000)
    expect(await statusOf(gate)).toBe(101)
  })

  test('of IPv6 its network counts, since whoever has one address of a /64 has them all; the log names the address', async () => {
    const gate = admission({ failedHandshakesPerMinute: 1 })
    const [first, second] = ['2001:db8:1:2::a', '2001:db8:1:2::b']
    expect(await statusOf(gate, 'forged', { address: first })).toBe(401)
    expect(await statusOf(gate, 'forged', { address: second })).toBe(401)
    for (const address of [first, second, '2001:db8:1:2:ffff::1']) {
      expect(await statusOf(gate, undefined, { address })).toBe(429)
      expect(gate.isBanned(address)).toBe(true)
    }
    expect(gate.isBanned('2001:db8:1:3::a')).toBe(false)
    expect(await statusOf(gate, undefined, { address: '2001:db8:1:3::a' })).toBe(101)
    const refused = log.lines.filter(({ message }) => message === 'token refused')
    expect(refused.map(({ fields }) => Object(fields).address)).toEqual([first, second])
  })

  test('good ones never count: a whole site may share one address', async () => {
    const gate = admission({ connectsPerMinute: 1_000 })
    for (let i = 0; i < 200; i++) expect(await statusOf(gate)).toBe(101)
  })

  test('the form of the request is judged before the address [H-4]', async () => {
    const gate = admission({ failedHandshakesPerMinute: 1 })
    await gate.admit(request('forged'))
    await gate.admit(request('forged'))
    expect(await statusOf(gate, undefined, { headers: {} })).toBe(426)
    expect(await statusOf(gate, undefined, { target: '/' })).toBe(404)
  })
})

describe('a gateway without room', () => {
  test('answers 503 while it has all the connections it takes', async () => {
    connections = 10
    expect(await statusOf(admission({ maxConnections: 10 }))).toBe(503)
    expect(await statusOf(admission({ maxConnections: 11 }))).toBe(101)
  })

  test('answers 503 while it checks as many handshakes as it can, before it looks at their form', async () => {
    const gate = admission({ handshakesInFlight: 2 })
    const release = registry.hold('credential')
    const first = [gate.admit(request()), gate.admit(request())]
    await settled()
    expect(await statusOf(gate, undefined, { headers: {} })).toBe(503)
    expect(await statusOf(gate, undefined, { target: '/' })).toBe(404)
    release()
    await Promise.all(first)
    expect(await statusOf(gate)).toBe(101)
  })

  test('spreads what it sends away: Retry-After is drawn anew each time [H-12]', async () => {
    connections = 1
    const gate = admission({ maxConnections: 1 })
    expect(await gate.admit(request())).toMatchObject({ retryAfterS: 5 })
    random = 0.999
    expect(await gate.admit(request())).toMatchObject({ retryAfterS: 10 })
  })
})

describe('a gateway that stops takes no new session [S-10]', () => {
  test('from then on every handshake is 503', async () => {
    const gate = admission()
    gate.refuseAll()
    expect(await gate.admit(request())).toMatchObject({ status: 503, code: 'stopping' })
  })

  test('also one whose check had begun', async () => {
    const gate = admission()
    const release = registry.hold('credential')
    const begun = gate.admit(request())
    await settled()
    gate.refuseAll()
    release()
    expect(await begun).toMatchObject({ status: 503, code: 'stopping' })
  })
})

test('a credential is judged from the worst to the mildest', () => {
  const token = { id: 't1', device: 'd1', createdAtMs: 0 }
  expect(credentialProblem(undefined, 10)).toBe('unknown_device')
  expect(credentialProblem({ enabled: false, token: undefined }, 10)).toBe('unknown_token')
  expect(credentialProblem({ enabled: false, token: { ...token, revokedAtMs: 1, expiresAtMs: 1 } }, 10)).toBe(
    'token_revoked',
  )
  expect(credentialProblem({ enabled: false, token: { ...token, endsAtMs: 10 } }, 10)).toBe('token_revoked')
  const graceOverMs = 10 + ROTATE_ONLY_MS
  const expired = { enabled: false, token: { ...token, expiresAtMs: 10 } }
  expect(credentialProblem(expired, graceOverMs)).toBe('token_expired')
  expect(credentialProblem(expired, graceOverMs - 1)).toBe('device_disabled')
  expect(credentialProblem({ enabled: true, token }, 10)).toBeUndefined()
})

test('a device in quarantine is 429 for as long as that lasts, once its token is known to be ours [P-9]', async () => {
  quarantineMs = 61_500
  try {
    expect(await admission().admit(request())).toMatchObject({ status: 429, code: 'quarantined', retryAfterS: 62 })
    expect(await statusOf(admission(), 'forged~d1~t1')).toBe(401)
  } finally {
    quarantineMs = 0
  }
})
