import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newApiKey, sha256Hex } from '../../gateway/adapters/api-keys.ts'
import { systemClock } from '../../gateway/adapters/system-clock.ts'
import { openDeviceTokens } from '../../gateway/adapters/tokens/device-tokens.ts'
import { makeSigningKey, SigningKeyError } from '../../gateway/adapters/tokens/signing-keys.ts'
import { isSha256 } from '../../protocol/names.ts'
import { REFUSALS } from '../helpers/bad-tokens.ts'
import { temporaryDirectory } from '../helpers/certificates.ts'
import { foreignKey, forgeToken, gatewayKey, seconds } from '../helpers/tokens.ts'

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

describe('a token is refused [S01]', () => {
  test.each(REFUSALS)('with %s: %s', async (_what, reason, forge) => {
    const { tokens, key } = await open()
    const forged = forge(key, NOW_MS)
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
