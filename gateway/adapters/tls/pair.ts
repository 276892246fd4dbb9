import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { canonicalName } from './names.ts'

/** What a TLS server needs: a certificate (its chain may follow) and its private key, both as PEM. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
}

/** A pair that was checked, with what people want to know about it. */
export interface ServerCertificate extends TlsPair {
  /** SHA-256 of the certificate: upper-case hexadecimal with colons. */
  readonly fingerprint: string
  readonly notAfterMs: number
  /** The names and addresses that it is good for, as they stand in it. */
  readonly names: readonly string[]
}

/** A certificate or key that cannot be used. The message names the file and what to do. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError'
}

/** Checks that both can be read and belong together; throws CertificateError that names the file at fault. */
export function checkPair(pair: TlsPair, paths: { cert: string; key: string }): ServerCertificate {
  const certificate = readCertificate(pair.cert, paths.cert)
  const key = readPrivateKey(pair.key, paths.key)
  if (!certificate.checkPrivateKey(key)) {
    throw new CertificateError(`${paths.key} is not the key of the certificate in ${paths.cert}`)
  }
  try {
    createSecureContext(pair) // also reads the rest of a chain
  } catch (cause) {
    throw new CertificateError(`${paths.cert} cannot be used by a TLS server: ${reason(cause)}`, { cause })
  }
  return {
    ...pair,
    fingerprint: certificate.fingerprint256,
    notAfterMs: certificate.validToDate.getTime(),
    names: alternativeNames(certificate),
  }
}

/** The first certificate of a PEM text. */
export function readCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new CertificateError(`${path} holds no readable certificate (PEM): ${reason(cause)}`, { cause })
  }
}

export function readPrivateKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new CertificateError(`${path} holds no readable private key (PEM without passphrase): ${reason(cause)}`, {
      cause,
    })
  }
}

/** DNS entries and addresses, each once. */
export function alternativeNames(certificate: X509Certificate): string[] {
  const entries = certificate.subjectAltName?.split(', ') ?? []
  return [...new Set(entries.map((entry) => canonicalName(entry.replace(/^(DNS|IP Address):/, ''))))]
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
