import { describe, expect, test } from 'vitest'
import { BlockedAddresses } from '../../gateway/adapters/address-wall.ts'

describe('an address or network', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['2001:db8::/032', '2001:db8::/32'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
  ])('%s is written %s', (text, written) => {
    expect(new BlockedAddresses().canonical(text)).toBe(written)
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
    '::ffff:10.0.0.0/104',
  ])('%j is none', (text) => {
    expect(new BlockedAddresses().canonical(text)).toBeUndefined()
  })
})

test('what is kept out is blocked, in each of its forms; what is not any more, is not', () => {
  const wall = new BlockedAddresses()
  wall.set(['203.0.113.0/24', '2001:db8::1'])
  expect(['203.0.113.9', '::ffff:203.0.113.9', '2001:db8::1'].every((address) => wall.blocks(address))).toBe(true)
  expect(['2001:db8::2', '198.51.100.1', '', 'x'].some((address) => wall.blocks(address))).toBe(false)
  wall.set([])
  expect(wall.blocks('203.0.113.9')).toBe(false)
})
