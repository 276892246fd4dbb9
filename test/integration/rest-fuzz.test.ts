import { randomInt } from 'node:crypto'
import https from 'node:https'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MadeRequest, requestOf } from '../helpers/openapi-arbitraries.ts'
import {
  documentOf,
  type Media,
  type OpenapiDocument,
  type Operation,
  type PlainAnswer,
  type Route,
} from '../helpers/openapi-document.ts'
import { shareTestGateway } from '../helpers/start-gateway.ts'

/** Set FUZZ_SEED to see a run again, FUZZ_SECONDS for a longer one. */
const SEED = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31))
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 12)
/** Requests of each route in one round; the rounds go on until the time is over. */
const PER_ROUND = 6
/** Also where a machine is slow: else the run would say nothing. */
const ROUNDS_MIN = 2
const TIMEOUT_MS = SECONDS * 1000 + 120_000
/** In turns, since each may ask 6,000 times a minute: what is refused for its rate is not tried. */
const KEYS = 8
const keys: string[] = []
const DEVICES = ['d0', 'd1', 'd2', 'd3']

const gateway = shareTestGateway({})
let document: OpenapiDocument
beforeAll(async () => {
  for (let n = 0; n < KEYS; n++) {
    keys.push((await gateway().api('POST', 'api-keys', { name: `fuzz-${n}`, role: 'admin' })).body.key)
  }
  document = await documentOf(async () => (await gateway().api('GET', '/api/v1/openapi.json')).body)
})

interface Answer extends PlainAnswer {
  readonly location: string | undefined
}

let sent = 0
const agent = new https.Agent({ keepAlive: true })
afterAll(() => agent.destroy())

/** As it was made: no part of the path is put in order on the way. */
function send(route: Route, made: MadeRequest): Promise<Answer> {
  const filled = route.path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(made.path[name] ?? ''))
  const query = new URLSearchParams(made.query).toString()
  const body = made.body === undefined ? undefined : Buffer.from(made.body.text)
  const content = body === undefined ? {} : { 'content-type': made.body?.type ?? '', 'content-length': body.length }
  const options = {
    ...{ host: '127.0.0.1', port: gateway().port, ca: gateway().ca, agent, method: route.method },
    path: query === '' ? filled : `${filled}?${query}`,
    headers: { authorization: `Bearer ${keys[sent++ % KEYS]}`, ...made.headers, ...content },
  }
  return new Promise((resolve, reject) => {
    const request = https.request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        const { location, 'content-type': contentType = '' } = headers
        resolve({ status, contentType, location, text: Buffer.concat(chunks).toString() })
      })
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      // A body that is refused by its head may still be on its way when the connection is closed.
      if (body !== undefined && (error.code === 'EPIPE' || error.code === 'ECONNRESET')) {
        resolve({ status: 0, contentType: '', location: undefined, text: '' })
      } else reject(error)
    })
    request.end(body)
  })
}

/** Nobody here waits for devices that never come. */
function impatient(request: MadeRequest): MadeRequest {
  const { wait, ...query } = request.query
  return wait === undefined || !/^\d+s$/.test(wait) ? request : { ...request, query: { ...query, wait: '1s' } }
}

/** Of the body and of every answer. */
function mediaOf({ requestBody, responses }: Operation): Media[] {
  const contents = [requestBody?.content, ...Object.values(responses).map((one) => one.content)]
  return contents.flatMap((content) => Object.values(content ?? {}))
}

/** What is wrong with the answer; undefined when it is documented, and as documented. */
function problemOf({ operation }: Route, answer: Answer): string | undefined {
  const { status, text } = answer
  if (status === 0) return undefined
  return status >= 500 ? `${status}: ${text}` : document.problemOfAnswer(operation, answer)
}

describe('the OpenAPI document', () => {
  test('is made of valid JSON Schemas of 2020-12, and every example is as its schema says', () => {
    let examples = 0
    for (const [name, schema] of Object.entries(document.schemas)) {
      expect(document.problemOf({ $ref: `#/components/schemas/${name}` }, undefined), name).toBeDefined()
      for (const example of (schema.examples ?? []) as unknown[]) {
        expect(document.problemOf({ $ref: `#/components/schemas/${name}` }, example), name).toBeUndefined()
        examples += 1
      }
    }
    for (const { operation } of document.routes) {
      for (const { schema, example } of mediaOf(operation)) {
        if (example === undefined) continue
        expect(document.problemOf(schema, example), operation.operationId).toBeUndefined()
        examples += 1
      }
    }
    expect(examples).toBeGreaterThan(10)
  })

  test('names every parameter of a path, once, and no other; every body and answer has a schema', () => {
    for (const { method, path, operation } of document.routes) {
      const inPath = (operation.parameters ?? []).filter((one) => one.in === 'path')
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(inPath.map(({ name }) => name).sort(), `${method} ${path}`).toEqual(named.sort())
      expect(inPath.every(({ required }) => required === true)).toBe(true)
      for (const { schema } of operation.parameters ?? []) expect(() => document.problemOf(schema, 0)).not.toThrow()
      for (const media of mediaOf(operation)) expect(() => document.problemOf(media.schema, 0)).not.toThrow()
    }
    const ids = document.routes.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('every operation, with good and bad input', () => {
  /** Ids of what was made, newest last, by the name of the parameter that takes them. */
  const made = new Map<string, string[]>([['id', DEVICES]])
  const PARAMETERS: readonly [RegExp, string][] = [
    [/\/tokens\/([^/]+)$/, 'tid'],
    [/\/commands\/([^/]+)$/, 'cid'],
    [/\/command-batches\/([^/]+)$/, 'bid'],
    [/\/bans\/([^/]+)$/, 'ban'],
  ]
  const remember = (location: string | undefined) => {
    for (const [pattern, parameter] of PARAMETERS) {
      const id = pattern.exec(location ?? '')?.[1]
      if (id !== undefined) made.set(parameter, [...(made.get(parameter) ?? []), id].slice(-8))
    }
  }
  /** Devices that were deleted are there again. */
  const restock = () => Promise.all(DEVICES.map((id) => gateway().api('POST', 'devices', { id, tags: ['north'] })))

  test(
    'no 5xx, no status, no code and no body that is not documented',
    async () => {
      const endMs = performance.now() + SECONDS * 1000
      const statuses = new Map<number, number>()
      let requests = 0
      for (let round = 0; round < ROUNDS_MIN || performance.now() < endMs; round++) {
        await restock()
        for (const route of document.routes) {
          const arbitrary = requestOf(document, route, (parameter) => made.get(parameter) ?? [])
          for (const request of fc.sample(arbitrary, { seed: SEED + round, numRuns: PER_ROUND })) {
            if (performance.now() > endMs && round >= ROUNDS_MIN) break
            const answer = await send(route, impatient(request))
            const problem = problemOf(route, answer)
            if (problem !== undefined) {
              const what = JSON.stringify({ operation: route.operation.operationId, ...request })
              expect.fail(`FUZZ_SEED=${SEED} ${what}\n${problem.slice(0, 2_000)}`)
            }
            remember(answer.location)
            requests += 1
            statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          }
        }
      }
      const shown = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`)
      console.info(
        `FUZZ_SEED=${SEED}: ${requests} requests to ${document.routes.length} operations; ${shown.join(', ')}`,
      )
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 404]))
      const errors = gateway().logLines.filter((line) => line.includes('request failed'))
      expect(errors).toEqual([])
    },
    TIMEOUT_MS,
  )
})
