import { describe, expect, test } from 'vitest'
import { isLoopback, mayClientPublish } from '../../gateway/core/bus-access.ts'

describe('what a client of the embedded broker may publish [U-10]', () => {
  test.each([
    'fairlead/devices/d1/command/request/c1',
    'other/topic',
    'fairleadx/devices/d1/telemetry',
    'homeassistant/status',
  ])('%s', (topic) => expect(mayClientPublish('fairlead', topic)).toBe(true))

  test.each([
    'fairlead',
    'fairlead/',
    'fairlead/devices/d1/telemetry',
    'fairlead/devices/d1/availability',
    'fairlead/devices/d1/command/status/c1',
    'fairlead/devices/d1/command/response/c1',
    'fairlead/devices/d1/command/request',
    'fairlead/devices/d1/command/request/c1/more',
    'fairlead/nodes/node-1/state',
    '$SYS/broker',
  ])('but not %s', (topic) => expect(mayClientPublish('fairlead', topic)).toBe(false))

  test('also below a base of several levels', () => {
    expect(mayClientPublish('site/a', 'site/a/devices/d1/command/request/c1')).toBe(true)
    expect(mayClientPublish('site/a', 'site/a/devices/d1/state')).toBe(false)
    expect(mayClientPublish('site/a', 'site/b')).toBe(true)
  })
})

describe('an address that only this machine reaches', () => {
  test.each(['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1', 'localhost'])('%s', (address) =>
    expect(isLoopback(address)).toBe(true),
  )
  test.each(['0.0.0.0', '::', '192.168.0.1', '1127.0.0.1', '127.0.0.1.example.org', ''])('but not %j', (address) =>
    expect(isLoopback(address)).toBe(false),
  )
})
