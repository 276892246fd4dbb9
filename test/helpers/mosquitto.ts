import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe } from 'vitest'
import { steadyPort } from './steady-port.ts'

const START_TIMEOUT_MS = 20_000
const ASK_TO_END_EVERY_MS = 200

// Mosquitto throws away what waits for one subscriber beyond 1,000 messages, unless told otherwise. A test that counts
// arrivals on a busy machine would count that, so it gets what deploy/mosquitto gives its users.
const QUEUED_MESSAGES = 100_000

const binary = ['/usr/sbin', '/usr/local/sbin', ...(process.env.PATH ?? '').split(delimiter)]
  .filter((folder) => folder !== '')
  .map((folder) => join(folder, 'mosquitto'))
  .find((path) => existsSync(path))

export const mosquittoInstalled = binary !== undefined

/** Like `describe`; says so when Mosquitto is missing, and fails in CI, where nothing may be skipped. */
export function describeWithMosquitto(name: string, body: () => void): void {
  if (!mosquittoInstalled && process.env.CI === 'true')
    throw new Error(`Mosquitto is not installed: "${name}" cannot run`)
  if (!mosquittoInstalled) process.stderr.write(`\nSKIPPED: Mosquitto is not installed: "${name}"\n`)
  describe.skipIf(!mosquittoInstalled)(name, body)
}

export interface Mosquitto {
  readonly port: number
  readonly url: string
  readonly pid: number
  /** Where its files are; gone after `remove`. */
  readonly folder: string
  /** Freezes the process without closing its sockets, and lets it go on. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
  /** Starts it again on the same port with the same files. */
  restart(): Promise<void>
  /** Replaces one of `files` and makes Mosquitto read it (SIGHUP). */
  change(name: string, text: string): Promise<void>
  /** Stops it and deletes its folder. */
  remove(): Promise<void>
}

export interface MosquittoOptions {
  /** Lines of mosquitto.conf; `{folder}` stands for the folder of `files`. */
  readonly config?: string
  /** Written into the folder, by name. */
  readonly files?: Readonly<Record<string, string>>
}

/** A real Mosquitto on a free port of 127.0.0.1. Resolves when it listens. */
export async function startMosquitto({
  config = 'allow_anonymous true',
  files = {},
}: MosquittoOptions = {}): Promise<Mosquitto> {
  if (binary === undefined) throw new Error('Mosquitto is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-mosquitto-'))
  const port = await steadyPort()
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
  const user = process.getuid?.() === 0 ? 'user root\n' : ''
  const settings = `listener ${port} 127.0.0.1\nmax_queued_messages ${QUEUED_MESSAGES}\n${user}${config.replaceAll('{folder}', folder)}\n`
  await writeFile(join(folder, 'mosquitto.conf'), settings)
  let child = await launch(binary, folder, port)
  const path = binary
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    folder,
    get pid() {
      return child.pid ?? 0
    },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    stop: () => end(child),
    restart: async () => {
      await end(child)
      child = await launch(path, folder, port)
    },
    change: async (name, text) => {
      await writeFile(join(folder, name), text, { mode: 0o600 })
      child.kill('SIGHUP')
    },
    remove: async () => {
      await end(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves when it says itself that it listens: whoever answers on the port could be somebody else. */
async function launch(path: string, folder: string, port: number): Promise<ChildProcess> {
  const child = spawn(path, ['-c', join(folder, 'mosquitto.conf')], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  let timer: NodeJS.Timeout | undefined
  const listens = await new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, START_TIMEOUT_MS, false)
    child.once('close', () => resolve(false))
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4096)
      if (/ running$/m.test(said)) resolve(true)
    })
  })
  clearTimeout(timer)
  if (listens) return child
  await end(child)
  throw new Error(`Mosquitto does not listen on ${port}: ${said}`)
}

/** Asks until it goes: one that has just said "running" forgets a SIGTERM that comes before its loop begins. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  const asking = setInterval(() => child.kill('SIGTERM'), ASK_TO_END_EVERY_MS)
  await gone
  clearInterval(asking)
}
