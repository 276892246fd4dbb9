import { describe, expect, test } from 'vitest'
import { ClientAddresses } from '../../gateway/adapters/client-address.ts'
import { countedAs, plainAddress } from '../../gateway/core/address.ts'

describe('an address', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['::ffff:a00:1', '10.0.0.1'],
    ['::1', '::1'],
    ['2001:db8::ffff:1', '2001:db8::ffff:1'],
    ['unknown', 'unknown'],
    ['', ''],
  ])('%j is written %j', (seen, written) => {
    expect(plainAddress(seen)).toBe(written)
  })

  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%j counts as %j', (seen, counted) => {
    expect(countedAs(seen)).toBe(counted)
  })

  test('is the same whether a proxy or the socket says it, and a proxy is known in both forms', () => {
    const addresses = new ClientAddresses([{ address: '10.0.0.0', prefix: 8, family: 'ipv4' }])
    const request = (remoteAddress: string, forwarded?: string) =>
      ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as never
    expect(addresses.of(request('::ffff:203.0.113.7'))).toBe('203.0.113.7')
    expect(addresses.of(request('::ffff:10.0.0.1', '::ffff:203.0.113.7'))).toBe('203.0.113.7')
    expect(addresses.of(request('::ffff:10.0.0.1'))).toBe('10.0.0.1')
  })
})
