import { X509Certificate } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLog } from '../../gateway/adapters/log.ts'
import { systemClock } from '../../gateway/adapters/system-clock.ts'
import { openOwnCertificate, openPrivateCertificate } from '../../gateway/adapters/tls/certificate-source.ts'
import { machineNames } from '../../gateway/adapters/tls/names.ts'
import { CertificateError, type TlsPair } from '../../gateway/adapters/tls/pair.ts'
import { ensureCertificates } from '../../gateway/adapters/tls/private-certificates.ts'
import { temporaryDirectory, testCertificates } from '../helpers/certificates.ts'

const DAY_MS = 24 * 3600 * 1000
const NAMES = ['localhost', 'gateway.example', '127.0.0.1', 'fd00::7']

async function place(): Promise<string> {
  return join(await temporaryDirectory(), 'tls')
}

function recordedLog() {
  const lines: string[] = []
  const log = createLog({ level: 'info', pretty: false, destination: { write: (line) => void lines.push(line) } })
  return { log, lines }
}

describe('private certificates', () => {
  test('are made on first start: a P-256 CA for decades and a server certificate for at most 397 days', async () => {
    const made = await ensureCertificates({ directory: await place(), names: NAMES })
    const ca = new X509Certificate(made.caPem)
    const server = new X509Certificate(made.cert)
    expect(made.issued).toBe('there was none')
    expect(ca.ca).toBe(true)
    expect(ca.subject).toMatch(/^CN=Fairlead private CA [0-9a-f]{8}$/)
    expect(ca.validToDate.getTime() - Date.now()).toBeGreaterThan(20 * 365 * DAY_MS)
    expect(ca.verify(ca.publicKey)).toBe(true)
    expect(server.ca).toBe(false)
    expect(server.verify(ca.publicKey)).toBe(true)
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']) // TLS server, nothing else
    expect(server.validToDate.getTime() - server.validFromDate.getTime()).toBeLessThanOrEqual(397 * DAY_MS)
    expect(server.validToDate.getTime()).toBe(made.notAfterMs)
    for (const { publicKey } of [ca, server]) {
      expect(publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
    }
  })

  test('name each address as an address and as a DNS name', async () => {
    const { cert, names } = await ensureCertificates({ directory: await place(), names: NAMES })
    const server = new X509Certificate(cert)
    const entries = server.subjectAltName?.split(', ')
    expect(entries).toEqual(expect.arrayContaining(NAMES.map((name) => `DNS:${name}`)))
    expect(entries).toContain('IP Address:127.0.0.1')
    expect(server.checkIP('fd00::7')).toBeDefined()
    expect(server.checkHost('gateway.example')).toBeDefined()
    expect(names).toEqual(NAMES)
  })

  test('are readable by the owner only and leave no drafts behind', async () => {
    const directory = await place()
    await ensureCertificates({ directory, names: NAMES })
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    const files = (await readdir(directory)).sort()
    expect(files).toEqual(['ca-key.pem', 'ca.pem', 'server-key.pem', 'server.pem'])
    for (const file of files) expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600)
  })

  test('stay as they are at the next start', async () => {
    const directory = await place()
    const first = await ensureCertificates({ directory, names: NAMES })
    const second = await ensureCertificates({ directory, names: NAMES.slice(1) })
    expect(second).toEqual({ ...first, issued: undefined })
  })

  test('are issued again by the same CA when a name is missing', async () => {
    const directory = await place()
    const first = await ensureCertificates({ directory, names: ['localhost'] })
    const second = await ensureCertificates({ directory, names: ['localhost', '10.1.2.3'] })
    expect(second.issued).toBe('it did not name 10.1.2.3')
    expect(second.caPem).toBe(first.caPem)
    expect(second.fingerprint).not.toBe(first.fingerprint)
    expect(second.key).not.toBe(first.key)
  })

  test('are issued again after two thirds of their life, and not before', async () => {
    const directory = await place()
    await ensureCertificates({ directory, names: NAMES })
    const early = await ensureCertificates({ directory, names: NAMES, nowMs: Date.now() + 260 * DAY_MS })
    expect(early.issued).toBeUndefined()
    const late = await ensureCertificates({ directory, names: NAMES, nowMs: Date.now() + 265 * DAY_MS })
    expect(late.issued).toBe('two thirds of its life were over')
  })

  test('are good also when the clock of the first start stood at 1970', async () => {
    const directory = await place()
    const made = await ensureCertificates({ directory, names: NAMES, nowMs: 0 })
    expect(new X509Certificate(made.caPem).validToDate.getUTCFullYear()).toBeGreaterThan(2050)
    expect((await ensureCertificates({ directory, names: NAMES, nowMs: 60_000 })).issued).toBeUndefined()
  })

  test.each(['server.pem', 'server-key.pem'])(
    'are issued again when %s is garbage, missing or foreign',
    async (file) => {
      const directory = await place()
      await ensureCertificates({ directory, names: NAMES })
      const foreign = await testCertificates(NAMES)
      await writeFile(join(directory, file), 'garbage')
      expect((await ensureCertificates({ directory, names: NAMES })).issued).toMatch(/no readable/)
      await rm(join(directory, file))
      expect((await ensureCertificates({ directory, names: NAMES })).issued).toBe('there was none')
      await writeFile(join(directory, file), file === 'server.pem' ? foreign.cert : foreign.key)
      expect((await ensureCertificates({ directory, names: NAMES })).issued).toMatch(/is not the key of/)
      expect((await ensureCertificates({ directory, names: NAMES })).issued).toBeUndefined()
    },
  )

  test('are issued again when another CA had signed them', async () => {
    const directory = await place()
    await ensureCertificates({ directory, names: NAMES })
    const foreign = await testCertificates(NAMES)
    await writeFile(join(directory, 'server.pem'), foreign.cert)
    await writeFile(join(directory, 'server-key.pem'), foreign.key)
    expect((await ensureCertificates({ directory, names: NAMES })).issued).toBe('another CA had signed it')
  })

  test.each(['ca.pem', 'ca-key.pem'])(
    'are never replaced silently when %s is damaged, missing or foreign',
    async (file) => {
      const directory = await place()
      const first = await ensureCertificates({ directory, names: NAMES })
      const foreign = await testCertificates(NAMES)
      const good = await readFile(join(directory, file), 'utf8')
      const expectRefusal = async () => {
        const refusal = ensureCertificates({ directory, names: NAMES })
        await expect(refusal).rejects.toThrow(CertificateError)
        await expect(refusal).rejects.toThrow(join(directory, file))
      }
      await writeFile(join(directory, file), good.slice(0, 100))
      await expectRefusal()
      await rm(join(directory, file))
      await expectRefusal()
      await writeFile(join(directory, file), file === 'ca.pem' ? foreign.caPem : foreign.key)
      await expectRefusal()
      await writeFile(join(directory, file), good)
      expect((await ensureCertificates({ directory, names: NAMES })).fingerprint).toBe(first.fingerprint)
    },
  )

  test('are made anew when a crash left only the key of a CA that nobody knows', async () => {
    const directory = await place()
    await ensureCertificates({ directory, names: NAMES })
    for (const file of ['ca.pem', 'server.pem', 'server-key.pem']) await rm(join(directory, file))
    expect((await ensureCertificates({ directory, names: NAMES })).issued).toBe('there was none')
  })

  test('are watched: a name that came later is in the next certificate', async () => {
    const directory = await place()
    const publicHosts = ['gateway.example']
    const source = await openPrivateCertificate({
      ...recordedLog(),
      directory,
      publicHosts,
      clock: systemClock,
      checkMs: 20,
    })
    const applied: TlsPair[] = []
    const stop = source.watch((pair) => applied.push(pair))
    publicHosts.push('second.example')
    await expect.poll(() => applied.length).toBe(1)
    stop()
    expect(new X509Certificate(applied[0]?.cert ?? '').checkHost('second.example')).toBeDefined()
    await expect.poll(() => source.current().names).toContain('second.example')
    expect(source.caPath).toBe(join(directory, 'ca.pem'))
  })
})

describe('names of the machine', () => {
  test('start with the public ones and hold localhost, the host and both loopback addresses, each once', () => {
    const names = machineNames(['IoT.example.org', 'FD00:0::1', 'localhost'])
    expect(names.slice(0, 3)).toEqual(['iot.example.org', 'fd00::1', 'localhost'])
    expect(names).toEqual(expect.arrayContaining([hostname().toLowerCase(), '127.0.0.1', '::1']))
    expect(new Set(names).size).toBe(names.length)
  })

  test('are bounded; those of the machine lose', () => {
    const names = machineNames(Array.from({ length: 100 }, (_, i) => `h${i}.example`))
    expect(names).toHaveLength(64)
    expect(names).not.toContain('localhost')
  })
})

describe('an own certificate', () => {
  async function ownFiles() {
    const directory = await temporaryDirectory()
    const paths = { certPath: join(directory, 'cert.pem'), keyPath: join(directory, 'key.pem') }
    const store = async (pair: TlsPair) => {
      await writeFile(`${paths.keyPath}.new`, pair.key)
      await rename(`${paths.keyPath}.new`, paths.keyPath)
      await writeFile(`${paths.certPath}.new`, pair.cert)
      await rename(`${paths.certPath}.new`, paths.certPath)
    }
    return { paths, store }
  }

  test('that is missing, garbage or does not fit its key refuses the start and names the file', async () => {
    const { paths, store } = await ownFiles()
    const open = () => openOwnCertificate({ ...paths, ...recordedLog(), clock: systemClock })
    const [one, other] = [await testCertificates(), await testCertificates()]
    await expect(open()).rejects.toThrow(`${paths.certPath} does not exist`)
    await store({ cert: one.cert, key: 'garbage' })
    await expect(open()).rejects.toThrow(`${paths.keyPath} holds no readable private key`)
    await store({ cert: 'garbage', key: one.key })
    await expect(open()).rejects.toThrow(`${paths.certPath} holds no readable certificate`)
    await store({ cert: one.cert, key: other.key })
    await expect(open()).rejects.toThrow(`${paths.keyPath} is not the key of the certificate in ${paths.certPath}`)
    await store({ cert: `${one.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, key: one.key })
    await expect(open()).rejects.toThrow(CertificateError)
  })

  test('is taken over when its files change; garbage is reported once and the old one stays', async () => {
    const { paths, store } = await ownFiles()
    const [one, other] = [await testCertificates(), await testCertificates()]
    const { log, lines } = recordedLog()
    await store(one)
    const source = await openOwnCertificate({ ...paths, log, clock: systemClock, checkMs: 20 })
    const applied: TlsPair[] = []
    const stop = source.watch((pair) => applied.push(pair))
    const complaints = () => lines.filter((line) => line.includes('the old one stays in use'))

    await store({ cert: 'garbage', key: one.key })
    await expect.poll(() => complaints().length).toBe(1)
    expect(complaints().join('')).toContain(paths.certPath)
    expect(applied).toEqual([])
    expect(source.current().fingerprint).toBe(one.fingerprint)

    await store(other)
    await expect.poll(() => source.current().fingerprint).toBe(other.fingerprint)
    stop()
    expect(applied.at(-1)?.key).toBe(other.key)
  })

  test('that ends within three weeks is warned about', async () => {
    const { paths, store } = await ownFiles()
    const { log, lines } = recordedLog()
    const endsSoon = await testCertificates()
    await store(endsSoon)
    const clock = { ...systemClock, wallMs: () => endsSoon.notAfterMs - 20 * DAY_MS }
    const source = await openOwnCertificate({ ...paths, log, clock })
    source.watch(() => {})()
    const warning = lines.map((line) => JSON.parse(line)).find(({ level }) => level === 'warn')
    expect(warning).toMatchObject({ days_left: 20, fingerprint: endsSoon.fingerprint })
  })
})
