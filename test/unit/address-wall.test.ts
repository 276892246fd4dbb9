import { describe, expect, test } from 'vitest'
import { BlockedAddresses } from '../../gateway/adapters/address-wall.ts'

describe('an address or network', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['2001:db8::/032', '2001:db8::/32'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ])('%s is written %s', (text, written) => {
    expect(new BlockedAddresses(() => {}).canonical(text)).toBe(written)
  })

  test.each([
    '',
    'host',
    '203.0.113',
    '203.0.113.7/33',
    '203.0.113.7/0',
    '::/129',
    '::1/x',
    '1.2.3.4/8/8',
    'fe80::1%eth0',
    '/8',
  ])('%j is none', (text) => {
    expect(new BlockedAddresses(() => {}).canonical(text)).toBeUndefined()
  })
})

test('what is kept out is told each time; what is not any more, is let in', () => {
  const told: string[] = []
  const wall = new BlockedAddresses((address) => told.push(address))
  wall.set(['203.0.113.0/24', '2001:db8::1'])
  expect(wall.check('203.0.113.9', 'ipv4')).toBe(true)
  expect(wall.check('::ffff:203.0.113.9', 'ipv6')).toBe(true)
  expect(wall.check('2001:db8::1', 'ipv6')).toBe(true)
  expect(wall.check('2001:db8::2', 'ipv6')).toBe(false)
  expect(wall.check('198.51.100.1', 'ipv4')).toBe(false)
  expect(told).toEqual(['203.0.113.9', '::ffff:203.0.113.9', '2001:db8::1'])
  wall.set([])
  expect(wall.check('203.0.113.9', 'ipv4')).toBe(false)
})
