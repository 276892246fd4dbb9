import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { OutgoingHttpHeaders } from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { createLog } from '../../gateway/adapters/log.ts'
import { loadConfig } from '../../gateway/config.ts'
import { type RunningGateway, startGateway } from '../../gateway/gateway.ts'
import { SimulatedDevice } from '../../simulator/device.ts'
import type { DeviceOptions } from '../../simulator/device-options.ts'
import { documentOf, type PlainAnswer } from './openapi-document.ts'

export interface Answer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what the answer is
  readonly body: any
}

/** A real gateway in this process: real TLS, SQLite and sockets on ports of the system's choice. */
export class TestGateway {
  readonly gateway: RunningGateway
  readonly ca: string
  readonly dataDir: string
  /** What it logged, a line each. */
  readonly logLines: readonly string[]
  readonly #key: string

  constructor(gateway: RunningGateway, facts: { ca: string; dataDir: string; logLines: string[]; key: string }) {
    this.gateway = gateway
    this.ca = facts.ca
    this.dataDir = facts.dataDir
    this.logLines = facts.logLines
    this.#key = facts.key
  }

  get port(): number {
    return this.gateway.address.port
  }
  get mqttUrl(): string {
    return this.gateway.address.mqtt_url
  }
  get deviceUrl(): string {
    return `wss://127.0.0.1:${this.port}`
  }

  /** One REST call with the admin key, unless `key` says another; '' is none. Rejects when the answer is not as documented. */
  async api(
    method: string,
    path: string,
    body?: unknown,
    key: string | undefined = this.#key,
    others: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...others,
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    }
    const target = path.startsWith('/') ? path : `/api/v1/${path}`
    const document = await documentOf(async () => JSON.parse((await this.#ask('GET', DOCUMENT)).text))
    const answer = await this.#ask(method, target, headers, text)
    document.expectAnswer(method, target, answer)
    const isJson = answer.contentType.includes('json') && answer.text !== ''
    return { ...answer, body: isJson ? JSON.parse(answer.text) : answer.text }
  }

  #ask(method: string, target: string, headers: OutgoingHttpHeaders = {}, body?: string) {
    const url = `https://127.0.0.1:${this.port}${target}`
    const answered = Promise.withResolvers<PlainAnswer & Pick<Answer, 'headers'>>()
    const request = https.request(url, { method, headers, ca: this.ca, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        const contentType = headers['content-type'] ?? ''
        answered.resolve({ status, headers, contentType, text: Buffer.concat(chunks).toString() })
      })
    })
    request.on('error', answered.reject)
    request.end(body)
    return answered.promise
  }

  /** Registers a device and returns its first token. */
  async enrol(id?: string): Promise<{ id: string; token: string; tokenId: string }> {
    const { status, body } = await this.api('POST', 'devices', id === undefined ? {} : { id })
    if (status !== 201) throw new Error(`device not created: ${status} ${JSON.stringify(body)}`)
    return { id: body.id, token: body.token, tokenId: body.token_id }
  }

  /** A simulated device with this token, not started; stopped with the test. */
  device(token: string, options: Partial<DeviceOptions> = {}): SimulatedDevice {
    const device = new SimulatedDevice({ url: this.deviceUrl, ca: this.ca, token, ...options })
    onTestFinished(() => device.kill())
    return device
  }

  /** A device that is enrolled, connected and welcomed. */
  async readyDevice(id?: string, options: Partial<DeviceOptions> = {}) {
    const enrolled = await this.enrol(id)
    const device = this.device(enrolled.token, options)
    device.start()
    await device.ready
    return { ...enrolled, device }
  }
}

export interface StartOptions {
  /** FAIRLEAD_* variables over those of every test. */
  readonly env?: Readonly<Record<string, string>>
  /** Kept for a later gateway; removed with the test. */
  readonly dataDir?: string
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

const DOCUMENT = '/api/v1/openapi.json'
const KEY = `flk_${'k'.repeat(43)}`

/** Starts a gateway that is stopped when the test ends. */
export async function startTestGateway(options: StartOptions = {}): Promise<TestGateway> {
  const gateway = await openTestGateway(options.dataDir ?? (await temporaryDirectory()), options.env)
  onTestFinished(() => gateway.gateway.stop())
  return gateway
}

/** One gateway for all tests of a file: for tables of many small cases that leave nothing behind. */
export function shareTestGateway(env: StartOptions['env']): () => TestGateway {
  let directory = ''
  let shared: TestGateway | undefined
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fairlead-test-'))
    shared = await openTestGateway(directory, env)
  })
  afterAll(async () => {
    await shared?.gateway.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return () => {
    if (shared === undefined) throw new Error('the gateway is started before the first test, not before')
    return shared
  }
}

/** Whoever calls it stops it. */
async function openTestGateway(dataDir: string, env: StartOptions['env'] = {}): Promise<TestGateway> {
  const logLines: string[] = []
  const log = createLog({ level: 'debug', pretty: false, destination: { write: (line) => void logLines.push(line) } })
  const broker = env.FAIRLEAD_MQTT_URL === undefined ? { FAIRLEAD_BROKER_PORT: '0' } : {}
  const config = loadConfig({
    FAIRLEAD_DATA_DIR: dataDir,
    FAIRLEAD_HOST: '127.0.0.1',
    FAIRLEAD_PORT: '0',
    FAIRLEAD_NODE_ID: 'node-1',
    FAIRLEAD_ADMIN_KEY: KEY,
    FAIRLEAD_DRAIN_S: '0',
    ...broker,
    ...env,
  })
  const gateway = await startGateway(config, log)
  const ca = await readFile(join(dataDir, 'tls', 'ca.pem'), 'utf8').catch(() => '') // none with FAIRLEAD_TLS=off
  return new TestGateway(gateway, { ca, dataDir, logLines, key: KEY })
}
