import { mkdtemp, readFile, rm } from 'node:fs/promises'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GatewayProcess, launchGateway } from '../../helpers/launch-gateway.ts'
import { steadyPort } from '../../helpers/steady-port.ts'
import type { Cleanup } from './cleanup.ts'
import { cpuMs, patient } from './machine.ts'
import { sleep } from './wait.ts'

/** Generous: a slow machine with other cases beside this one. What it took is printed. */
const START_MAX_MS = 60_000
const REQUEST_MAX_MS = 10_000
const LOG_KEPT_CHARS = 64 * 1024

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a case says by what it reads what the answer is
  readonly body: any
}

interface Address {
  readonly pid: number
  readonly port: number
  readonly ca: string
  readonly mqtt_url: string
}

/** The real gateway as a process that is killed, frozen and started again on the same port with the same data. */
export class GatewayUnderTest {
  readonly key = `flk_${'c'.repeat(43)}`
  readonly dataDir: string
  /** How long each start took, from the spawn to `/readyz` 200. */
  readonly readyMs: number[] = []
  /** The processor time of each start. */
  readonly readyCpuMs: number[] = []
  /** Exits that nobody asked for, with the last words. */
  readonly falls: string[] = []
  readonly #env: Readonly<Record<string, string>>
  readonly #agent = new https.Agent({ keepAlive: true, maxSockets: 8 })
  #process: GatewayProcess | undefined
  #killed = new WeakSet<GatewayProcess>()
  #address: Address | undefined
  #ca = ''

  constructor(dataDir: string, env: Readonly<Record<string, string>>) {
    this.dataDir = dataDir
    this.#env = env
  }

  get port(): number {
    return this.#address?.port ?? 0
  }
  get ca(): string {
    return this.#ca
  }
  get deviceUrl(): string {
    return `wss://127.0.0.1:${this.port}`
  }
  get mqttUrl(): string {
    return this.#address?.mqtt_url ?? ''
  }
  get pid(): number {
    return this.#process?.child.pid ?? 0
  }
  /** Its latest log lines. */
  get log(): string {
    return this.#process?.stdout() ?? ''
  }

  /** Spawns it; resolves at once. */
  launch(): void {
    const process = launchGateway(
      {
        FAIRLEAD_DATA_DIR: this.dataDir,
        FAIRLEAD_HOST: '127.0.0.1',
        FAIRLEAD_NODE_ID: 'node-1',
        FAIRLEAD_ADMIN_KEY: this.key,
        FAIRLEAD_DRAIN_S: '0',
        FAIRLEAD_CONNECTS_PER_MINUTE: '10000', // a device that is cut off twenty times a minute is no clone here
        ...this.#env,
      },
      LOG_KEPT_CHARS,
    )
    this.#process = process
    process.exited
      .then((end) => {
        if (this.#killed.has(process)) return
        const words = `${process.stderr()} ${process.stdout()}`.trim().slice(-500)
        this.falls.push(`ended with ${end}: ${words}`)
      })
      .catch((error: unknown) => this.falls.push(String(error)))
  }

  /** Resolves when `/readyz` says 200; rejects when the process falls or takes too long. */
  async ready(): Promise<void> {
    const startedMs = performance.now()
    while (!(await this.#isReady())) {
      if (this.falls.length > 0) throw new Error(`the gateway fell: ${this.falls.at(-1)}`)
      if (performance.now() - startedMs > patient(START_MAX_MS)) throw new Error(`not ready: ${this.log.slice(-1000)}`)
      await sleep(20)
    }
    this.readyMs.push(performance.now() - startedMs)
    this.readyCpuMs.push(await cpuMs(this.pid))
  }

  async start(): Promise<void> {
    this.launch()
    await this.ready()
  }

  /** Of the present process, once it listens. */
  async #ownAddress(): Promise<Address | undefined> {
    const text = await readFile(join(this.dataDir, 'run.json'), 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    const address = JSON.parse(text) as Address
    return address.pid === this.pid ? address : undefined
  }

  async #isReady(): Promise<boolean> {
    const address = await this.#ownAddress()
    if (address === undefined) return false
    this.#address = address
    this.#ca = await readFile(address.ca, 'utf8')
    const answer = await this.api('GET', '/readyz').catch(() => undefined)
    return answer?.status === 200
  }

  /** `kill -9`. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM. Resolves when it is gone; a process that listened already must end with 0. */
  async stop(): Promise<void> {
    const listened = (await this.#ownAddress()) !== undefined
    const end = await this.#end('SIGTERM')
    if (listened && end !== 0) this.falls.push(`SIGTERM ended with ${end}: ${this.log.slice(-500)}`)
  }

  async #end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    const process = this.#process
    if (process === undefined) return null
    this.#killed.add(process)
    process.child.kill('SIGCONT')
    process.child.kill(signal)
    return await process.exited
  }

  freeze(): void {
    this.#process?.child.kill('SIGSTOP')
  }
  thaw(): void {
    this.#process?.child.kill('SIGCONT')
  }

  /** Resident memory of the process (VmRSS); 0 while there is none. */
  async rssBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8').catch(() => '')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  }

  /** One REST call with the admin key. Rejects when the connection fails. */
  api(method: string, path: string, body?: unknown): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers: Record<string, string | number> = { authorization: `Bearer ${this.key}` }
    if (text !== undefined) headers['content-type'] = 'application/json'
    if (text !== undefined) headers['content-length'] = Buffer.byteLength(text)
    const url = `https://127.0.0.1:${this.port}${path.startsWith('/') ? path : `/api/v1/${path}`}`
    const signal = AbortSignal.timeout(REQUEST_MAX_MS)
    return new Promise((resolve, reject) => {
      const options = { method, headers, ca: this.#ca, agent: this.#agent, signal }
      const request = https.request(url, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString()
          const isJson = String(response.headers['content-type']).includes('json') && answer !== ''
          resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(answer) : answer })
        })
      })
      request.on('error', reject)
      request.end(text)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Started and ready; ended, and its data removed, with the case. */
export async function startGatewayUnderTest(
  cleanup: Cleanup,
  env: Readonly<Record<string, string>> = {},
): Promise<GatewayUnderTest> {
  const dataDir = await mkdtemp(join(tmpdir(), 'fairlead-chaos-'))
  cleanup.add(() => rm(dataDir, { recursive: true, force: true }))
  const broker: Record<string, string> = env.FAIRLEAD_MQTT_URL
    ? {}
    : { FAIRLEAD_BROKER_PORT: String(await steadyPort()) }
  const gateway = new GatewayUnderTest(dataDir, { FAIRLEAD_PORT: String(await steadyPort()), ...broker, ...env })
  cleanup.add(async () => {
    await gateway.kill()
    gateway.close()
  })
  await gateway.start()
  return gateway
}
