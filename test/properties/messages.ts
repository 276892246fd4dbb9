import { deepEqual, equal, match, ok } from 'node:assert/strict'
import fc from 'fast-check'
import { encodeBinary, parseBinary } from '../../protocol/binary.ts'
import { parseCommandRequest } from '../../protocol/command-request.ts'
import { parseDeviceMessage } from '../../protocol/device-messages.ts'
import { encodeMessage } from '../../protocol/encode.ts'
import { parseGatewayMessage } from '../../protocol/gateway-messages.ts'
import { SEQ_MAX } from '../../protocol/limits.ts'
import { NAME_PATTERN } from '../../protocol/names.ts'
import { canonical } from '../helpers/protocol.ts'
import { deviceMessage, gatewayMessage, mutated, pollution } from './arbitrary-messages.ts'
import { type Property, property } from './property.ts'

const PARSERS = [parseDeviceMessage, parseGatewayMessage] as const
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), mutated, pollution)

function safeJson(frame: string): unknown {
  try {
    return JSON.parse(frame)
  } catch {
    return undefined
  }
}

export const messageProperties: readonly Property[] = [
  property(
    'a message of a device reads back as it was written [M-9]',
    fc.property(deviceMessage, (message) => {
      equal(canonical(parseDeviceMessage(encodeMessage(message))), canonical({ ok: true, message }))
    }),
  ),
  property(
    'a message of the gateway reads back as it was written [M-10]',
    fc.property(gatewayMessage, (message) => {
      equal(canonical(parseGatewayMessage(encodeMessage(message))), canonical({ ok: true, message }))
    }),
  ),
  property(
    'no text makes a parser throw, and each refusal has a code [M-6]',
    fc.property(anyText, (frame) => {
      for (const parse of PARSERS) {
        const parsed = parse(frame)
        if (!parsed.ok) match(parsed.problem.code, /^[a-z_]+$/)
      }
    }),
  ),
  property(
    'no key of a message touches Object.prototype [M-4]',
    fc.property(pollution, (frame) => {
      const before = Object.getOwnPropertyNames(Object.prototype).length
      for (const parse of PARSERS) {
        const parsed = parse(frame)
        if (parsed.ok) JSON.parse(encodeMessage(parsed.message))
      }
      parseCommandRequest(safeJson(frame))
      ok(!('polluted' in {}))
      equal(Object.getOwnPropertyNames(Object.prototype).length, before)
    }),
  ),
  property(
    'a refused message names a place only when it is a real one [M-7]',
    fc.property(mutated, (frame) => {
      const parsed = parseDeviceMessage(frame)
      if (parsed.ok || parsed.seq === undefined) return
      const source = JSON.parse(frame)
      ok(['telemetry', 'event'].includes(source.type))
      deepEqual([parsed.seq, parsed.boot], [source.seq, source.boot])
      ok(Number.isInteger(parsed.seq) && parsed.seq >= 1 && parsed.seq <= SEQ_MAX)
    }),
  ),
  property(
    'a binary frame reads back as it was written, whatever it carries [B-1]',
    fc.property(
      fc.integer({ min: 1, max: SEQ_MAX }),
      fc.stringMatching(new RegExp(NAME_PATTERN)),
      fc.uint8Array({ maxLength: 300 }),
      (seq, channel, payload) => {
        const parsed = parseBinary(encodeBinary(seq, channel, payload))
        ok(parsed.ok)
        deepEqual([parsed.message.seq, parsed.message.channel], [seq, channel])
        ok(Buffer.from(payload).equals(parsed.message.payload))
      },
    ),
  ),
]
