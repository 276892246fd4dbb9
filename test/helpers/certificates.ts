import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ensureCertificates, type PrivateCertificates } from '../../gateway/adapters/tls/private-certificates.ts'

/** An empty folder that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A CA of its own and a server certificate for localhost and both loopback addresses. */
export async function testCertificates(names = ['localhost', '127.0.0.1', '::1']): Promise<PrivateCertificates> {
  return ensureCertificates({ directory: join(await temporaryDirectory(), 'tls'), names })
}
