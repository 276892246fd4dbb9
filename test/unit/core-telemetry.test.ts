import { describe, expect, test } from 'vitest'
import { stamp, toPublication } from '../../gateway/core/telemetry.ts'
import { BUS_PAYLOAD_MAX_BYTES, TELEMETRY_MAX_BYTES } from '../../protocol/limits.ts'
import type { TelemetryPoint } from '../../protocol/messages.ts'
import { topicsUnder } from '../../protocol/topics.ts'

const topics = topicsUnder('fairlead')
const at = { topics, device: 'd1', boot: 'b1', receivedAtMs: 10_000, frameBytes: 100 }

describe('the time of a record [T-4]', () => {
  test('is its ts as it stands', () => expect(stamp({ ts: 5 }, 10_000)).toEqual({ ts: 5 }))
  test('is the time of receipt less its age', () => expect(stamp({ ageMs: 1_500 }, 10_000)).toEqual({ ts: 8_500 }))
  test('is never below 0', () => expect(stamp({ ageMs: 10_001 }, 10_000)).toEqual({ ts: 0 }))
  test('is the time of receipt, and says so, when it is unknown', () =>
    expect(stamp({}, 10_000)).toEqual({ ts: 10_000, time: 'received' }))
})

describe('a message as it goes to the bus', () => {
  test('telemetry is one message with boot and seq [T-5]', () => {
    const points: TelemetryPoint[] = [{ ts: 1, values: { temp: 21.5 } }, { values: { door: 'open', fan: true } }]
    const publication = toPublication({ type: 'telemetry', seq: 18, points }, at)
    expect(publication).toEqual({
      topic: 'fairlead/devices/d1/telemetry',
      payload:
        '{"boot":"b1","seq":18,"points":[{"ts":1,"values":{"temp":21.5}},{"ts":10000,"time":"received","values":{"door":"open","fan":true}}]}',
    })
  })

  test('an event goes to the topic of its name [T-5]', () => {
    const publication = toPublication({ type: 'event', seq: 19, name: 'door-opened', data: null, ageMs: 800 }, at)
    expect(publication).toEqual({
      topic: 'fairlead/devices/d1/event/door-opened',
      payload: '{"boot":"b1","seq":19,"ts":9200,"data":null}',
    })
  })

  test('a binary payload stays as it is, at any size [B-3]', () => {
    const payload = new Uint8Array(60_000)
    const publication = toPublication(
      { type: 'channel', seq: 1, channel: 'cam', payload },
      { ...at, frameBytes: 60_009 },
    )
    expect(publication).toEqual({ topic: 'fairlead/devices/d1/telemetry/cam', payload })
  })

  test('a frame of 14 KiB is taken, one byte more is refused for ever [L-3]', () => {
    const message = { type: 'telemetry' as const, seq: 1, points: [{ ts: 1, values: { a: 1 } }] }
    expect(toPublication(message, { ...at, frameBytes: TELEMETRY_MAX_BYTES })).not.toHaveProperty('refused')
    expect(toPublication(message, { ...at, frameBytes: TELEMETRY_MAX_BYTES + 1 })).toEqual({
      refused: `over ${TELEMETRY_MAX_BYTES} bytes`,
    })
  })

  test('what grows over 16 KiB on the bus is refused, and nothing is cut [L-4] [T-7]', () => {
    const data = Array.from({ length: 1_000 }, () => 1e20) // written as 5 bytes, and as 22 on the bus
    const publication = toPublication({ type: 'event', seq: 1, name: 'e', data, ts: 1 }, { ...at, frameBytes: 5_100 })
    expect(publication).toEqual({ refused: `over ${BUS_PAYLOAD_MAX_BYTES} bytes on the bus` })
  })
})
