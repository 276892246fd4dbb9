import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { SEQ_MAX } from '../../protocol/limits.ts'
import type { DeviceMessage, GatewayMessage } from '../../protocol/messages.ts'
import { BOOT_PATTERN, NAME_PATTERN, SHA256_PATTERN } from '../../protocol/names.ts'

/** Messages of every kind, and texts that are almost messages. */

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

export const deviceMessage: fc.Arbitrary<DeviceMessage> = fc.oneof(
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
export const gatewayMessage: fc.Arbitrary<GatewayMessage> = fc.oneof(
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
export const mutated = fc
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

export const pollution = fc
  .tuple(
    fc.constantFrom(...seeds.filter((frame) => frame.startsWith('{"'))),
    fc.constantFrom(
      '"__proto__":{"polluted":true}',
      '"constructor":{"prototype":{"polluted":true}}',
      '"prototype":{"polluted":true}',
    ),
  )
  .map(([frame, piece]) => frame.replaceAll('{"', `{${piece},"`))
