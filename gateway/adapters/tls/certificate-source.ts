import type { Clock, Log } from '../../core/ports.ts'
import { fileVersion, readNeeded } from './files.ts'
import { machineNames } from './names.ts'
import { checkPair, type ServerCertificate, type TlsPair } from './pair.ts'
import { ensureCertificates } from './private-certificates.ts'

/** New addresses of this machine and the end of a certificate's life: neither is in a hurry. */
const PRIVATE_CHECK_MS = 12 * 3600 * 1000
/** A tool that renews a certificate expects it to be in use "at once"; looking costs two stats. */
const OWN_CHECK_MS = 10_000
/** Time for a person to act on a certificate that nobody renews. */
const EXPIRY_WARNING_MS = 21 * 24 * 3600 * 1000
const EXPIRY_REMINDER_MS = 24 * 3600 * 1000

/** Where the server's certificate comes from, now and later. */
export interface CertificateSource {
  /** The one in use. */
  current(): ServerCertificate
  /** The CA that devices must be given; undefined for an own certificate. */
  readonly caPath?: string
  readonly caFingerprint?: string
  /** Looks for a newer certificate until the returned function is called; a bad one is logged and the old one stays. */
  watch(apply: (pair: TlsPair) => void): () => void
}

interface SourceNeeds {
  readonly clock: Clock
  readonly log: Log
}

/** The private CA's certificate for this machine, made on first start. Throws CertificateError for a damaged CA. */
export async function openPrivateCertificate(
  options: SourceNeeds & {
    readonly directory: string
    readonly publicHosts: readonly string[]
    readonly checkMs?: number
  },
): Promise<CertificateSource> {
  const ensure = () =>
    ensureCertificates({
      directory: options.directory,
      names: machineNames(options.publicHosts),
      nowMs: options.clock.wallMs(),
    })
  const first = await ensure()
  logInUse(options.log, first, first.issued)
  const source = sourceOf(options, options.checkMs ?? PRIVATE_CHECK_MS, first, ensure)
  return { ...source, caPath: first.caPath, caFingerprint: first.caFingerprint }
}

/** The operator's own certificate. Throws CertificateError when a file is missing, unreadable or does not fit. */
export async function openOwnCertificate(
  options: SourceNeeds & { readonly certPath: string; readonly keyPath: string; readonly checkMs?: number },
): Promise<CertificateSource> {
  const paths = { cert: options.certPath, key: options.keyPath }
  const version = async () => `${await fileVersion(paths.cert)} ${await fileVersion(paths.key)}`
  const read = async () => checkPair({ cert: await readNeeded(paths.cert), key: await readNeeded(paths.key) }, paths)
  let seen = await version()
  const first = await read()
  logInUse(options.log, first, 'configured')
  return sourceOf(options, options.checkMs ?? OWN_CHECK_MS, first, async () => {
    const now = await version()
    if (now === seen) return undefined
    seen = now // also for garbage: it is reported once, and looked at again when it changes
    return read()
  })
}

function sourceOf(
  { clock, log }: SourceNeeds,
  checkMs: number,
  first: ServerCertificate,
  findNewer: () => Promise<ServerCertificate | undefined>,
): CertificateSource {
  let inUse = first
  const look = async (apply: (pair: TlsPair) => void) => {
    const newer = await findNewer()
    if (newer === undefined || (newer.cert === inUse.cert && newer.key === inUse.key)) return
    apply(newer)
    inUse = newer
    logInUse(log, newer, 'changed')
  }
  const watch = (apply: (pair: TlsPair) => void) => {
    const remind = expiryReminder(clock, log)
    let cancel = () => {}
    let stopped = false
    const round = () => {
      look(apply)
        .catch((error: unknown) => log.error({ error }, 'the new certificate is not usable; the old one stays in use'))
        .then(() => {
          remind(inUse)
          if (!stopped) cancel = clock.after(checkMs, round)
        })
        .catch((error: unknown) => log.error({ error }, 'certificates are no longer watched'))
    }
    remind(inUse)
    cancel = clock.after(checkMs, round)
    return () => {
      stopped = true
      cancel()
    }
  }
  return { current: () => inUse, watch }
}

/** Warns once a day from three weeks before the end. */
function expiryReminder(clock: Clock, log: Log): (certificate: ServerCertificate) => void {
  let nextMs = Number.NEGATIVE_INFINITY
  return (certificate) => {
    const leftMs = certificate.notAfterMs - clock.wallMs()
    if (leftMs > EXPIRY_WARNING_MS || clock.monotonicMs() < nextMs) return
    nextMs = clock.monotonicMs() + EXPIRY_REMINDER_MS
    log.warn({ ...facts(certificate), days_left: Math.floor(leftMs / 86_400_000) }, 'the server certificate ends soon')
  }
}

function logInUse(log: Log, certificate: ServerCertificate, cause: string | undefined): void {
  log.info({ ...facts(certificate), cause }, 'server certificate in use')
}

function facts(certificate: ServerCertificate): object {
  return {
    fingerprint: certificate.fingerprint,
    not_after: new Date(certificate.notAfterMs).toISOString(),
    names: certificate.names,
  }
}
