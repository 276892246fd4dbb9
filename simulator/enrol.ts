import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { isJsonObject, type JsonObject } from '../protocol/json.ts'
import { readRetryAfter } from './backoff.ts'
import type { FleetMember } from './fleet.ts'

export interface EnrolOptions {
  /** `https://host:port` */
  readonly api: string
  readonly ca?: string | Buffer | undefined
  readonly adminKey: string
  readonly model?: string
  readonly onEnrolled?: (count: number) => void
}

/** The gateway refused; the message is for people. */
export class EnrolError extends Error {
  override readonly name = 'EnrolError'
}

/** Requests at the same time: enough to keep a gateway busy, few enough to leave it room for devices. */
const PARALLEL = 4
const REQUEST_MAX_MS = 30_000
const BODY_MAX_BYTES = 1024 * 1024
/** A gateway that is busy is asked again this often, after its own `Retry-After`. */
const BUSY_TRIES = 10
const BUSY_WAIT_MS = 1_000

/**
 * Makes the devices that do not exist, and a new token for each that does: where the device has its two tokens
 * already, the oldest is revoked first. In the order of `ids`. Throws EnrolError.
 */
export async function enrol(ids: readonly string[], options: EnrolOptions): Promise<FleetMember[]> {
  const agent = options.api.startsWith('https:') ? new Agent({ keepAlive: true, ca: options.ca }) : undefined
  const rest = new Rest(options, agent)
  const members = new Map<string, FleetMember>()
  let next = 0
  const work = async (): Promise<void> => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
      members.set(id, { id, token: await enrolOne(rest, id, options.model ?? 'simulated') })
      options.onEnrolled?.(members.size)
    }
  }
  try {
    await Promise.all(Array.from({ length: PARALLEL }, work))
  } finally {
    next = ids.length // after a failure the other workers stop too
    agent?.destroy()
  }
  return ids.flatMap((id) => members.get(id) ?? [])
}

async function enrolOne(rest: Rest, id: string, model: string): Promise<string> {
  const made = await rest.call('POST', '/api/v1/devices', { id, model, tags: ['simulated'] })
  if (made.status === 201) return tokenOf(made)
  if (made.status !== 409) throw refusal(`adding ${id}`, made)
  const tokens = `/api/v1/devices/${id}/tokens`
  const issued = await rest.call('POST', tokens, {})
  if (issued.status === 201) return tokenOf(issued)
  if (issued.status !== 409 || issued.body.code !== 'too_many_tokens') throw refusal(`a token for ${id}`, issued)
  await revokeOldest(rest, tokens)
  const again = await rest.call('POST', tokens, {})
  if (again.status === 201) return tokenOf(again)
  throw refusal(`a token for ${id}`, again)
}

async function revokeOldest(rest: Rest, tokens: string): Promise<void> {
  const listed = await rest.call('GET', tokens)
  const items = Array.isArray(listed.body.items) ? listed.body.items.filter(isJsonObject) : []
  const [oldest] = items
    .filter((token) => token.revoked_at === undefined || token.revoked_at === null)
    .sort((a, b) => Number(a.created_at) - Number(b.created_at))
  if (listed.status !== 200 || typeof oldest?.id !== 'string') throw refusal('the list of tokens', listed)
  const revoked = await rest.call('DELETE', `${tokens}/${oldest.id}`)
  if (revoked.status !== 204) throw refusal('revoking the oldest token', revoked)
}

interface Answer {
  readonly status: number
  readonly body: JsonObject
  readonly retryAfterMs: number | undefined
}

function tokenOf(answer: Answer): string {
  if (typeof answer.body.token !== 'string') throw new EnrolError('the gateway answered 201 without a token')
  return answer.body.token
}

function refusal(what: string, { status, body }: Answer): EnrolError {
  if (status === 401) return new EnrolError(`${what}: the admin key was refused (401)`)
  const detail = [body.title, body.detail].filter((text) => typeof text === 'string').join(': ')
  return new EnrolError(`${what}: HTTP ${status}${detail === '' ? '' : ` (${detail})`}`)
}

class Rest {
  readonly #options: EnrolOptions
  readonly #agent: Agent | undefined

  constructor(options: EnrolOptions, agent: Agent | undefined) {
    this.#options = options
    this.#agent = agent
  }

  /** Waits and repeats while the gateway is busy (429, 503). */
  async call(method: string, path: string, body?: JsonObject): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      const answer = await this.#once(method, path, body)
      if ((answer.status !== 429 && answer.status !== 503) || tries === BUSY_TRIES) return answer
      await delay(answer.retryAfterMs ?? BUSY_WAIT_MS)
    }
  }

  async #once(method: string, path: string, body: JsonObject | undefined): Promise<Answer> {
    const { api, adminKey } = this.#options
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers: Record<string, string> = { Authorization: `Bearer ${adminKey}`, Accept: 'application/json' }
    if (text !== undefined) headers['Content-Type'] = 'application/json'
    const signal = AbortSignal.timeout(REQUEST_MAX_MS)
    try {
      const response = await send(new URL(path, api), { method, headers, agent: this.#agent, signal }, text)
      const retryAfterMs = readRetryAfter(response.headers['retry-after'])
      return { status: response.statusCode ?? 0, body: await readBody(response), retryAfterMs }
    } catch (error) {
      throw new EnrolError(`${method} ${api}${path}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      })
    }
  }
}

function send(url: URL, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve)
    request.on('error', reject)
    request.end(body)
  })
}

async function readBody(response: IncomingMessage): Promise<JsonObject> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk
    if (text.length > BODY_MAX_BYTES) throw new Error('the answer is too long')
  }
  const type = response.headers['content-type'] ?? ''
  const value: unknown = type.includes('json') && text !== '' ? JSON.parse(text) : {}
  return isJsonObject(value) ? value : {}
}
