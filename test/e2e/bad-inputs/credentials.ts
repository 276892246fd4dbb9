import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { connectRaw } from '../../helpers/raw-device.ts'
import { shakeHands, statusOf } from '../../helpers/raw-handshake.ts'
import { base64url, foreignKey, forgeToken, gatewayKey, hs256 } from '../../helpers/tokens.ts'
import { addressBanned, refused } from './handshakes.ts'
import { type BadInput, expectOneLine, type World } from './world.ts'

const INVALID = ['handshakes_refused', 'invalid_token'] as const

export const credentials: readonly BadInput[] = [
  {
    id: 'B07',
    sends: 'no token',
    answer: '401 that says Bearer',
    does: refused({}, 401, 'WWW-Authenticate: Bearer error="invalid_token"'),
    counts: INVALID,
    logs: 'no_bearer_token',
  },
  {
    id: 'B07',
    sends: 'Basic',
    answer: '401',
    does: refused({ headers: { Authorization: 'Basic YTpi' } }, 401),
    counts: INVALID,
  },
  { id: 'B07', sends: 'a token that is none', answer: '401', does: refused({ token: 'abc' }, 401), counts: INVALID },
  {
    id: 'B07',
    sends: '18 tokens that are forged, foreign, too old or too young',
    answer: 'one identical 401; the log says why',
    does: badTokens,
    counts: INVALID,
  },
  {
    id: 'B34',
    sends: 'a key id with CR, LF, ESC and quotes',
    answer: '401, and one line of the log',
    does: hostileKeyId,
    counts: INVALID,
  },
  {
    id: 'B09',
    sends: 'a revoked token with a good signature',
    answer: '401; the live session got 4500',
    does: revoked,
    counts: ['sessions_closed', 'token_revoked'],
  },
  {
    id: 'B09',
    sends: 'a good token of a disabled device',
    answer: '403; the live session got 4503',
    does: disabled,
    counts: ['handshakes_refused', 'device_disabled'],
  },
  {
    id: 'B10',
    sends: 'a good token while the registry cannot be read',
    answer: '503 with Retry-After',
    does: registryDown,
    counts: ['handshakes_refused', 'registry_unavailable'],
    isError: true,
  },
  {
    id: 'B11',
    sends: 'the same device twice',
    answer: 'bye 4009 to the older one',
    does: twice,
    counts: ['sessions_closed', 'replaced'],
  },
  {
    id: 'B11',
    sends: 'the same device 20 times in a minute',
    answer: '429 for 5 minutes [H-11]',
    does: often,
    counts: ['handshakes_refused', 'too_many_connects'],
  },
  { id: 'B07', sends: 'more than 60 bad tokens in a minute', answer: '429 to the address [H-9]', does: addressBanned },
]

async function badTokens({ gateway }: World): Promise<void> {
  const { id, tokenId, token: real } = await gateway.enrol()
  const other = await gateway.enrol()
  const key = await gatewayKey(join(gateway.dataDir, 'keys'))
  const nowS = Math.floor(Date.now() / 1000)
  const forge = (forgery: Parameters<typeof forgeToken>[2] = {}) =>
    forgeToken(key, Date.now(), { ...forgery, claims: { sub: id, jti: tokenId, ...forgery.claims } })
  expect(statusOf(await shakeHands(gateway, { token: forge() }))).toBe(101) // the forger knows how
  const parts = forge().split('.')
  const header = (alg: string) => base64url(JSON.stringify({ alg, kid: key.keyId, typ: 'fairlead-device+jwt' }))
  const hs = `${header('HS256')}.${parts[1]}`
  const bad: Readonly<Record<string, string>> = {
    'alg none': `${header('none')}.${parts[1]}.`,
    'HS256 with the public key': `${hs}.${hs256(key, hs)}`,
    'a foreign key under our key id': forge({ key: foreignKey(key.keyId) }),
    'an unknown key id': forge({ header: { kid: 'x'.repeat(43) } }),
    'another audience': forge({ claims: { aud: 'fairlead-operator' } }),
    'another issuer': forge({ claims: { iss: 'evil' } }),
    'another type': forge({ header: { typ: 'JWT' } }),
    expired: forge({ claims: { exp: nowS - 3_600 } }),
    'not valid yet': forge({ claims: { nbf: nowS + 3_600 } }),
    "another device's name": forge({ claims: { sub: other.id } }),
    'a name with a slash': forge({ claims: { sub: `../${id}` } }),
    'a name with a wildcard': forge({ claims: { sub: '+' } }),
    'a list of names': forge({ claims: { sub: [id] } }),
    'a token id nobody issued': forge({ claims: { jti: 'nobody' } }),
    'a changed signature': `${parts[0]}.${parts[1]}.${'A'.repeat(86)}`,
    'four parts': `${real}.AA`,
    'cut short': real.slice(0, -1),
    'a very long token': `${parts[0]}.${'A'.repeat(3_900)}.${parts[2]}`,
  }
  const from = gateway.logLines.length
  const answers = new Set<string>()
  for (const [name, token] of Object.entries(bad)) {
    const answer = await shakeHands(gateway, { token })
    expect(statusOf(answer), name).toBe(401)
    answers.add(answer)
  }
  expect(answers.size).toBe(1)
  const refusals = gateway.logLines.slice(from).filter((line) => line.includes('token refused'))
  expect(refusals).toHaveLength(Object.keys(bad).length)
  expect(new Set(refusals.map((line) => JSON.parse(line).reason)).size).toBeGreaterThan(5)
  expect(Object.values(bad).filter((token) => gateway.logLines.join('').includes(token))).toEqual([])
}

async function hostileKeyId(world: World): Promise<void> {
  const hostile = 'a\r\n{"level":"error"}\u001b[2J\u0000"}'
  const from = world.gateway.logLines.length
  const key = await gatewayKey(join(world.gateway.dataDir, 'keys'))
  await refused({ token: forgeToken(key, Date.now(), { header: { kid: hostile } }) }, 401)(world)
  const lines = world.gateway.logLines.slice(from)
  expect(lines.filter((line) => line.includes('token refused'))).toHaveLength(1)
  for (const line of lines) expectOneLine(line)
}

async function revoked({ gateway }: World): Promise<void> {
  const { id, token, tokenId } = await gateway.enrol()
  const live = await connectRaw(gateway, token, 'boot-1')
  await gateway.api('DELETE', `devices/${id}/tokens/${tokenId}`)
  await live.until('the close', () => live.closeCode === 4500)
  expect(live.of('bye')).toMatchObject([{ code: 4500, reconnect: false }])
  expect(statusOf(await shakeHands(gateway, { token }))).toBe(401)
}

async function disabled({ gateway }: World): Promise<void> {
  const { id, token } = await gateway.enrol()
  const live = await connectRaw(gateway, token, 'boot-1')
  await gateway.api('PATCH', `devices/${id}`, { enabled: false })
  await live.until('the close', () => live.closeCode === 4503)
  expect(statusOf(await shakeHands(gateway, { token }))).toBe(403)
}

/** [H-10] A table goes missing under the gateway and comes back. */
async function registryDown(world: World): Promise<void> {
  const { token } = await world.gateway.enrol()
  const database = new DatabaseSync(join(world.gateway.dataDir, 'fairlead.db'), { timeout: 5_000 })
  try {
    database.exec('ALTER TABLE devices RENAME TO lost')
    const answer = await shakeHands(world.gateway, { token })
    expect(statusOf(answer), answer).toBe(503)
    expect(Number(/Retry-After: (\d+)/.exec(answer)?.[1])).toBeGreaterThanOrEqual(15)
  } finally {
    database.exec('ALTER TABLE lost RENAME TO devices')
    database.close()
  }
  expect(statusOf(await shakeHands(world.gateway, { token }))).toBe(101)
}

async function twice({ gateway }: World): Promise<void> {
  const { token } = await gateway.enrol()
  const older = await connectRaw(gateway, token, 'boot-1')
  const newer = await connectRaw(gateway, token, 'boot-1')
  await older.until('the close', () => older.closeCode === 4009)
  const numbers = [older, newer].map((device) => device.of('welcome')[0].session)
  expect(numbers[1]).toBeGreaterThan(numbers[0])
  newer.destroy()
}

async function often({ gateway }: World): Promise<void> {
  const { token } = await gateway.enrol()
  const statuses: number[] = []
  let last = ''
  for (let n = 0; n < 20; n++) {
    last = await shakeHands(gateway, { token })
    statuses.push(statusOf(last))
  }
  expect(statuses).toEqual([...Array(15).fill(101), ...Array(5).fill(429)])
  expect(Number(/Retry-After: (\d+)/.exec(last)?.[1])).toBeGreaterThan(270)
}
