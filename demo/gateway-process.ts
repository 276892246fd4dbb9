import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Address, readAddress } from '../gateway/run-file.ts'
import { startScript } from '../gateway/start-script.ts'

const START_MAX_MS = 30_000
const LOOK_EVERY_MS = 20

/** Of a gateway with its own CA. */
export interface GatewayAddress extends Address {
  readonly ca: string
}

/** The gateway as its own process, as `npm start` runs it. */
export class GatewayProcess {
  readonly address: GatewayAddress
  readonly logFile: string
  readonly #child: ChildProcess

  constructor(child: ChildProcess, address: GatewayAddress, logFile: string) {
    this.#child = child
    this.address = address
    this.logFile = logFile
  }

  /** Resolves with the exit code after an orderly stop. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
    return this.#child.exitCode
  }

  /** Calls back when it ends by itself. */
  onExit(callback: (code: number | null) => void): void {
    this.#child.on('exit', callback)
  }
}

/**
 * Starts a gateway with a data directory of its own, on the usual ports where they are free. What an earlier one left there is
 * removed. Throws when that one still runs.
 */
export async function startGatewayProcess(dataDir: string, adminKey: string): Promise<GatewayProcess> {
  const other = await readAddress(dataDir)
  if (other !== undefined && isRunning(other.pid) && !(await isFree(other.port))) {
    const { pid, url } = other
    throw new Error(`another demo runs here: ${url} (process ${pid}); stop it first, with Ctrl+C or "kill ${pid}"`)
  }
  await rm(dataDir, { recursive: true, force: true })
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const logFile = join(dataDir, 'gateway.log')
  const env = {
    ...withoutSettings(process.env),
    FAIRLEAD_DATA_DIR: dataDir,
    FAIRLEAD_ADMIN_KEY: adminKey,
    FAIRLEAD_NODE_ID: 'demo',
    FAIRLEAD_PORT: await freePort(8443),
    FAIRLEAD_BROKER_PORT: await freePort(1883),
  }
  const { flags, entry } = startScript()
  // Its own group: Ctrl+C reaches the demo alone, which then stops the devices first.
  const child = spawn(process.execPath, [...flags, entry], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(logFile, { mode: 0o600 })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  process.on('exit', () => child.kill('SIGKILL'))
  return new GatewayProcess(child, await untilReady(child, dataDir, logFile), logFile)
}

async function untilReady(child: ChildProcess, dataDir: string, logFile: string): Promise<GatewayAddress> {
  const deadline = performance.now() + START_MAX_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null) {
      throw new Error(`the gateway ended with code ${child.exitCode}:\n${await readFile(logFile, 'utf8')}`)
    }
    const address = await readAddress(dataDir)
    if (address?.ca !== undefined) return { ...address, ca: address.ca }
    await delay(LOOK_EVERY_MS)
  }
  throw new Error(`the gateway was not ready in ${START_MAX_MS / 1000} s; its log is ${logFile}`)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0) // sends nothing, only looks
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Settings of another gateway in the same shell are not meant for this one. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('FAIRLEAD_')))
}

/** The port as text if nobody has it, else 0: the system chooses. */
async function freePort(port: number): Promise<string> {
  return (await isFree(port)) ? String(port) : '0'
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, () => resolve(true))
  })
  if (free) await new Promise((resolve) => server.close(resolve))
  return free
}
