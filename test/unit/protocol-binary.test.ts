import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBinary, parseBinary } from '../../protocol/binary.ts'
import { SEQ_MAX } from '../../protocol/limits.ts'
import { isName, NAME_PATTERN } from '../../protocol/names.ts'

const name = fc.stringMatching(new RegExp(NAME_PATTERN))
const seq = fc.integer({ min: 1, max: SEQ_MAX })
const payload = fc.uint8Array({ maxLength: 300 })

describe('binary frames', () => {
  test('carry every payload byte for byte [B-1] [B-3]', () => {
    fc.assert(
      fc.property(seq, name, payload, (number, channel, bytes) => {
        const parsed = parseBinary(encodeBinary(number, channel, bytes))
        expect(parsed).toEqual({ ok: true, message: { type: 'channel', seq: number, channel, payload: bytes } })
      }),
    )
  })

  test('are read from the middle of a larger buffer', () => {
    fc.assert(
      fc.property(payload, seq, name, payload, (before, number, channel, bytes) => {
        const frame = encodeBinary(number, channel, bytes)
        const shared = Buffer.concat([before, frame, before])
        const parsed = parseBinary(shared.subarray(before.length, before.length + frame.length))
        expect(parsed.ok && Buffer.from(parsed.message.payload)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  test('that are arbitrary bytes are refused or well formed, and never throw', () => {
    const bytes = fc.oneof(
      payload,
      payload.map((rest) => Uint8Array.of(1, ...rest)),
      fc.tuple(seq, name, payload, fc.nat(), fc.nat({ max: 255 })).map(([number, channel, data, at, value]) => {
        const frame = encodeBinary(number, channel, data)
        frame[at % frame.length] = value
        return frame
      }),
    )
    fc.assert(
      fc.property(bytes, (frame) => {
        const parsed = parseBinary(frame)
        const place = parsed.ok ? parsed.message.seq : parsed.seq
        if (place !== undefined) expect(place >= 1 && place <= SEQ_MAX).toBe(true)
        if (!parsed.ok) return
        expect(isName(parsed.message.channel)).toBe(true)
        expect(Buffer.from(encodeBinary(parsed.message.seq, parsed.message.channel, parsed.message.payload))).toEqual(
          Buffer.from(frame),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  test('cut at any place are refused, or are the same message with less payload', () => {
    const frame = encodeBinary(20, 'cam', Uint8Array.of(1, 2, 3, 4))
    for (let length = 0; length < frame.length; length++) {
      const parsed = parseBinary(frame.subarray(0, length))
      if (length < frame.length - 4) expect(parsed).toMatchObject({ ok: false, problem: { code: 'truncated' } })
      else expect(parsed).toMatchObject({ ok: true, message: { seq: 20, channel: 'cam' } })
    }
  })

  test.each([
    ['seq 0', 0, 'cam'],
    ['seq 2^32', SEQ_MAX + 1, 'cam'],
    ['seq with a fraction', 1.5, 'cam'],
    ['an empty channel', 1, ''],
    ['a channel of 65 characters', 1, 'a'.repeat(65)],
    ['a channel with a slash', 1, 'a/b'],
  ])('cannot be written with %s', (_what, number, channel) => {
    expect(() => encodeBinary(number, channel, new Uint8Array())).toThrow(RangeError)
  })
})
