import './reflect.ts'
import { generateKeyPairSync, type KeyObject, randomBytes, type webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { TlsPair } from './pair.ts'

const DAY_MS = 24 * 3600 * 1000
/** A device keeps the CA for its whole life; the CA cannot be replaced over the air. */
const AUTHORITY_LIFE_MS = 30 * 365.25 * DAY_MS
/** Browsers refuse server certificates of a longer life. Backdating included. */
const SERVER_LIFE_MS = 397 * DAY_MS
/** A device or browser whose clock is slow must not refuse what was issued a minute ago. */
const BACKDATED_MS = DAY_MS

/** P-256 everywhere: the ESP32 verifies it in a tenth of the time of RSA-2048 and the chain stays small. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A new private CA. */
export async function makeAuthority(nowMs: number): Promise<TlsPair> {
  const { publicKey, privateKey } = newKeys()
  const keys = { publicKey: forVerifying(publicKey), privateKey: forSigning(privateKey) }
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`Fairlead private CA ${randomBytes(4).toString('hex')}`] }],
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + AUTHORITY_LIFE_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pem(certificate), key: pkcs8(privateKey) }
}

/** A new key and certificate for a server of these names and addresses, signed by the CA. */
export async function issueServer(
  authority: { cert: string; key: KeyObject },
  names: readonly string[],
  nowMs: number,
): Promise<TlsPair> {
  const issuer = new X509Certificate(authority.cert)
  const { publicKey, privateKey } = newKeys()
  const endsMs = Math.min(nowMs - BACKDATED_MS + SERVER_LIFE_MS, issuer.notAfter.getTime())
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: ['Fairlead gateway'] }],
    issuer: issuer.subjectName,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(endsMs),
    publicKey: forVerifying(publicKey),
    signingKey: forSigning(authority.key),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(alternativeNames(names)),
      await SubjectKeyIdentifierExtension.create(forVerifying(publicKey)),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { cert: pem(certificate), key: pkcs8(privateKey) }
}

/** Each address also as a DNS name: mbedTLS of the ESP32's Arduino core compares the host with DNS entries only. */
function alternativeNames(names: readonly string[]): JsonGeneralNames {
  const dns = names.map((value) => ({ type: 'dns' as const, value }))
  const ip = names.filter((name) => isIP(name) !== 0).map((value) => ({ type: 'ip' as const, value }))
  return [...dns, ...ip]
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: ALGORITHM.namedCurve })
}

function forSigning(key: KeyObject): webcrypto.CryptoKey {
  return key.toCryptoKey(ALGORITHM, true, ['sign'])
}

function forVerifying(key: KeyObject): webcrypto.CryptoKey {
  return key.toCryptoKey(ALGORITHM, true, ['verify'])
}

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}
