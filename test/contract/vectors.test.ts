import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { encodeBinary, parseBinary } from '../../protocol/binary.ts'
import { CLOSE, comeBackAfter } from '../../protocol/close-codes.ts'
import { parseCommandRequest } from '../../protocol/command-request.ts'
import { parseDeviceMessage } from '../../protocol/device-messages.ts'
import { encodeMessage } from '../../protocol/encode.ts'
import { parseGatewayMessage } from '../../protocol/gateway-messages.ts'
import type { DeviceMessage, GatewayMessage } from '../../protocol/messages.ts'
import { isBootId, isName, isSha256 } from '../../protocol/names.ts'
import type { Parsed } from '../../protocol/problem.ts'
import { topicsUnder } from '../../protocol/topics.ts'
import { type ComeBackPlan, type Ending, planComeBack, planStart } from '../../simulator/backoff.ts'
import { canonical, definedClauses } from '../helpers/protocol.ts'

const FOLDER = new URL('../../protocol/vectors/', import.meta.url)
/** Fewer means that a file was lost. */
const CASES_MIN = 490

interface Case {
  readonly name: string
  readonly clause: string
  readonly expect: Readonly<Record<string, unknown>>
  readonly text?: string
  readonly hex?: string
  readonly base?: string
  readonly topic?: string
  readonly parts?: readonly string[]
  readonly code?: number
  readonly status?: number
  readonly ending?: WireEnding
  readonly attempts?: WireAttempts
  readonly other_token?: boolean
}
interface WireAttempts {
  readonly failures: number
  readonly busy: number
  readonly other_token_tried: boolean
}
interface WireEnding {
  readonly kind: string
  readonly status?: number
  readonly code?: number
  readonly reconnect?: boolean
  readonly retry_after_ms?: number
  readonly stable?: boolean
  readonly lost_power?: boolean
}
interface VectorFile {
  readonly kind: string
  readonly about: string
  readonly cases: readonly Case[]
}

/** One kind of vector: what to do with a case. */
const RUN: Readonly<Record<string, (vector: Case) => void>> = {
  'device-text': (vector) => checkText(vector, parseDeviceMessage),
  'gateway-text': (vector) => checkText(vector, parseGatewayMessage),
  'device-binary': checkBinary,
  'command-request': checkCommandRequest,
  names: ({ text, expect: expected }) =>
    expect({ name: isName(text), boot: isBootId(text), sha256: isSha256(text) }).toEqual(expected),
  topics: checkTopic,
  'request-topics': ({ base, text, expect: expected }) =>
    expect(topicsUnder(must(base)).parseCommandRequest(must(text)) ?? { none: true }).toEqual(expected),
  'close-codes': checkCloseCode,
  refusals: checkRefusal,
  reconnect: checkReconnect,
}

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'))
const clauses = definedClauses()

for (const file of files) {
  const vectors: VectorFile = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))
  describe(`vectors of ${file}`, () => {
    const run = RUN[vectors.kind]
    test('are of a known kind, have unique names and cite clauses that exist', () => {
      expect(run, `kind ${vectors.kind}`).toBeDefined()
      expect(vectors.cases.length).toBeGreaterThan(0)
      expect(new Set(vectors.cases.map(({ name }) => name)).size).toBe(vectors.cases.length)
      expect(vectors.cases.map(({ clause }) => clause).filter((clause) => !clauses.includes(clause))).toEqual([])
    })
    test.each(vectors.cases)('$name [$clause]', (vector) => run?.(vector))
  })
}

test('every code that the gateway sends has its vector', () => {
  const { cases }: VectorFile = JSON.parse(readFileSync(new URL('close-codes.json', FOLDER), 'utf8'))
  const named = cases.filter((vector) => 'reason' in vector.expect).map(({ code }) => code)
  expect(named.sort()).toEqual(
    Object.values(CLOSE)
      .map(({ code }) => code)
      .sort(),
  )
})

test(`there are at least ${CASES_MIN} vectors`, () => {
  const counts = files.map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')).cases.length)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(CASES_MIN)
})

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the vector lacks its input')
  return value
}

/** A good frame reads as the message and survives being written and read again; a bad one has its problem. */
function checkText(vector: Case, parse: (text: string) => Parsed<DeviceMessage | GatewayMessage>): void {
  const parsed = parse(must(vector.text))
  if (!parsed.ok) return expectProblem(parsed, vector)
  const written = encodeMessage(parsed.message)
  expect(canonical(JSON.parse(written))).toBe(canonical(vector.expect.message))
  expect(canonical(parse(written))).toBe(canonical(parsed))
}

function checkBinary(vector: Case): void {
  const bytes = Buffer.from(must(vector.hex), 'hex')
  const parsed = parseBinary(bytes)
  if (!parsed.ok) return expectProblem(parsed, vector)
  const { payload, ...rest } = parsed.message
  expect({ ...rest, payload_hex: Buffer.from(payload).toString('hex') }).toEqual(vector.expect.message)
  expect(Buffer.from(encodeBinary(rest.seq, rest.channel, payload)).toString('hex')).toBe(vector.hex)
}

function checkCommandRequest(vector: Case): void {
  const parsed = parseCommandRequest(JSON.parse(must(vector.text)))
  if (!parsed.ok) return expectProblem(parsed, vector)
  const { name, params, ttlS, timeoutS } = parsed.message
  expect(canonical({ name, params, ttl_s: ttlS, timeout_s: timeoutS })).toBe(canonical(vector.expect.message))
}

function expectProblem(parsed: Parsed<unknown> & { ok: false }, vector: Case): void {
  const { ok: _, ...problem } = parsed
  expect(problem).toEqual(vector.expect)
}

function checkTopic({ base, topic, parts, expect: expected }: Case): void {
  const builders = topicsUnder(must(base)) as unknown as Readonly<Record<string, (...parts: string[]) => string>>
  const build = () => must(builders[must(topic)])(...must(parts))
  if (expected.refused === true) expect(build).toThrow(RangeError)
  else expect(build()).toBe(expected.topic)
}

function checkCloseCode({ code, expect: expected }: Case): void {
  expect(comeBackAfter(must(code))).toBe(expected.come_back)
  const sent = Object.values(CLOSE).find((close) => close.code === code)
  expect({
    come_back: sent?.comeBack ?? expected.come_back,
    reason: sent?.reason,
    retry_after_ms: sent?.retryAfterMs,
  }).toEqual(expected)
}

/** The waits are a rule for clients: here they must agree with the table that a newcomer reads [H-4]. */
function checkRefusal({ status, expect: expected }: Case): void {
  const readme = readFileSync(new URL('../../protocol/README.md', import.meta.url), 'utf8')
  const rows = readme
    .split('\n')
    .filter((line) => line.startsWith('|') && line.split('|')[2]?.trim().startsWith(`${status}`))
  const unit = Number(expected.wait_max_s) >= 60 && Number(expected.wait_min_s) >= 60 ? 60 : 1
  const range = `${Number(expected.wait_min_s) / unit}–${Number(expected.wait_max_s) / unit} ${unit === 60 ? 'min' : 's'}`
  expect(rows.length).toBeGreaterThan(0)
  for (const row of rows) {
    expect(row).toContain(range)
    expect(row.includes('doubling')).toBe('doubles_up_to_s' in expected)
    expect(row.includes('other token')).toBe('other_token_first' in expected)
  }
}

/** The simulator comes back exactly as the firmware does: both run these. */
function checkReconnect(vector: Case): void {
  const { delays, ...expected } = vector.expect
  for (const [draw, delayMs] of delays as [number, number][]) {
    const plan = planOf(vector, () => draw / 2 ** 32)
    const { failures, busy, otherTokenTried } = plan.attempts
    expect(plan.delayMs).toBe(delayMs)
    const attempts = { failures, busy, other_token_tried: otherTokenTried }
    expect({ use_other_token: plan.useOtherToken, attempts }).toEqual(expected)
  }
}

function planOf({ ending, attempts, other_token }: Case, random: () => number): ComeBackPlan {
  const wire = must(ending)
  if (wire.kind === 'start') return planStart(must(wire.lost_power), random)
  const { failures, busy, other_token_tried } = must(attempts)
  const before = { failures, busy, otherTokenTried: other_token_tried }
  return planComeBack(endingOf(wire), before, must(other_token), random)
}

function endingOf(wire: WireEnding): Ending {
  const retryAfterMs = wire.retry_after_ms
  const wasStable = wire.stable === true
  switch (wire.kind) {
    case 'refused':
      return { kind: 'refused', status: must(wire.status), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    case 'unreachable':
      return { kind: 'unreachable' }
    case 'closed':
      return { kind: 'closed', code: must(wire.code), wasStable }
    case 'bye': {
      const { code, reconnect } = wire
      return {
        kind: 'bye',
        code: must(code),
        reconnect: must(reconnect),
        retryAfterMs: must(retryAfterMs),
        wasStable,
      }
    }
    case 'dropped':
      return { kind: 'dropped', wasStable }
    default:
      throw new Error(`unknown ending ${wire.kind}`)
  }
}
