import { describe, expect, test } from 'vitest'
import { parseDeviceMessage } from '../../protocol/device-messages.ts'

describe('messages', () => {
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
