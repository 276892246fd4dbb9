import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newApiKey, sha256Hex } from '../../gateway/adapters/api-keys.ts'
import { systemClock } from '../../gateway/adapters/system-clock.ts'
import { openDeviceTokens } from '../../gateway/adapters/tokens/device-tokens.ts'
import { makeSigningKey, SigningKeyError } from '../../gateway/adapters/tokens/signing-keys.ts'
import { isSha256 } from '../../protocol/names.ts'
import { temporaryDirectory } from '../helpers/certificates.ts'
import {
  base64url,
  es256,
  type Forgery,
  foreignKey,
  forgeToken,
  gatewayKey,
  hs256,
  seconds,
  type TestKey,
} from '../helpers/tokens.ts'

const NOW_MS = Date.UTC(2027, 4, 1, 12)
const clock = { ...systemClock, wallMs: () => NOW_MS }
const ROW = { id: 'token-1', device: 'device-1', createdAtMs: NOW_MS }

async function open() {
  const directory = join(await temporaryDirectory(), 'keys')
  const tokens = await openDeviceTokens({ directory, clock })
  return { tokens, directory, key: await gatewayKey(directory) }
}

function part(token: string, index: number): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())
}

describe('device tokens', () => {
  test('are ES256 JWTs with a key id, a type of their own and the claims of their row', async () => {
    const { tokens } = await open()
    const token = await tokens.sign({ ...ROW, expiresAtMs: NOW_MS + 3_600_000 })
    expect(part(token, 0)).toEqual({ alg: 'ES256', kid: tokens.keyIds()[0], typ: 'fairlead-device+jwt' })
    expect(part(token, 1)).toEqual({
      iss: 'fairlead',
      aud: 'fairlead-device',
      sub: 'device-1',
      jti: 'token-1',
      iat: NOW_MS / 1000,
      exp: NOW_MS / 1000 + 3600,
    })
    expect(await tokens.verify(token)).toEqual({
      claims: { device: 'device-1', tokenId: 'token-1', expiresAtMs: NOW_MS + 3_600_000 },
    })
  })

  test('are read for 90 days after their end: for a session that only rotates [K-10]', async () => {
    const { tokens } = await open()
    const expiresAtMs = NOW_MS - 90 * 86_400_000
    const token = await tokens.sign({ ...ROW, createdAtMs: 0, expiresAtMs })
    expect(await tokens.verify(token)).toEqual({ claims: { device: 'device-1', tokenId: 'token-1', expiresAtMs } })
  })

  test('have a digest of their text, as a device that read one back sends it [N-3] [K-8]', async () => {
    const { tokens } = await open()
    expect(tokens.digest('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test('do not expire unless they are told to', async () => {
    const { tokens } = await open()
    const token = await tokens.sign({ ...ROW, createdAtMs: 0 })
    expect(part(token, 1)).not.toHaveProperty('exp')
    expect(await tokens.verify(token)).toEqual({ claims: { device: 'device-1', tokenId: 'token-1' } })
  })

  test('can be signed again from their row: other text, same claims', async () => {
    const { tokens } = await open()
    const [one, two] = [await tokens.sign(ROW), await tokens.sign(ROW)]
    expect(one.split('.').slice(0, 2)).toEqual(two.split('.').slice(0, 2))
    expect(await tokens.verify(two)).toEqual(await tokens.verify(one))
  })

  test('are taken up to 60 s after their end, for clocks that differ', async () => {
    const { tokens, key } = await open()
    const token = forgeToken(key, NOW_MS, { claims: { exp: seconds(NOW_MS) - 59 } })
    expect(await tokens.verify(token)).toHaveProperty('claims')
  })

  test('are not made for what is no name', async () => {
    const { tokens } = await open()
    await expect(tokens.sign({ ...ROW, device: 'a/b' })).rejects.toThrow(RangeError)
    await expect(tokens.sign({ ...ROW, id: '' })).rejects.toThrow(RangeError)
  })
})

/** What stands in the log; the device is told nothing but 401 [S01]. */
const REFUSALS: readonly (readonly [what: string, reason: string, forge: (key: TestKey) => Forgery | string])[] = [
  ['an empty text', 'malformed', () => ''],
  ['a word', 'malformed', () => 'token'],
  ['two parts', 'malformed', (key) => forgeToken(key, NOW_MS).split('.').slice(0, 2).join('.')],
  ['four parts', 'malformed', (key) => `${forgeToken(key, NOW_MS)}.e30`],
  [
    'the five parts of an encrypted token',
    'malformed',
    () => `${base64url('{"alg":"dir","enc":"A128GCM"}')}..AAAA.AAAA.AAAA`,
  ],
  ['a header that is not JSON', 'malformed', () => ({ headerText: 'alg=ES256' })],
  ['a header that is a list', 'malformed', () => ({ headerText: '["ES256"]' })],
  ['alg none without signature', 'bad_alg', () => ({ header: { alg: 'none' }, signature: () => '' })],
  ['alg None with a signature', 'bad_alg', () => ({ header: { alg: 'None' } })],
  ['no alg', 'malformed', () => ({ header: { alg: undefined } })],
  ['alg as a list', 'malformed', () => ({ header: { alg: ['ES256'] } })],
  [
    'HS256 with the public key as secret',
    'bad_alg',
    (key) => ({ header: { alg: 'HS256' }, signature: (input) => hs256(key, input) }),
  ],
  ['a MAC that claims to be ES256', 'bad_signature', (key) => ({ signature: (input) => hs256(key, input) })],
  ['ES384', 'bad_alg', () => ({ header: { alg: 'ES384' }, key: foreignKey('x', 'P-384') })],
  ['RS256', 'bad_alg', () => ({ header: { alg: 'RS256' } })],
  ['a foreign key under its own id', 'unknown_key', () => ({ key: foreignKey('A'.repeat(43)) })],
  ['a foreign key under our id', 'bad_signature', (key) => ({ key: foreignKey(key.keyId) })],
  ['no key id', 'unknown_key', () => ({ header: { kid: undefined } })],
  ['a key id that is a path', 'unknown_key', () => ({ header: { kid: '../../etc/passwd' } })],
  ['a key id that is an object', 'unknown_key', () => ({ header: { kid: {} } })],
  [
    'the key in the header',
    'foreign_header',
    (key) => ({ header: { jwk: foreignKey('x').privateKey.export({ format: 'jwk' }) }, key: foreignKey(key.keyId) }),
  ],
  ['the address of a key set', 'foreign_header', () => ({ header: { jku: 'http://127.0.0.1/keys' } })],
  ['the address of a certificate', 'foreign_header', () => ({ header: { x5u: 'http://127.0.0.1/cert' } })],
  ['a certificate', 'foreign_header', () => ({ header: { x5c: ['AAAA'] } })],
  ['an unknown critical extension', 'malformed', () => ({ header: { crit: ['exp'], exp: 1 } })],
  ['an unencoded payload', 'foreign_header', () => ({ header: { crit: ['b64'], b64: true } })],
  ['another type', 'bad_typ', () => ({ header: { typ: 'JWT' } })],
  ['the type in other letters', 'bad_typ', () => ({ header: { typ: 'application/Fairlead-Device+JWT' } })],
  ['no type', 'bad_typ', () => ({ header: { typ: undefined } })],
  ['an empty signature', 'bad_signature', () => ({ signature: () => '' })],
  ['a signature of zeros', 'bad_signature', () => ({ signature: () => Buffer.alloc(64).toString('base64url') })],
  ['a signature over other claims', 'bad_signature', (key) => ({ signature: () => es256(key, 'e30.e30') })],
  ['a signature in base64 with padding', 'malformed', (key) => ({ signature: (input) => `${es256(key, input)}==` })],
  ['another issuer', 'bad_iss', () => ({ claims: { iss: 'https://fairlead' } })],
  ['no issuer', 'bad_iss', () => ({ claims: { iss: undefined } })],
  ['another audience', 'bad_aud', () => ({ claims: { aud: 'fairlead-operator' } })],
  ['a list of audiences', 'bad_aud', () => ({ claims: { aud: ['fairlead-device', 'other'] } })],
  ['no subject', 'bad_sub', () => ({ claims: { sub: undefined } })],
  ['a list as subject', 'bad_sub', () => ({ claims: { sub: ['device-1'] } })],
  ['a subject with a slash', 'bad_sub', () => ({ claims: { sub: 'a/b' } })],
  ['a subject with a wildcard', 'bad_sub', () => ({ claims: { sub: '+' } })],
  ['a subject with a NUL', 'bad_sub', () => ({ claims: { sub: 'a\0' } })],
  ['a subject with a line feed at its end', 'bad_sub', () => ({ claims: { sub: 'device-1\n' } })],
  ['a subject of 65 letters', 'bad_sub', () => ({ claims: { sub: 'a'.repeat(65) } })],
  ['__proto__ as subject', 'bad_sub', () => ({ claims: { sub: '__proto__' } })],
  ['no token id', 'bad_jti', () => ({ claims: { jti: undefined } })],
  ['a token id that is a number', 'bad_jti', () => ({ claims: { jti: 7 } })],
  ['no time of issue', 'bad_iat', () => ({ claims: { iat: undefined } })],
  ['half a second as time of issue', 'bad_iat', () => ({ claims: { iat: 0.5 } })],
  ['an end 90 days and 61 s ago', 'expired', () => ({ claims: { exp: seconds(NOW_MS) - 90 * 86_400 - 61 } })],
  ['an end that is a text', 'bad_exp', () => ({ claims: { exp: '2099-01-01' } })],
  [
    'an end beyond all numbers',
    'ambiguous_claims',
    () => ({ claimsText: `{"iss":"fairlead","aud":"fairlead-device","sub":"a","jti":"b","iat":1,"exp":1e400}` }),
  ],
  ['an end beyond all dates', 'bad_exp', () => ({ claims: { exp: Number.MAX_SAFE_INTEGER } })],
  ['a beginning in 61 s', 'bad_nbf', () => ({ claims: { nbf: seconds(NOW_MS) + 61 } })],
  ['a claim of another kind of token', 'foreign_claim', () => ({ claims: { scope: 'admin' } })],
  [
    'two subjects',
    'ambiguous_claims',
    () => ({ claimsText: `{"iss":"fairlead","aud":"fairlead-device","sub":"a","jti":"b","iat":1,"sub":"c"}` }),
  ],
  ['claims that are a list', 'malformed', () => ({ claimsText: '[]' })],
  ['claims that are not JSON', 'malformed', () => ({ claimsText: 'sub=device-1' })],
  [
    'claims that are not UTF-8',
    'malformed',
    (key) => {
      const input = `${forgeToken(key, NOW_MS).split('.')[0]}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}`
      return `${input}.${es256(key, input)}`
    },
  ],
  ['more than 4 KiB', 'too_long', () => ({ claims: { note: 'x'.repeat(4096) } })],
]

describe('a token is refused [S01]', () => {
  test.each(REFUSALS)('with %s: %s', async (_what, reason, forge) => {
    const { tokens, key } = await open()
    const forged = forge(key)
    const token = typeof forged === 'string' ? forged : forgeToken(key, NOW_MS, forged)
    expect(await tokens.verify(token)).toMatchObject({ refused: reason })
  })

  test('only because of what was changed: the unchanged one is taken', async () => {
    const { tokens, key } = await open()
    expect(await tokens.verify(forgeToken(key, NOW_MS))).toEqual({ claims: { device: 'device-1', tokenId: 'token-1' } })
  })

  test('when any single character of it is changed', async () => {
    const { tokens } = await open()
    const token = await tokens.sign(ROW)
    for (let i = 0; i < token.length - 1; i += 7) {
      const changed = `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`
      expect(await tokens.verify(changed)).toHaveProperty('refused')
    }
  })

  test('with its key id for the log, but only one that looks like a key id', async () => {
    const { tokens, key } = await open()
    const known = await tokens.verify(forgeToken(key, NOW_MS, { claims: { aud: 'x' } }))
    expect(known).toEqual({ refused: 'bad_aud', keyId: key.keyId })
    const hostile = await tokens.verify(forgeToken(key, NOW_MS, { header: { kid: 'a\r\n\u001b[2J' } }))
    expect(hostile).toEqual({ refused: 'unknown_key', keyId: undefined })
  })
})

describe('signing keys', () => {
  test('are made on first start, for the owner only, and found again', async () => {
    const { tokens, directory, key } = await open()
    const files = await readdir(directory)
    expect(files).toEqual([`${key.keyId}.json`])
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat(join(directory, files[0] ?? ''))).mode & 0o777).toBe(0o600)
    const again = await openDeviceTokens({ directory, clock })
    expect(again.keyIds()).toEqual(tokens.keyIds())
    expect(await again.verify(await tokens.sign(ROW))).toHaveProperty('claims')
  })

  test('rotate without downtime: the newest signs, all verify, a removed one does not', async () => {
    const { tokens, directory, key: oldKey } = await open()
    const oldToken = await tokens.sign(ROW)
    const newId = await makeSigningKey(directory, NOW_MS + 1)
    await tokens.reload()
    expect(tokens.keyIds()).toEqual([newId, oldKey.keyId])
    const newToken = await tokens.sign({ ...ROW, createdAtMs: NOW_MS + 1 })
    expect(part(newToken, 0)).toMatchObject({ kid: newId })
    expect(part(await tokens.sign(ROW), 0)).toMatchObject({ kid: oldKey.keyId }) // made before, so signed as before
    expect(await tokens.verify(oldToken)).toHaveProperty('claims')
    await rm(join(directory, `${oldKey.keyId}.json`))
    await tokens.reload()
    expect(await tokens.verify(newToken)).toHaveProperty('claims')
    expect(await tokens.verify(oldToken)).toEqual({ refused: 'unknown_key', keyId: oldKey.keyId })
  })

  test('verify but sign no more when only their public part is left', async () => {
    const { tokens, directory, key } = await open()
    const token = await tokens.sign(ROW)
    const olderId = await makeSigningKey(directory, NOW_MS - 1)
    const path = join(directory, `${key.keyId}.json`)
    const { d: _removed, ...publicPart } = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify(publicPart))
    await tokens.reload()
    expect(part(await tokens.sign(ROW), 0)).toMatchObject({ kid: olderId })
    expect(await tokens.verify(token)).toHaveProperty('claims')
  })

  test.each([
    ['garbage', () => 'garbage'],
    ['no time', (text: string) => text.replace('createdAt', 'created')],
    ['the id of another key', (text: string) => text.replace(/"kid": "[^"]*"/, `"kid": "${'A'.repeat(43)}"`)],
    ['a secret for MACs', () => '{"kty":"oct","k":"AAAA","createdAt":"2027-01-01T00:00:00Z"}'],
    [
      'a P-384 key',
      () =>
        JSON.stringify({ ...foreignKey('x', 'P-384').privateKey.export({ format: 'jwk' }), createdAt: '2027-01-01' }),
    ],
  ])('with %s in a file refuse the start and name the file; a reload keeps the old ones', async (_what, spoil) => {
    const { tokens, directory, key } = await open()
    const path = join(directory, `${key.keyId}.json`)
    await writeFile(path, spoil(await readFile(path, 'utf8')))
    const refusal = openDeviceTokens({ directory, clock })
    await expect(refusal).rejects.toThrow(SigningKeyError)
    await expect(refusal).rejects.toThrow(path)
    await expect(tokens.reload()).rejects.toThrow(SigningKeyError)
    expect(await tokens.verify(await tokens.sign(ROW))).toHaveProperty('claims')
  })

  test('of which none can sign refuse the start', async () => {
    const { directory, key } = await open()
    const path = join(directory, `${key.keyId}.json`)
    const { d: _removed, ...publicPart } = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify(publicPart))
    await expect(openDeviceTokens({ directory, clock })).rejects.toThrow('no private key to sign with')
  })

  test('that a looser mode shows to others are closed to them at the next start', async () => {
    const { directory } = await open()
    await chmod(directory, 0o755)
    onTestFinished(() => chmod(directory, 0o700).catch(() => {}))
    await openDeviceTokens({ directory, clock })
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
  })
})

describe('API keys', () => {
  test('hold 256 random bits behind their prefix and are stored as a hash', () => {
    const keys = new Set(Array.from({ length: 100 }, newApiKey))
    expect(keys.size).toBe(100)
    for (const key of keys) {
      expect(key).toMatch(/^flk_[A-Za-z0-9_-]{43}$/)
      expect(isSha256(sha256Hex(key))).toBe(true)
    }
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})
