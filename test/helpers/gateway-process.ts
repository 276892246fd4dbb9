import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'

const ENTRY = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url))

export interface GatewayProcess {
  readonly child: ChildProcess
  /** What it has written so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>
}

/** `npm start` without npm: the gateway as a process of its own, killed with the test. */
export function spawnGateway(env: Readonly<Record<string, string>>): GatewayProcess {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('FAIRLEAD_'))
  const child = spawn(process.execPath, [ENTRY], {
    env: { ...Object.fromEntries(others), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const exited = once(child, 'close').then(([code, signal]) => code ?? signal)
  return { child, stdout: () => stdout, stderr: () => stderr, exited }
}

/** The content of run.json once the process has written it. */
export async function addressOf(gateway: GatewayProcess, dataDir: string) {
  const read = async () => JSON.parse(await readFile(join(dataDir, 'run.json'), 'utf8')) as { pid: number }
  const own = async () => (await read().catch(() => undefined))?.pid
  await expect.poll(own, { timeout: 15_000, message: gateway.stderr() }).toBe(gateway.child.pid)
  return JSON.parse(await readFile(join(dataDir, 'run.json'), 'utf8')) as {
    port: number
    url: string
    ca: string
    mqtt_url: string
  }
}
