import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { SIGNING_KEYS_MAX } from '../../core/signing-keys.ts'

export const TOKEN_ALGORITHM = 'ES256'

export interface SigningKey {
  readonly keyId: string
  readonly createdAtMs: number
  readonly publicKey: CryptoKey
  /** Undefined for a key that was retired to its public part: it verifies, but signs no more. */
  readonly privateKey: CryptoKey | undefined
}

/** A key folder that cannot be used. The message names the file. */
export class SigningKeyError extends Error {
  override readonly name = 'SigningKeyError'
}

/**
 * The keys in `{directory}/*.json`, newest first by their `createdAt`; one is made when the folder is empty. A key
 * that cannot be read is a SigningKeyError, never skipped: the tokens it signed would be refused without a reason.
 */
export async function readSigningKeys(directory: string, nowMs: number): Promise<SigningKey[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await chmod(directory, 0o700)
  let files = await keyFiles(directory)
  if (files.length === 0) {
    await makeSigningKey(directory, nowMs)
    files = await keyFiles(directory)
  }
  if (files.length > SIGNING_KEYS_MAX)
    throw new SigningKeyError(`${directory} holds more than ${SIGNING_KEYS_MAX} keys`)
  const keys = await Promise.all(files.map((file) => readKey(join(directory, file))))
  keys.sort((a, b) => b.createdAtMs - a.createdAtMs || (a.keyId < b.keyId ? -1 : 1))
  if (keys.every((key) => key.privateKey === undefined)) {
    throw new SigningKeyError(`${directory} holds no private key to sign with`)
  }
  return keys
}

/** Adds a new key to the folder and returns its id. It signs from the next reload() on; the others still verify. */
export async function makeSigningKey(directory: string, nowMs: number): Promise<string> {
  const { privateKey } = await generateKeyPair(TOKEN_ALGORITHM, { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  const text = JSON.stringify({ ...jwk, kid, alg: TOKEN_ALGORITHM, createdAt: new Date(nowMs).toISOString() }, null, 2)
  const draft = join(directory, `${kid}.${randomBytes(6).toString('hex')}.tmp`)
  const file = await open(draft, 'wx', 0o600) // only the owner: who reads it can be any device
  try {
    await file.writeFile(`${text}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, join(directory, `${kid}.json`))
  return kid
}

/** Deletes the key from the folder, under whatever file name it stands there. */
export async function removeSigningKey(directory: string, keyId: string): Promise<void> {
  for (const file of await keyFiles(directory)) {
    if ((await readKey(join(directory, file))).keyId === keyId) await rm(join(directory, file))
  }
}

async function keyFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((file) => file.endsWith('.json'))
}

async function readKey(path: string): Promise<SigningKey> {
  try {
    const { createdAt, kid, d, ...rest }: JWK & { createdAt?: unknown } = JSON.parse(await readFile(path, 'utf8'))
    const jwk = { kty: rest.kty, crv: rest.crv, x: rest.x, y: rest.y }
    const keyId = await calculateJwkThumbprint(jwk)
    const createdAtMs = typeof createdAt === 'string' ? Date.parse(createdAt) : Number.NaN
    if (kid !== undefined && kid !== keyId) throw new Error('its kid is not the thumbprint of the key')
    if (Number.isNaN(createdAtMs)) throw new Error('its createdAt is not a time (ISO 8601)')
    return {
      keyId,
      createdAtMs,
      publicKey: await importKey(jwk),
      privateKey: d === undefined ? undefined : await importKey({ ...jwk, d }),
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new SigningKeyError(`${path} is not a usable P-256 key: ${reason}`, { cause })
  }
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, TOKEN_ALGORITHM)
  if (key instanceof Uint8Array) throw new Error('it is a secret for MACs')
  return key
}
