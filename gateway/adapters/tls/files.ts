import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { CertificateError } from './pair.ts'

/** Owner only: who reads a private key is the gateway, and who reads the CA key is every gateway to every device. */
const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
  await chmod(path, DIRECTORY_MODE) // mkdir leaves one that existed as it was
}

/** The whole text is there or the old one still is, also after a power cut. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(draft, 'wx', FILE_MODE)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** The text, or undefined when there is no such file. Any other failure is a CertificateError that names it. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'ENOENT') return undefined
    throw new CertificateError(`${path} cannot be read: ${code}`, { cause })
  }
}

/** The text; CertificateError when there is none. */
export async function readNeeded(path: string): Promise<string> {
  const text = await readIfThere(path)
  if (text === undefined) throw new CertificateError(`${path} does not exist`)
  return text
}

/** Changes whenever the file behind the path does, also when a symbolic link is turned to another one. */
export async function fileVersion(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs}:${size}:${ino}`
  } catch (error) {
    return codeOf(error)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
