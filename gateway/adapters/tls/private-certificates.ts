import type { KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { makePrivateDirectory, readIfThere, writePrivate } from './files.ts'
import { canonicalName } from './names.ts'
import { CertificateError, checkPair, readCertificate, readPrivateKey, type ServerCertificate } from './pair.ts'

/** A machine without a clock battery starts in 1970; what it issues then must still be good once it knows the time. */
const EARLIEST_NOW_MS = Date.UTC(2026, 0, 1)
/** Renewed at two thirds of its life: four months in which somebody may notice that the renewal does not work. */
const RENEW_AFTER = 2 / 3

export interface PrivateCertificates extends ServerCertificate {
  /** What a device must trust. */
  readonly caPath: string
  readonly caPem: string
  readonly caFingerprint: string
  readonly certPath: string
  readonly keyPath: string
  /** Why the server certificate was made anew by this call; undefined when the stored one is still good. */
  readonly issued?: string
}

export interface PrivateCertificateOptions {
  /** Holds ca.pem, ca-key.pem, server.pem and server-key.pem, for the owner only. */
  readonly directory: string
  /** Host names and addresses that the server certificate must cover. */
  readonly names: readonly string[]
  readonly nowMs?: number
}

interface Authority {
  readonly cert: string
  readonly key: KeyObject
}

/**
 * The private CA and a server certificate signed by it; what is missing or past its time is made. The CA is made
 * once: when its files are damaged this throws CertificateError, since every device that trusts it would be lost.
 */
export async function ensureCertificates(options: PrivateCertificateOptions): Promise<PrivateCertificates> {
  const nowMs = Math.max(options.nowMs ?? Date.now(), EARLIEST_NOW_MS)
  const names = options.names.map(canonicalName)
  const path = (name: string) => join(options.directory, name)
  const paths = { cert: path('server.pem'), key: path('server-key.pem') }
  await makePrivateDirectory(options.directory)
  const authority = (await readAuthority(path, nowMs)) ?? (await createAuthority(path, nowMs))
  const stored = await readServer(paths)
  const issued = reasonToIssue(stored, authority, names, nowMs)
  if (issued !== undefined) {
    const { issueServer } = await import('./authority.ts') // 90 ms of ASN.1 that a usual start does not need
    const made = await issueServer(authority, names, nowMs)
    await writePrivate(paths.key, made.key)
    await writePrivate(paths.cert, made.cert) // a crash between the two is seen at the next start and made good
  }
  const pair = checkPair((await readServer(paths)) ?? { cert: '', key: '' }, paths)
  return {
    ...pair,
    caPath: path('ca.pem'),
    caPem: authority.cert,
    caFingerprint: readCertificate(authority.cert, path('ca.pem')).fingerprint256,
    certPath: paths.cert,
    keyPath: paths.key,
    issued,
  }
}

async function readAuthority(path: (name: string) => string, nowMs: number): Promise<Authority | undefined> {
  const advice = `; restore it from a backup. Without it, ${path('')} has to be removed and every device told the new CA`
  const cert = await readIfThere(path('ca.pem'))
  if (cert === undefined) {
    if ((await readIfThere(path('server.pem'))) === undefined) return undefined
    throw new CertificateError(`${path('ca.pem')} is missing although a server certificate was made from it${advice}`)
  }
  const keyText = await readIfThere(path('ca-key.pem'))
  if (keyText === undefined) throw new CertificateError(`${path('ca-key.pem')} is missing${advice}`)
  const certificate = readCertificate(cert, path('ca.pem'))
  const key = readPrivateKey(keyText, path('ca-key.pem'))
  if (!certificate.ca) throw new CertificateError(`${path('ca.pem')} is not the certificate of a CA${advice}`)
  if (!certificate.checkPrivateKey(key)) {
    throw new CertificateError(`${path('ca-key.pem')} is not the key of ${path('ca.pem')}${advice}`)
  }
  if (certificate.validToDate.getTime() <= nowMs) {
    throw new CertificateError(`${path('ca.pem')} ended on ${certificate.validTo}${advice}`)
  }
  return { cert, key }
}

/** The key first: a key without certificate was never trusted by anybody and may be made again. */
async function createAuthority(path: (name: string) => string, nowMs: number): Promise<Authority> {
  const { makeAuthority } = await import('./authority.ts')
  const made = await makeAuthority(nowMs)
  await writePrivate(path('ca-key.pem'), made.key)
  await writePrivate(path('ca.pem'), made.cert)
  return { cert: made.cert, key: readPrivateKey(made.key, path('ca-key.pem')) }
}

async function readServer(paths: { cert: string; key: string }): Promise<{ cert: string; key: string } | undefined> {
  const cert = await readIfThere(paths.cert)
  const key = await readIfThere(paths.key)
  return cert === undefined || key === undefined ? undefined : { cert, key }
}

function reasonToIssue(
  stored: { cert: string; key: string } | undefined,
  authority: Authority,
  names: readonly string[],
  nowMs: number,
): string | undefined {
  if (stored === undefined) return 'there was none'
  try {
    const pair = checkPair(stored, { cert: 'the certificate', key: 'the key' })
    const certificate = readCertificate(stored.cert, 'the certificate')
    const signer = readCertificate(authority.cert, 'the CA')
    if (!certificate.checkIssued(signer) || !certificate.verify(signer.publicKey)) return 'another CA had signed it'
    const missing = names.filter((name) => !pair.names.includes(name))
    if (missing.length > 0) return `it did not name ${missing.join(', ')}`
    const startMs = certificate.validFromDate.getTime()
    if (nowMs < startMs) return 'its time had not come'
    const renewMs = startMs + (pair.notAfterMs - startMs) * RENEW_AFTER
    return nowMs < renewMs ? undefined : 'two thirds of its life were over'
  } catch (error) {
    if (error instanceof CertificateError) return error.message
    throw error
  }
}
