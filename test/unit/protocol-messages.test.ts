import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCommandRequest } from '../../protocol/command-request.ts'
import { parseDeviceMessage } from '../../protocol/device-messages.ts'
import { encodeMessage } from '../../protocol/encode.ts'
import { parseGatewayMessage } from '../../protocol/gateway-messages.ts'
import { SEQ_MAX } from '../../protocol/limits.ts'
import type { DeviceMessage, GatewayMessage } from '../../protocol/messages.ts'
import { BOOT_PATTERN, NAME_PATTERN, SHA256_PATTERN } from '../../protocol/names.ts'
import { canonical } from '../helpers/protocol.ts'

const name = fc.stringMatching(new RegExp(NAME_PATTERN))
const boot = fc.stringMatching(new RegExp(BOOT_PATTERN))
const sha256 = fc.stringMatching(new RegExp(SHA256_PATTERN))
const seq = fc.integer({ min: 1, max: SEQ_MAX })
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const limit = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const label = fc.string({ unit: 'grapheme-ascii', maxLength: 64 })
const json = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' })
const object = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' }))
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const time = fc.oneof(fc.record({ ts: count }), fc.record({ ageMs: count }), fc.constant({}))
const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), text)
const point = fc
  .tuple(time, fc.dictionary(name, value, { minKeys: 1, maxKeys: 5 }))
  .map(([when, values]) => ({ ...when, values }))
const error = fc.record({ code: name, message: text })

const deviceMessage: fc.Arbitrary<DeviceMessage> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    boot,
    firmware: label,
    model: label,
    capabilities: fc.array(name, { maxLength: 32 }),
    nextWakeS: maybe(fc.integer({ min: 1, max: 86_400 })),
  }),
  fc.record({
    type: fc.constant('telemetry' as const),
    seq,
    boot: maybe(boot),
    points: fc.array(point, { minLength: 1, maxLength: 6 }),
  }),
  fc
    .tuple(fc.record({ type: fc.constant('event' as const), seq, boot: maybe(boot), name, data: json }), time)
    .map(([event, when]) => ({ ...event, ...when })),
  fc.record({ type: fc.constant('accepted' as const), id: name }),
  fc.record({
    type: fc.constant('progress' as const),
    id: name,
    percent: maybe(fc.nat({ max: 100 })),
    text: maybe(text),
  }),
  fc.record({ type: fc.constant('result' as const), id: name, ok: fc.constant(true), data: maybe(json) }),
  fc.record({ type: fc.constant('result' as const), id: name, ok: fc.constant(false), data: maybe(json), error }),
  fc.record({ type: fc.constant('reported' as const), version: count, state: object }),
  fc.record({ type: fc.constant('token_stored' as const), tokenId: name, sha256 }),
  fc.record({ type: fc.constant('log' as const), level: fc.constantFrom('debug', 'info', 'warn', 'error'), text }),
  fc.record({ type: fc.constant('bye' as const), sleepS: maybe(fc.integer({ min: 1, max: 86_400 })) }),
)

const sessionLimits = fc.record({
  frameBytes: limit,
  payloadBytes: limit,
  points: limit,
  windowMessages: limit,
  windowBytes: limit,
  messagesPerS: limit,
  burst: limit,
  pingIntervalMs: limit,
  pongTimeoutMs: limit,
})
const gatewayMessage: fc.Arbitrary<GatewayMessage> = fc.oneof(
  fc.record({
    type: fc.constant('welcome' as const),
    session: limit,
    now: count,
    limits: sessionLimits,
    acked: maybe(fc.nat({ max: 0x7fffffff })),
  }),
  fc.record({ type: fc.constant('ack' as const), seq, boot: maybe(boot) }),
  fc.record({
    type: fc.constant('nack' as const),
    seq,
    boot: maybe(boot),
    code: fc.constantFrom('malformed', 'too_large', 'forbidden'),
    reason: text,
  }),
  fc.record({ type: fc.constant('command' as const), id: name, name, params: object, expiresInMs: count }),
  fc.record({ type: fc.constant('cancel' as const), id: name }),
  fc.record({ type: fc.constant('desired' as const), version: count, state: object }),
  fc.record({ type: fc.constant('token' as const), tokenId: name, token: label }),
  fc.record({
    type: fc.constant('bye' as const),
    code: fc.integer({ min: 1000, max: 4999 }),
    reason: text,
    reconnect: fc.boolean(),
    retryAfterMs: count,
  }),
)

/** All frames of the vectors, good and bad: the seeds of the mutations. */
const seeds = readdirSync(new URL('../../protocol/vectors/', import.meta.url))
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) => JSON.parse(readFileSync(new URL(`../../protocol/vectors/${file}`, import.meta.url), 'utf8')).cases)
  .map((vector: { text?: unknown }) => vector.text)
  .filter((frame): frame is string => typeof frame === 'string')

/** A seed with a piece cut out and another put in: mostly JSON no more, sometimes a message with another fault. */
const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.nat(),
    fc.nat({ max: 6 }),
    fc.oneof(
      fc.constantFrom(
        '',
        '0',
        '-1',
        '1e999',
        'null',
        '"',
        '{}',
        '[]',
        ',',
        ':',
        '\\',
        '\\ud800',
        '"__proto__":{"x":1},',
      ),
      fc.string({ maxLength: 4 }),
    ),
  )
  .map(([frame, where, cut, piece]) => {
    const at = where % (frame.length + 1)
    return frame.slice(0, at) + piece + frame.slice(at + cut)
  })

const pollution = fc
  .tuple(
    fc.constantFrom(...seeds.filter((frame) => frame.startsWith('{"'))),
    fc.constantFrom(
      '"__proto__":{"polluted":true}',
      '"constructor":{"prototype":{"polluted":true}}',
      '"prototype":{"polluted":true}',
    ),
  )
  .map(([frame, piece]) => frame.replaceAll('{"', `{${piece},"`))

const PARSERS = [parseDeviceMessage, parseGatewayMessage] as const

describe('messages', () => {
  test('of a device read back as they were written [M-9]', () => {
    fc.assert(
      fc.property(deviceMessage, (message) => {
        expect(canonical(parseDeviceMessage(encodeMessage(message)))).toBe(canonical({ ok: true, message }))
      }),
      { numRuns: 1_000 },
    )
  })

  test('of the gateway read back as they were written [M-10]', () => {
    fc.assert(
      fc.property(gatewayMessage, (message) => {
        expect(canonical(parseGatewayMessage(encodeMessage(message)))).toBe(canonical({ ok: true, message }))
      }),
      { numRuns: 1_000 },
    )
  })

  test.each(PARSERS)('that are arbitrary text never throw: %o', (parse) => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), mutated, pollution)
    fc.assert(
      fc.property(texts, (frame) => {
        const parsed = parse(frame)
        if (!parsed.ok) expect(parsed.problem.code).toMatch(/^[a-z_]+$/)
      }),
      { numRuns: 3_000 },
    )
  })

  test('never touch Object.prototype, whatever keys they bring [M-4]', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort()
    fc.assert(
      fc.property(pollution, (frame) => {
        for (const parse of PARSERS) {
          const parsed = parse(frame)
          if (parsed.ok) JSON.parse(encodeMessage(parsed.message))
        }
        parseCommandRequest(safeJson(frame))
        expect('polluted' in {}).toBe(false)
      }),
      { numRuns: 1_000 },
    )
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before)
  })

  test('are read from their own fields alone, not from what is inherited [M-4]', () => {
    const pollute = (key: string, item: unknown) =>
      Object.defineProperty(Object.prototype, key, { value: item, configurable: true, enumerable: false })
    try {
      pollute('type', 'bye')
      pollute('sleep_s', 5)
      expect(parseDeviceMessage('{}')).toEqual({ ok: false, problem: { code: 'no_type' } })
      const parsed = parseDeviceMessage('{"type":"bye"}')
      expect(parsed.ok && Object.entries(parsed.message)).toEqual([
        ['type', 'bye'],
        ['sleepS', undefined],
      ])
    } finally {
      Reflect.deleteProperty(Object.prototype, 'type')
      Reflect.deleteProperty(Object.prototype, 'sleep_s')
    }
  })

  test('hold telemetry values without a prototype, since the keys come from the device [M-4]', () => {
    const parsed = parseDeviceMessage('{"type":"telemetry","seq":1,"points":[{"values":{"constructor":1}}]}')
    const [first] = parsed.ok && parsed.message.type === 'telemetry' ? parsed.message.points : []
    expect(first && Object.getPrototypeOf(first.values)).toBeNull()
  })

  test('that are refused name a place only when it is a real one [M-7]', () => {
    fc.assert(
      fc.property(mutated, (frame) => {
        const parsed = parseDeviceMessage(frame)
        if (parsed.ok || parsed.seq === undefined) return
        const source = JSON.parse(frame)
        expect(['telemetry', 'event']).toContain(source.type)
        expect(parsed.seq).toBe(source.seq)
        expect(parsed.boot).toBe(source.boot)
        expect(Number.isInteger(parsed.seq) && parsed.seq >= 1 && parsed.seq <= SEQ_MAX).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  test('as deep as a frame can be are refused quickly and without a stack overflow', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const depth = Math.floor(60_000 / (open.length + close.length))
      const nested = `${open.repeat(depth)}1${close.repeat(depth)}`
      expect(parseDeviceMessage(nested).ok).toBe(false)
      expect(parseDeviceMessage(`{"type":"event","seq":1,"name":"e","data":${nested}}`)).toEqual({
        ok: false,
        problem: { code: 'too_deep', field: 'data' },
        seq: 1,
      })
      expect(parseDeviceMessage(`{"type":"bye","x":${nested}}`).ok).toBe(true)
    }
  })
})

function safeJson(frame: string): unknown {
  try {
    return JSON.parse(frame)
  } catch {
    return undefined
  }
}
