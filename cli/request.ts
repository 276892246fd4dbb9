import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RefusedError, UnreachableError, UsageError } from './failures.ts'
import { type Connection, readRunFile } from './settings.ts'

/** A gateway that says nothing for this long is not there. Waiting for a command's result comes on top. */
const SILENCE_MAX_MS = 15_000
/** The largest page the API gives is far below; more is not a Fairlead gateway. */
const ANSWER_MAX_BYTES = 32 * 1024 * 1024

export interface Ask {
  readonly method: string
  /** Below the gateway's URL, with its leading slash. */
  readonly path: string
  readonly body?: object
  /** A body that is no JSON. */
  readonly text?: { readonly type: string; readonly content: string }
  /** The same request with it is carried out once. */
  readonly idempotencyKey?: string
  /** How long the gateway was asked to hold the answer back. */
  readonly extraWaitMs?: number
  /** No key is sent or needed. */
  readonly open?: boolean
  /** Statuses besides 2xx that are an answer and no refusal. */
  readonly alsoFine?: readonly number[]
}

export interface Answer {
  readonly status: number
  /** Undefined for an answer without a body. */
  readonly body: unknown
}

/** One request. Rejects with RefusedError for an error of the API, UnreachableError when no gateway answers. */
export async function askGateway(connection: Connection, ask: Ask): Promise<Answer> {
  if (!ask.open) checkKey(connection)
  const { status, text } = await whole(connection, await send(connection, ask))
  const body = text === '' ? undefined : parse(text, connection)
  if ((status >= 200 && status < 300) || ask.alsoFine?.includes(status)) return { status, body }
  throw refusal(status, body, connection)
}

/** The same for an answer that may be of any length: it is written as it comes. */
export async function copyFromGateway(connection: Connection, ask: Ask, output: Writable): Promise<void> {
  if (!ask.open) checkKey(connection)
  const response = await send(connection, ask)
  if (response.statusCode === 200) return copy(response, output, connection)
  const { status, text } = await whole(connection, response)
  throw refusal(status, parse(text, connection), connection)
}

async function copy(response: IncomingMessage, output: Writable, connection: Connection): Promise<void> {
  try {
    await pipeline(response, output, { end: false })
  } catch (error) {
    throw unreachable(connection, error as NodeJS.ErrnoException)
  }
}

/** Throws UsageError without a key; says so when it goes over the network in the clear. */
export function checkKey(connection: Connection): void {
  if (connection.key === undefined) {
    throw new UsageError('no API key: use "fairlead login <url>", FAIRLEAD_API_KEY or --key')
  }
  const { url } = connection
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url.protocol === 'https:' || isLocal) return
  process.stderr.write(`fairlead: warning: http: sends the API key to ${url.host} for everyone to read\n`)
}

/** Resolves when the head of the answer is there. */
function send(connection: Connection, ask: Ask): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const { url, ca, key } = connection
  const text = ask.text?.content ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body))
  const headers: Record<string, string> = { accept: 'application/json, */*' }
  if (ask.idempotencyKey !== undefined) headers['idempotency-key'] = ask.idempotencyKey
  if (text !== undefined) headers['content-type'] = ask.text?.type ?? 'application/json'
  if (!ask.open && key !== undefined) headers.authorization = `Bearer ${key}`
  const target = new URL(url.pathname.replace(/\/$/, '') + ask.path, url)
  const options = { method: ask.method, headers, agent: false, timeout: SILENCE_MAX_MS + (ask.extraWaitMs ?? 0) }
  const request = url.protocol === 'https:' ? https.request(target, { ...options, ca }) : http.request(target, options)
  request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
  request.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(connection, error)))
  request.on('response', resolve)
  request.end(text)
  return promise
}

async function whole(connection: Connection, response: IncomingMessage): Promise<{ status: number; text: string }> {
  try {
    return { status: response.statusCode ?? 0, text: await read(response) }
  } catch (error) {
    throw unreachable(connection, error as NodeJS.ErrnoException)
  }
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ANSWER_MAX_BYTES) throw Object.assign(new Error(), { code: 'the answer is too large' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string, connection: Connection): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const where = `${connection.url.origin} (from ${connection.urlFrom})`
    throw new UnreachableError(`what answers at ${where} is not a Fairlead gateway`, { cause: error })
  }
}

function refusal(status: number, body: unknown, connection: Connection): Error {
  const { detail, code } = (body ?? {}) as { detail?: unknown; code?: unknown }
  if (typeof detail !== 'string' || typeof code !== 'string') {
    return new UnreachableError(`${connection.url.origin} answered ${status}, not as a Fairlead gateway does`)
  }
  const whose = status === 401 ? ` The key is from ${connection.keyFrom}.` : ''
  return new RefusedError(`${detail}${whose} (${code})`, body as object)
}

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|LEAF_SIGNATURE/

/** What to tell of a failure of the network or of TLS, with what may help. */
export function unreachable(connection: Connection, error: NodeJS.ErrnoException): UnreachableError {
  const { url, urlFrom, caPath } = connection
  const code = error.code ?? error.message
  const tried = `cannot reach the gateway at ${url.origin} (from ${urlFrom}): ${code}`
  if (UNTRUSTED.test(code)) {
    const trusted = caPath === undefined ? 'the system trusts only public CAs' : `the CA in use is ${caPath}`
    return new UnreachableError(
      `${tried}. Its certificate is not trusted; ${trusted}. Give the right one with --ca or FAIRLEAD_CA; ` +
        'the gateway says at its start where its CA is.',
      { cause: error },
    )
  }
  return new UnreachableError(`${tried}. ${whatMayHelp(connection)}`, { cause: error })
}

function whatMayHelp(connection: Connection): string {
  const run = readRunFile()
  if (run?.path === connection.urlFrom && run.pid !== undefined && !isRunning(run.pid)) {
    return `The gateway that wrote that file (process ${run.pid}) has ended; start it with "npm start".`
  }
  return 'Is it running ("npm start"), and is the address right?'
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0) // sends nothing, only looks
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
