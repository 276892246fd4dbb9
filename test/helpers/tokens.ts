import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Made by hand, so that a token can be wrong in every way that a library would not let through. */

export interface TestKey {
  readonly keyId: string
  readonly privateKey: KeyObject
  /** As PEM: what a mixed-up verifier would take for an HMAC secret. */
  readonly publicPem: string
}

/** The key that a gateway signs with, read from its folder: for claims that it would never sign itself. */
export async function gatewayKey(directory: string): Promise<TestKey> {
  const [file] = (await readdir(directory)).filter((name) => name.endsWith('.json'))
  if (file === undefined) throw new Error(`no key in ${directory}`)
  const jwk = JSON.parse(await readFile(join(directory, file), 'utf8'))
  return testKey(createPrivateKey({ key: jwk, format: 'jwk' }), jwk.kid)
}

/** A key that the gateway does not know, under any name. */
export function foreignKey(keyId: string, namedCurve = 'P-256'): TestKey {
  return testKey(generateKeyPairSync('ec', { namedCurve }).privateKey, keyId)
}

function testKey(privateKey: KeyObject, keyId: string): TestKey {
  const { x, y, crv } = privateKey.export({ format: 'jwk' })
  const publicKey = { key: { kty: 'EC', crv, x, y }, format: 'jwk' as const }
  const publicPem = createPublicKey(publicKey).export({ type: 'spki', format: 'pem' }).toString()
  return { keyId, privateKey, publicPem }
}

export interface Forgery {
  /** Members that differ from those of a good token; undefined removes one. */
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
  /** In place of the header or the claims, as it stands. */
  readonly headerText?: string
  readonly claimsText?: string
  readonly key?: TestKey
  /** Makes the signature over `header.claims`; ES256 by `key` when it is left out. */
  readonly signature?: (input: string) => string
}

/** A token of the gateway's own form, good unless the forgery changes something. */
export function forgeToken(good: TestKey, nowMs: number, forgery: Forgery = {}): string {
  const key = forgery.key ?? good
  const header = { alg: 'ES256', kid: key.keyId, typ: 'fairlead-device+jwt', ...forgery.header }
  const claims = { iss: 'fairlead', aud: 'fairlead-device', sub: 'device-1', jti: 'token-1', iat: seconds(nowMs) }
  const headerText = forgery.headerText ?? JSON.stringify(header)
  const claimsText = forgery.claimsText ?? JSON.stringify({ ...claims, ...forgery.claims })
  const input = `${base64url(headerText)}.${base64url(claimsText)}`
  return `${input}.${forgery.signature?.(input) ?? es256(key, input)}`
}

export function es256(key: TestKey, input: string, hash = 'sha256'): string {
  return sign(hash, Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

/** The old trick: the public key as the secret of a MAC. */
export function hs256(key: TestKey, input: string): string {
  return createHmac('sha256', key.publicPem).update(input).digest('base64url')
}

export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

export function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
